"""What a carrier reports may come twice, late, in any order: the state at the end is the same."""

from functools import reduce
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain.notification import FAILED, FINAL, Delivery, merge

deliveries = st.sampled_from(Delivery)


@given(deliveries, deliveries)
def test_the_order_of_two_reports_does_not_matter(one: Delivery, other: Delivery) -> None:
    assert merge(one, other) is merge(other, one)


@given(deliveries, deliveries, deliveries)
def test_how_reports_are_grouped_does_not_matter(a: Delivery, b: Delivery, c: Delivery) -> None:
    assert merge(merge(a, b), c) is merge(a, merge(b, c))


@given(deliveries)
def test_a_report_twice_is_a_report_once(one: Delivery) -> None:
    assert merge(one, one) is one


def test_every_order_of_a_whole_story_ends_alike() -> None:
    story = [Delivery.ACCEPTED, Delivery.SENT, Delivery.UNDELIVERED, Delivery.DELIVERED]
    ends = {reduce(merge, order, Delivery.SUBMITTING) for order in permutations(story)}
    assert ends == {Delivery.DELIVERED}


def test_what_arrived_is_never_called_lost() -> None:
    for failed in FAILED:
        assert merge(Delivery.DELIVERED, failed) is Delivery.DELIVERED


def test_an_unclear_send_is_cleared_up_by_any_word_of_the_carrier() -> None:
    for said in (Delivery.ACCEPTED, Delivery.SENT, *FINAL):
        assert merge(Delivery.UNKNOWN, said) is said

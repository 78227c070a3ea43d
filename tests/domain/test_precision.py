"""Precision: a share with its honest range, and what is not known left out of it."""

from collections import Counter
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain.lesson import Verdict
from meterwatch.domain.precision import Tally, wilson


def test_what_nobody_has_said_is_counted_and_not_judged() -> None:
    tally = Tally(Counter({Verdict.UNKNOWN: 7}))
    assert (tally.alerts, tally.answered, tally.precision, tally.interval) == (7, 0, None, None)


def test_away_and_devices_are_not_right() -> None:
    tally = Tally(Counter(dict.fromkeys(Verdict, 1)))
    assert (tally.answered, tally.precision) == (4, 0.25)


@given(st.integers(0, 400), st.integers(1, 400))
def test_the_share_lies_within_its_range_and_the_range_within_one(hits: int, more: int) -> None:
    low, high = wilson(hits, hits + more)
    assert 0.0 <= low <= hits / (hits + more) <= high <= 1.0


@given(st.integers(1, 60))
def test_ten_times_as_many_alerts_make_the_range_narrower(hits: int) -> None:
    few, many = wilson(hits, 2 * hits), wilson(10 * hits, 20 * hits)
    assert few[0] < many[0] < many[1] < few[1]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_the_range_holds_the_truth_about_nine_times_in_ten(share: float) -> None:
    trials = 40
    covered = sum(
        comb(trials, hits) * share**hits * (1 - share) ** (trials - hits)
        for hits in range(trials + 1)
        if wilson(hits, trials)[0] <= share <= wilson(hits, trials)[1]
    )
    assert 0.85 < covered < 0.97

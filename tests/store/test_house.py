"""Marks, beats, refused payloads, the inbox of the fake phones; replies and visits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from meterwatch.domain.fact import Refusal, Refused
from meterwatch.domain.notification import Reply
from meterwatch.domain.visit import Mode, Need, Outcome, Seen, Visit
from meterwatch.store import Store
from meterwatch.store.house import KEPT_PER_REASON, RefusedPayload
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import house
from tests.parts.street import Street, build_street
from tests.store.rows import NOW, all_of, keep_alert, refused_by_the_database


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


# The house


def test_a_mark_is_where_it_was_put_last(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.house.mark("swept") is None
        assert tx.house.moment("swept") is None
        tx.house.set_mark("swept", 5)
        tx.house.set_mark("swept", int(NOW.timestamp()))
        assert tx.house.moment("swept") == NOW


def test_a_revision_grows_with_every_edit(store: Store) -> None:
    for expected in (1, 2, 3):
        with store.transaction() as tx:
            tx.house.bump("homes_revision")
        with store.transaction(read_only=True) as tx:
            assert tx.house.mark("homes_revision") == expected


def test_a_mark_lies_beyond_the_year_2038(store: Store) -> None:
    with store.transaction() as tx:
        tx.house.set_mark("swept", 2**40)
        assert tx.house.mark("swept") == 2**40


def test_a_beat_keeps_when_it_began_and_when_it_was_last(store: Store) -> None:
    later = NOW + timedelta(seconds=5)
    with store.transaction() as tx:
        tx.house.beat("meters", "sweep", NOW)
        tx.house.beat("meters", "sweep", later, "database is locked")
    (row,) = all_of(store, house.beats)
    assert (row["started_at"], row["last_at"]) == (NOW, later)
    assert row["failure"] == "database is locked"


def refused(number: int, reason: Refusal = Refusal.BROKEN) -> RefusedPayload:
    return RefusedPayload(
        Refused(reason, f"no {number}"), "native", "a/b", b"\x00\xff" * 3_000, NOW
    )


def test_refused_payloads_are_counted_and_the_last_thousand_of_a_reason_kept(store: Store) -> None:
    with store.transaction() as tx:
        tx.house.refuse([refused(n) for n in range(KEPT_PER_REASON + 20)])
        tx.house.refuse([refused(1, Refusal.CLOCK)])
        tx.house.refuse([refused(n) for n in range(5)])
    rows = all_of(store, house.refused)
    broken = [row["detail"] for row in rows if row["reason"] == "broken"]
    assert len(broken) == KEPT_PER_REASON
    assert broken[-1] == "no 4"
    assert broken[0] == "no 25"
    assert len(rows) == KEPT_PER_REASON + 1
    counts = {row["reason"]: row["count"] for row in all_of(store, house.refused_counts)}
    assert counts == {"broken": KEPT_PER_REASON + 25, "clock": 1}


def test_of_a_refused_payload_enough_is_kept_to_see_what_it_was(store: Store) -> None:
    with store.transaction() as tx:
        tx.house.refuse([replace(refused(1), topic="t" * 9_000 + "\x00")])
    (row,) = all_of(store, house.refused)
    assert row["payload"] == (b"\x00\xff" * 3_000)[:2_048]
    assert row["topic"] == "t" * 500


AWKWARD = ["nul \x00 in it", "half a pair \ud800 in it"]


@pytest.mark.parametrize("awkward", AWKWARD)
def test_a_text_that_no_database_takes_is_refused_without_a_fall(
    store: Store, awkward: str
) -> None:
    payload = RefusedPayload(Refused(Refusal.SHAPE, awkward), "native", awkward, b"", NOW)
    with store.transaction() as tx:
        tx.house.refuse([payload])
    assert len(all_of(store, house.refused)) == 1


def test_a_text_in_the_fake_phone_is_found_by_its_code(store: Store) -> None:
    with store.transaction() as tx:
        number = tx.house.put_in_inbox("ABC234", "+861390000000", "hello", "alert", NOW)
        assert tx.house.find_in_inbox("ABC234") == number
        assert tx.house.find_in_inbox("XYZ234") is None


# Replies


def reply(ref: str = "IN1", text: str = "1") -> Reply:
    return Reply(ref, "+861390000000", text, NOW)


def test_a_message_of_the_carrier_is_kept_once(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.replies.keep(reply())
        assert not tx.replies.keep(reply(text="something else"))
        assert tx.replies.keep(reply("IN2"))
    with store.transaction() as tx:
        assert not tx.replies.keep(reply())
    assert [row["text"] for row in all_of(store, t.replies)] == ["1", "1"]


def test_a_message_is_kept_as_it_was_written(store: Store) -> None:
    awkward = "平安 👵 'quoted' \"twice\" % \\ \n second line"
    with store.transaction() as tx:
        tx.replies.keep(reply(text=awkward))
    assert all_of(store, t.replies)[0]["text"] == awkward


@pytest.mark.parametrize("awkward", AWKWARD)
def test_a_message_with_what_no_database_takes_is_kept_all_the_same(
    store: Store, awkward: str
) -> None:
    with store.transaction() as tx:
        assert tx.replies.keep(reply(text=awkward))
    assert all_of(store, t.replies)[0]["text"].endswith(" in it")


def test_the_question_how_stands_for_a_while_and_until_something_else_is_said(
    store: Store, street: Street
) -> None:
    hours = timedelta(hours=2)
    with store.transaction() as tx:
        tx.replies.keep(reply())
        tx.replies.settle("IN1", street.guardian, "safe", None, "asked_how:7")
        assert tx.replies.asked_how([street.guardian], NOW, hours) == 7
        assert tx.replies.asked_how([street.community], NOW, hours) is None
        assert tx.replies.asked_how([street.guardian], NOW + 2 * hours, hours) is None
        tx.replies.keep(reply("IN2"))
        tx.replies.settle("IN2", street.guardian, "going", None, "going")
        assert tx.replies.asked_how([street.guardian], NOW, hours) is None


def test_unclear_messages_are_counted_by_contact_and_day(store: Store, street: Street) -> None:
    with store.transaction() as tx:
        for number in range(3):
            tx.replies.keep(reply(f"IN{number}"))
            tx.replies.settle(f"IN{number}", street.guardian, "unclear", None, "unclear")
        day = timedelta(days=1)
        assert tx.replies.answered_lately(street.guardian, NOW, day) == 3
        assert tx.replies.answered_lately(street.guardian, NOW + 2 * day, day) == 0
        assert tx.replies.answered_lately(street.community, NOW, day) == 0


# Visits


def visit(home: int, note: str = "") -> Visit:
    return Visit(
        home,
        "contact:1",
        "guardian",
        Mode.HOME,
        Outcome.FALL,
        Seen.UNWELL,
        NOW,
        dispatched_at=NOW - timedelta(minutes=9),
        saw_person_at=NOW,
        needs=(Need.HEALTH, Need.COMPANY),
        note=note,
    )


def test_a_line_of_the_ledger_comes_back_as_it_was_written(store: Store, street: Street) -> None:
    alert = keep_alert(store, home=street.home.id)
    written = visit(street.home.id, "她摔倒了")
    with store.transaction() as tx:
        number = tx.visits.add(written, [alert.id])
    with store.transaction() as tx:
        assert tx.visits.get(number) == written
        assert tx.visits.alerts_of(number) == (alert.id,)
        assert tx.visits.get(999) is None


def test_a_correction_is_a_new_line_and_the_old_one_stays_as_it_was(
    store: Store, street: Street
) -> None:
    alert = keep_alert(store, home=street.home.id)
    first = visit(street.home.id)
    with store.transaction() as tx:
        old = tx.visits.add(first, [alert.id])
        new = tx.visits.correct(old, replace(first, outcome=Outcome.ILLNESS))
    with store.transaction() as tx:
        assert tx.visits.get(old) == first
        assert tx.visits.get(new) == replace(first, outcome=Outcome.ILLNESS, corrects=old)
        assert tx.visits.alerts_of(new) == (alert.id,)


def test_the_ledger_offers_no_way_to_change_or_remove_a_line(store: Store) -> None:
    with store.transaction() as tx:
        offered = {name for name in dir(tx.visits) if not name.startswith("_")}
    assert offered == {"add", "alerts_of", "answered", "correct", "get"}


def test_a_visit_to_a_home_that_is_not_there_is_refused(store: Store) -> None:
    with refused_by_the_database(store) as tx:
        tx.visits.add(visit(999), [])

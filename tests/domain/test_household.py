"""Absences end by themselves; what is logged by accident carries no names."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain.household import Absence, Contact, Household, Resident
from meterwatch.domain.notification import Reply
from meterwatch.domain.visit import UNREACHED, Mode, Outcome, Seen, Visit

SINCE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=3)


def test_an_absence_covers_from_its_beginning_up_to_its_end() -> None:
    absence = Absence(1, SINCE, UNTIL, "family")
    assert absence.covers(SINCE)
    assert absence.covers(UNTIL - timedelta(seconds=1))
    assert not absence.covers(UNTIL)
    assert not absence.covers(SINCE - timedelta(seconds=1))


def test_an_absence_that_was_ended_covers_nothing_after_that() -> None:
    ended = Absence(1, SINCE, UNTIL, "family", ended_at=SINCE + timedelta(hours=5))
    assert ended.covers(SINCE + timedelta(hours=4))
    assert not ended.covers(SINCE + timedelta(hours=5))


@given(st.timedeltas(timedelta(0), timedelta(days=9)))
def test_ending_an_absence_never_makes_it_longer(later: timedelta) -> None:
    ended = Absence(1, SINCE, UNTIL, "family", ended_at=SINCE + later)
    assert not ended.covers(UNTIL)


def test_names_numbers_and_texts_do_not_show_where_something_is_printed() -> None:
    secrets = ("Wang Lan", "+8613800000000", "Lane 4 no 2", "she fell")
    name, phone, label, note = secrets
    printed = [
        Household(1, 1, "H1", label),
        Resident(1, 1, name, 1940),
        Contact(1, name, phone),
        Reply("ref", phone, note, SINCE),
        Visit(1, "user:1", "", Mode.HOME, Outcome.FALL, Seen.UNWELL, SINCE, note=note),
    ]
    for one in printed:
        assert not any(secret in repr(one) for secret in secrets)


def test_only_nobody_opened_and_unknown_did_not_reach_the_person() -> None:
    assert {Outcome.NO_ACCESS, Outcome.UNKNOWN} == UNREACHED
    for outcome in Outcome:
        visit = Visit(1, "user:1", "", Mode.HOME, outcome, Seen.WELL, SINCE)
        assert visit.reached == (outcome not in UNREACHED)

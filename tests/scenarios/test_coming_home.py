"""Good mornings, a stay in hospital, and an empty flat: what people hear, day after day."""

from datetime import UTC, datetime, timedelta

import pytest

from meterwatch.domain.alert import State
from meterwatch.domain.visit import Outcome, Seen
from meterwatch.store import Store
from meterwatch.store.tables import people
from tests.scenarios.town import Tap, Town, daily_life

DAY = datetime(2026, 3, 4, tzinfo=UTC)
NEVER = DAY + timedelta(days=99)


def clock(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute) + timedelta(days=day)


def nobody_home(start: datetime, end: datetime) -> Tap:
    """Daily life, and shut taps for a while."""
    lives = daily_life(until=NEVER)
    return lambda minute: 0.0 if start <= minute < end else lives(minute)


@pytest.fixture
def town(sqlite_store: Store) -> Town:
    """A home whose taps are seldom shut for long; its guardian wants a word each day."""
    alive = Town(sqlite_store, clock(6), daily_life(until=NEVER))
    alive.usual_silence(hours=10)
    with sqlite_store.transaction() as tx:
        tx.digests.want(alive.street.home.id, alive.street.guardian, "user:1", alive.now)
    return alive


def heard(town: Town, contact: int) -> list[tuple[datetime, str]]:
    return [(text.at, text.template) for text in town.phone(contact)]


def test_she_is_taken_to_hospital_and_comes_home(town: Town) -> None:
    street = town.street
    town.tap = nobody_home(clock(9), clock(14, day=1))

    # The day begins with a good morning. Then she is taken away, and nobody knows of it.
    town.run_until(clock(18, 59))
    assert heard(town, street.guardian) == [(clock(7), "first_use.zh")]
    town.run_until(clock(19))
    for contact in (street.guardian, street.community):
        assert heard(town, contact)[-1] == (clock(19), "alert.no_use.first.zh")

    # The community contact asks around, and says what was found.
    town.run_until(clock(19, 10))
    town.visit(f"contact:{street.community}", Outcome.AWAY_HOSPITAL, Seen.NOT_HOME)
    assert town.alerts()[0].state is State.CLOSED
    before = {contact: heard(town, contact) for contact in street.everybody}

    # A morning without water is no good morning, and no worry: it is known where she is.
    town.run_until(clock(14, 59, day=1))
    assert {contact: heard(town, contact) for contact in street.everybody} == before

    # She comes home in the afternoon. Who had been told hears it, and the guardian's daily word
    # is said as on any other day.
    town.run_until(clock(15, 5, day=1))
    home = (clock(15, day=1), "coming_back.left.zh")
    news = {c: heard(town, c)[len(before[c]) :] for c in street.everybody}
    assert news.pop(street.community) == [home]
    assert sorted(news.pop(street.guardian)) == [home, (clock(15, day=1), "first_use.zh")]
    assert {len(listed) for listed in news.values()} == {0}
    assert "came_back" in [what for _, what, _ in town.timeline()]

    # And then it is quiet.
    town.run_until(clock(20, day=1))
    assert heard(town, street.community)[-1] == home


def test_an_empty_flat_is_quiet_until_somebody_moves_in(town: Town) -> None:
    street = town.street
    town.tap = nobody_home(clock(9), clock(10, day=2))
    town.run_until(clock(19, 5))
    town.visit(f"contact:{street.community}", Outcome.MOVED, Seen.NOT_HOME)
    after = {contact: len(town.phone(contact)) for contact in street.everybody}
    assert town.phone(street.district_duty)[-1].template == "absence.vacant.zh"

    # A day later nobody is asked to look again, and no good morning is sent.
    town.run_until(clock(10, 59, day=2))
    assert {c: len(town.phone(c)) for c in street.everybody} == after
    assert len(town.alerts()) == 1

    # The first water of those who move in ends it, and everybody hears of that.
    town.run_until(clock(11, 5, day=2))
    for contact in street.everybody:
        assert heard(town, contact)[after[contact]][1] == "coming_back.vacant.zh"
    (absence,) = town.rows(people.absences)
    assert (absence["ended_by"], absence["ended_at"]) == ("first_use", clock(11, day=2))

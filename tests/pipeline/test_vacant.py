"""Empty homes: found by a dry month after a visit that met nobody, and said once a month."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from meterwatch.domain.digest import DailyRule
from meterwatch.domain.household import Absence, Grade, Role
from meterwatch.domain.visit import Outcome, Seen
from meterwatch.pipeline.respond.absences import vacate_in
from meterwatch.pipeline.vacant import look_for_vacant, tell_vacant
from meterwatch.store import Store
from tests.parts.street import Street, add_contact, add_home, build_street, link_area
from tests.pipeline.acting import Carrier, outbox, post, told
from tests.pipeline.test_lessons import raised, visited

NOW = datetime(2026, 4, 15, 3, 10, tzinfo=UTC)
NOON = NOW.replace(hour=12)
DAY = timedelta(days=1)


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def left(store: Store, home: int, outcome: Outcome, days_ago: float = 31) -> None:
    """Let a worry be answered by what a visitor found."""
    raised(store, home, NOW - days_ago * DAY)
    visited(store, home, NOW - days_ago * DAY + timedelta(hours=16), outcome, Seen.NOT_HOME)


def dry(store: Store, home: int, days: int = 30, known: float = 1.0, litres: float = 0.0) -> None:
    """Let so many days before today be known without use, with some litres on the last of them."""
    hours = np.arange(24) < 24 * known
    for ago in range(1, days + 1):
        drawn = np.full(24, litres / 24 if ago == 1 else 0.0)
        day = (NOW - ago * DAY).date()
        store.telemetry.put_rollups(day, [(home, drawn, hours)])


def vacant(store: Store) -> set[int]:
    with store.transaction(read_only=True) as tx:
        return {*tx.homes.vacant(NOW)}


def look(store: Store, now: datetime = NOW) -> int:
    return look_for_vacant(store, UTC, 3.0, now)


@pytest.mark.parametrize("outcome", [Outcome.AWAY_FAMILY, Outcome.AWAY_HOSPITAL, Outcome.DECEASED])
def test_a_dry_month_after_a_visit_that_met_nobody_makes_a_home_empty(
    store: Store, street: Street, outcome: Outcome
) -> None:
    left(store, street.home.id, outcome)
    dry(store, street.home.id)
    assert look(store) == 1
    assert vacant(store) == {street.home.id}
    assert look(store, NOW + timedelta(hours=1)) == 0


def test_it_is_looked_for_once_a_day(store: Store, street: Street) -> None:
    assert look(store) == 0
    left(store, street.home.id, Outcome.AWAY_FAMILY)
    dry(store, street.home.id)
    assert look(store, NOW + timedelta(hours=20)) == 0
    assert look(store, NOW + timedelta(hours=21)) == 1


def test_a_home_of_which_nobody_said_anything_is_never_empty_by_itself(
    store: Store, street: Street
) -> None:
    dry(store, street.home.id)
    assert look(store) == 0


def test_the_last_word_counts(store: Store, street: Street) -> None:
    left(store, street.home.id, Outcome.AWAY_FAMILY, days_ago=40)
    left(store, street.home.id, Outcome.SAFE, days_ago=35)
    dry(store, street.home.id)
    assert look(store) == 0


@pytest.mark.parametrize(
    ("days", "known", "litres"), [(20, 1.0, 0.0), (30, 0.7, 0.0), (30, 1.0, 96.0)]
)
def test_what_is_not_known_for_a_month_or_not_dry_is_not_empty(
    store: Store, street: Street, days: int, known: float, litres: float
) -> None:
    left(store, street.home.id, Outcome.AWAY_FAMILY)
    dry(store, street.home.id, days, known, litres)
    assert look(store) == 0


def test_of_a_red_home_only_people_say_that_it_is_empty(store: Store) -> None:
    street = build_street(store, Grade.RED)
    left(store, street.home.id, Outcome.AWAY_FAMILY)
    dry(store, street.home.id)
    assert look(store) == 0


def test_a_home_that_is_declared_away_stays_what_was_said(store: Store, street: Street) -> None:
    left(store, street.home.id, Outcome.AWAY_FAMILY)
    dry(store, street.home.id)
    with store.transaction() as tx:
        away = Absence(street.home.id, NOW - DAY, NOW + DAY, "family")
        tx.homes.declare_absence(away, "user:1", NOW - DAY)
    assert look(store) == 0


def test_the_community_hears_once_a_month_by_day_how_many_homes_are_empty(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        homes = [street.home.id, add_home(tx, street.area, "H2").id]
        second = add_contact(tx)
        link_area(tx, street.area, second, Role.COMMUNITY, rank=1)
        for home in homes:
            vacate_in(tx, home, "user:1", NOW - DAY)
    rule = DailyRule()
    assert tell_vacant(store, rule, UTC, NOW) == 0  # at night
    assert tell_vacant(store, rule, UTC, NOON) == 2
    assert tell_vacant(store, rule, UTC, NOON + DAY) == 0
    assert told(store, "vacant") == [street.community, second]
    assert {row["params"]["count"] for row in outbox(store, "vacant")} == {2}
    carrier = Carrier()
    post(store, carrier, NOON)
    assert "2户" in carrier.to(second)[-1]
    assert tell_vacant(store, rule, UTC, NOON + 16 * DAY) == 2  # in May


def test_a_month_without_empty_homes_needs_no_message(store: Store, street: Street) -> None:
    assert tell_vacant(store, DailyRule(), UTC, NOON) == 0
    assert outbox(store) == []

"""What visits found, taken in by the night's work itself: limits, counts and the trail of both."""

from datetime import timedelta

import numpy as np
import pytest

from meterwatch.domain.visit import Outcome, Seen
from meterwatch.pipeline.learn import boards_before, night
from meterwatch.store import Store
from meterwatch.store.tables import house
from tests.parts.street import Street, add_home, build_street
from tests.pipeline.acting import rows_of
from tests.pipeline.test_learn import (
    DAY,
    FIRST,
    HOUR,
    SCHOOLING,
    away,
    counted,
    nightly,
    profile,
    regular,
    rows,
)
from tests.pipeline.test_lessons import raised, visited

NOW = FIRST + 12 * DAY + 3 * HOUR


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def again(store: Store, later: timedelta = timedelta(0)) -> None:
    """Do the night's work once more, or as if it were later, with nothing else heard."""
    night(store, boards_before(store, NOW), SCHOOLING, NOW + later)


def well(store: Store, home: int, *days: int) -> None:
    for day in days:
        raised(store, home, FIRST + day * DAY)
        visited(store, home, FIRST + day * DAY + 15 * HOUR, Outcome.SAFE)


def test_who_was_found_well_twice_is_waited_for_a_tenth_longer_and_her_neighbour_is_not(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        neighbour = add_home(tx, street.area, "H2")
    store.telemetry.add(rows(0, 12, regular))
    store.telemetry.add(rows(0, 12, regular, neighbour.meter))
    nightly(store, 12)
    before, theirs = profile(store).limits_hours, profile(store, neighbour.id).limits_hours
    assert np.array_equal(before, theirs)
    well(store, street.home.id, 4, 8)
    again(store)
    assert profile(store).limits_hours == pytest.approx(1.1 * before, rel=1e-6)
    assert profile(store).widened.tolist() == [pytest.approx(1.1)]
    assert np.array_equal(profile(store, neighbour.id).limits_hours, theirs)
    again(store)
    lines = [row for row in rows_of(store, house.audit) if row["act"] == "widen"]
    assert [row["detail"]["percent"] for row in lines] == [10]


def test_what_visits_widened_is_as_it_was_two_months_later(store: Store, street: Street) -> None:
    store.telemetry.add(rows(0, 12, regular))
    well(store, street.home.id, 4, 8)
    nightly(store, 12)
    assert profile(store).widened.tolist() == [pytest.approx(1.1)]
    again(store, later=55 * DAY)
    assert profile(store).widened.tolist() == [1.0]
    lines = [row for row in rows_of(store, house.audit) if row["act"] == "widen"]
    assert [row["detail"]["percent"] for row in lines] == [10, 0]


@pytest.mark.parametrize("outcome", [Outcome.AWAY_HOSPITAL, Outcome.METER_FAULT, Outcome.FALL])
def test_days_that_a_visit_explained_are_taken_back_though_they_were_counted(
    store: Store, street: Street, outcome: Outcome
) -> None:
    store.telemetry.add(rows(0, 12, away(3, 7)))
    nightly(store, 12)
    assert counted(store).ended[..., 13:].any()
    raised(store, street.home.id, FIRST + 3 * DAY + 20 * HOUR)
    visited(store, street.home.id, FIRST + 4 * DAY + 12 * HOUR, outcome, Seen.NOT_HOME)
    again(store)
    assert not counted(store).ended[..., 13:].any()
    assert profile(store).longest_silence_hours.tolist() == [11.0]

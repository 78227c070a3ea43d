"""Low use tells people as no water does; odd hours of a red home wait for the next visit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from meterwatch.detectors import build
from meterwatch.domain.alert import State
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Grade
from meterwatch.domain.signal import LOW_USE, NO_USE, ODD_HOURS, SilenceRule
from meterwatch.domain.usage import MEASURES, WEEKDAYS, LocalTime, UsageProfile
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline.escalate import escalate
from meterwatch.pipeline.meters import Meters
from meterwatch.pipeline.respond import report
from meterwatch.pipeline.sweep import Watch
from meterwatch.store import Store
from meterwatch.store.house import PROFILES_REVISION
from tests.parts.street import Street, build_street
from tests.pipeline.acting import alerts, outbox, the_alert, told
from tests.pipeline.streams import START
from tests.pipeline.test_meters import Watching, at

WATCH = Watch(build({"odd_hours": {"enabled": True}}), LocalTime.of(UTC), Policies(), SilenceRule())
NIGHT = 5  # hours after the start, and each day later: a reading of use between one and two o'clock
USUAL = (210.0, 66.0)  # of three days as `day` makes them


def watched(store: Store, grade: Grade) -> tuple[Street, Watching]:
    street = build_street(store, grade)
    learnt(store, street.home.id)
    return street, Watching(store, Meters(store, WATCH))


def learnt(store: Store, home: int) -> None:
    """Let a home sleep at night, and usually draw 70 litres a day."""
    totals = np.array([USUAL])
    profile = replace(
        UsageProfile.unlearnt((home,)),
        usual_totals=totals,
        floors=np.repeat(0.4 * totals[:, :, np.newaxis], WEEKDAYS, axis=2),
        night_use=np.zeros((1, 24)),
    )
    assert profile.floors.shape == (1, MEASURES, WEEKDAYS)
    store.telemetry.put_profiles(profile, START)
    with store.transaction() as tx:
        tx.house.bump(PROFILES_REVISION)


def day(watching: Watching, number: int, *, litres: float = 10.0, awake: bool = False) -> None:
    """Let a day pass: water in seven of its hours, and at night where somebody is awake."""
    for hour in range(24 * number, 24 * (number + 1)):
        by_day = litres if hour % 24 in {10, 12, 14, 16, 18, 20, 22} else 0.0
        at_night = 8.0 if awake and hour % 24 == NIGHT else 0.0
        watching.use(range(hour, hour + 1), by_day + at_night)


def visit(street: Street, now: datetime) -> Visit:
    home = street.home.id
    return Visit(home, "user:1", "", Mode.HOME, Outcome.SAFE, Seen.WELL, now, saw_person_at=now)


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    return sqlite_store


def test_days_of_very_little_water_are_told_like_no_water(store: Store) -> None:
    street, watching = watched(store, Grade.GREEN)
    for number in range(3):
        day(watching, number)
    for number in range(3, 6):
        day(watching, number, litres=3.0)
    alert = the_alert(store)
    assert alert.kind == LOW_USE
    assert told(store) == [street.guardian, street.community]
    assert float(alert.evidence["litres"]) < 0.5 * USUAL[0]
    assert alert.evidence["limit_hours"] == 72.0


def test_three_restless_nights_of_a_red_home_wait_for_the_next_visit_and_text_nobody(
    store: Store,
) -> None:
    street, watching = watched(store, Grade.RED)
    for number in range(2):
        day(watching, number, awake=True)
    assert alerts(store) == []
    day(watching, 2, awake=True)
    alert = the_alert(store)
    assert (alert.kind, alert.state) == (ODD_HOURS, State.OPEN)
    assert not alert.life
    assert alert.evidence["odd_nights"] == 3.0
    escalate(store, at(24 * 30))
    assert outbox(store) == []
    for number in range(3, 6):
        day(watching, number)
    assert the_alert(store).state is State.OPEN  # quiet nights answer nothing
    report(store, visit(street, at(150)), at(150))
    assert the_alert(store).state is State.CLOSED
    assert outbox(store) == []


def test_what_a_visit_said_of_restless_nights_holds_for_four_weeks(store: Store) -> None:
    street, watching = watched(store, Grade.RED)
    for number in range(3):
        day(watching, number, awake=True)
    report(store, visit(street, at(72)), at(72))
    for number in range(3, 7):
        day(watching, number, awake=True)
    assert [alert.state for alert in alerts(store)] == [State.CLOSED]


@pytest.mark.parametrize("grade", [Grade.GREEN, Grade.YELLOW])
def test_only_red_homes_are_looked_at_so_closely(store: Store, grade: Grade) -> None:
    _, watching = watched(store, grade)
    for number in range(4):
        day(watching, number, awake=True)
    assert alerts(store) == []


def test_a_concern_has_a_policy_of_the_console_alone_whatever_is_configured() -> None:
    policy = Policies({NO_USE: Policies().of(NO_USE, Grade.RED)}).of(ODD_HOURS, Grade.RED)
    assert [step.channel.value for step in policy.steps] == ["console"]
    assert min(step.wait for step in policy.steps) >= timedelta(days=7)

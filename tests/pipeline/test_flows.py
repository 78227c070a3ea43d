"""Water that runs: open taps and slow leaks, who is told of them, and which leak becomes usual."""

from datetime import UTC

import numpy as np
import pytest

from meterwatch.detectors.prior import Prior
from meterwatch.domain.alert import Alert, Condition, State
from meterwatch.domain.escalation import Policies
from meterwatch.domain.notification import MessageKind
from meterwatch.domain.signal import FLAT_FLOW, NO_USE, SLOW_LEAK
from meterwatch.domain.usage import LocalTime
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline.escalate import escalate
from meterwatch.pipeline.learn import Schooling, boards_before, night
from meterwatch.pipeline.meters import Meters
from meterwatch.pipeline.respond import report
from meterwatch.store import Store
from tests.parts.street import Street, build_street
from tests.pipeline.acting import alerts, outbox, text, the_alert, told
from tests.pipeline.test_meters import WATCH, Watching, at

PRIOR = Prior(
    np.broadcast_to(np.minimum(np.arange(48) / 40, 0.5), (4, 24, 48)), np.full((4, 24), 0.1)
)
SCHOOLING = Schooling(LocalTime.of(UTC), PRIOR)


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """What is tried here is the same on both databases; the store's own tests hold that."""
    return sqlite_store


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


@pytest.fixture
def watching(store: Store, street: Street) -> Watching:
    assert street.home.meter == 1
    return Watching(store, Meters(store, WATCH))


def lived_in(watching: Watching, first: int, until: int, leak: float = 0.0) -> None:
    """Let a home draw ten litres in every even hour by day, and let it leak."""
    for hour in range(first, until):
        drawn = 10.0 if hour % 2 == 0 and 7 <= hour % 24 <= 22 else 0.0
        watching.use(range(hour, hour + 1), leak + drawn)


def seen_at(street: Street, hour: float) -> Visit:
    """Somebody goes there, meets the resident and finds a leak."""
    home, now = street.home.id, at(hour)
    return Visit(home, "user:1", "", Mode.HOME, Outcome.LEAK, Seen.WELL, now, saw_person_at=now)


def standing(store: Store, kind: str) -> list[Alert]:
    return [alert for alert in alerts(store, kind) if alert.state is not State.CLOSED]


def learn(store: Store, hour: int) -> None:
    night(store, boards_before(store, at(hour)), SCHOOLING, at(hour))


def test_a_leak_of_a_day_is_a_slow_leak_and_wakes_nobody(store: Store, watching: Watching) -> None:
    lived_in(watching, 1, 30)
    lived_in(watching, 30, 60, leak=12.0)
    alert = the_alert(store)
    assert alert.kind == SLOW_LEAK
    assert alert.began_at == at(29)
    assert not alert.life
    assert alert.evidence["litres_per_hour"] == 12.0
    assert alert.evidence["severity"] == 1.0
    assert outbox(store) == []


def test_a_slow_leak_that_nobody_took_in_a_day_is_told_to_the_family_and_the_community(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching, 1, 30)
    lived_in(watching, 30, 53, leak=12.0)
    opened = the_alert(store).opened_at
    escalate(store, opened + Policies().of(SLOW_LEAK, the_alert(store).grade).steps[0].wait)
    assert told(store, MessageKind.ALERT) == [street.guardian, street.community]


def test_a_slow_leak_closes_by_itself_when_the_water_is_seen_to_stop(
    store: Store, watching: Watching
) -> None:
    lived_in(watching, 1, 30)
    lived_in(watching, 30, 60, leak=12.0)
    lived_in(watching, 60, 72)
    assert standing(store, SLOW_LEAK) == []
    (alert,) = alerts(store, SLOW_LEAK)
    assert alert.closed_by == "system"


def test_a_leak_is_not_called_over_because_nothing_was_heard_of_it(
    store: Store, watching: Watching
) -> None:
    lived_in(watching, 1, 30)
    lived_in(watching, 30, 60, leak=12.0)
    watching.registers[1] += 18 * 12.0
    lived_in(watching, 78, 82, leak=12.0)
    (alert,) = standing(store, SLOW_LEAK)
    assert alert.condition is not Condition.CLEARED


def test_an_open_tap_in_a_leaking_home_is_a_worry_of_its_own(
    store: Store, watching: Watching
) -> None:
    lived_in(watching, 1, 30)
    lived_in(watching, 30, 60, leak=12.0)
    lived_in(watching, 60, 64, leak=300.0)
    assert len(standing(store, SLOW_LEAK)) == 1
    (tap,) = standing(store, FLAT_FLOW)
    assert tap.life
    assert tap.evidence["severity"] == 2.0
    lived_in(watching, 64, 68, leak=12.0)
    assert len(standing(store, SLOW_LEAK)) == 1


def test_a_leak_that_was_looked_at_and_left_is_told_once(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching, 1, 30)
    lived_in(watching, 30, 58, leak=12.0)
    report(store, seen_at(street, 58), at(58))
    assert standing(store, SLOW_LEAK) == []
    for day in range(3, 12):
        learn(store, 24 * day + 3)
        lived_in(watching, max(58, 24 * day - 14), 24 * day + 10, leak=12.0)
    assert len(alerts(store, SLOW_LEAK)) == 1


def test_a_leak_that_was_answered_for_in_a_text_is_told_once(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching, 1, 30)
    lived_in(watching, 30, 58, leak=12.0)
    text(store, street.guardian, f"3 {the_alert(store).code}", at(58))
    assert standing(store, SLOW_LEAK) == []
    for day in range(3, 8):
        learn(store, 24 * day + 3)
        lived_in(watching, max(58, 24 * day - 14), 24 * day + 10, leak=12.0)
    assert len(alerts(store, SLOW_LEAK)) == 1


def test_a_leak_that_was_left_and_has_grown_is_told_anew(
    store: Store, watching: Watching, street: Street
) -> None:
    lived_in(watching, 1, 30)
    lived_in(watching, 30, 58, leak=12.0)
    report(store, seen_at(street, 58), at(58))
    lived_in(watching, 58, 96, leak=12.0)
    learn(store, 99)
    lived_in(watching, 96, 104, leak=12.0)
    lived_in(watching, 104, 130, leak=24.0)
    (alert,) = standing(store, SLOW_LEAK)
    assert alert.began_at == at(103)
    assert alert.evidence["night_litres_per_hour"] == 12.0
    assert alert.evidence["litres_per_hour"] == 24.0


def test_a_leak_that_nobody_answers_for_stands_and_is_not_learnt(
    store: Store, watching: Watching
) -> None:
    lived_in(watching, 1, 30)
    for day in range(1, 11):
        lived_in(watching, max(30, 24 * day), 24 * (day + 1), leak=12.0)
        learn(store, 24 * (day + 1) + 3)
    (alert,) = alerts(store, SLOW_LEAK)
    assert alert.condition is Condition.ACTIVE


def test_a_silence_behind_a_leak_is_still_found(store: Store, watching: Watching) -> None:
    lived_in(watching, 1, 30)
    lived_in(watching, 30, 72, leak=12.0)
    watching.use(range(72, 110), 12.0)
    (alert,) = standing(store, NO_USE)
    assert alert.began_at == at(70)
    assert alert.evidence["base_litres_per_hour"] == 12.0
    assert alert.evidence["degraded"] == 1.0

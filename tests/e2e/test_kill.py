"""A replay during which every role is killed ends like one that nobody disturbed."""

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from meterwatch.app.replaying import look_over
from meterwatch.domain.fact import ButtonPress
from meterwatch.gateways import by_name
from meterwatch.pipeline.import_homes import import_homes
from meterwatch.store import Store
from meterwatch.store.house import SWEPT
from tests.e2e import stored
from tests.e2e.daemon import PATIENCE, Daemon, publishing, replaying, wait_for
from tests.parts.broker import Broker

READINGS = 40_000  # five weeks of all homes: limits are learnt from four
# Batches of a day and a half of all homes, so that a role can be killed in the middle; ladders
# that end, because an hour of a replay passes in the blink of an eye.
_WEEK = {"exhausted_minutes": 10_080, "visiting_minutes": 10_080}
TABLES = {
    "mqtt": {"batch_readings": 20},
    "escalation.no_use": _WEEK,
    "escalation.flat_flow": _WEEK,
    "escalation.bell": _WEEK,
}


Publish = Callable[..., Future[None]]


def office_csv(recording: Path) -> bytes:
    """Give two homes of three somebody to call and a bell, and the third one nobody."""
    homes = list(csv.DictReader(io.StringIO(look_over(recording).homes_csv().decode())))
    for number, home in enumerate(homes):
        if number % 3 == 2:
            home["area_community"] = "竹园社区"
            continue
        home |= {
            "area_community": "梅园社区",
            "grade": "red" if number % 5 == 0 else "green",
            "button": f"bell-{number}",
            "guardian": f"Guardian {number}",
            "guardian_phone": f"+1 202 555 01{number:02}",
            "community_contact": "Community contact",
            "community_contact_phone": "+1 202 555 0199",
            "consent_by": f"Resident {number}",
            "consent_at": "2016-01-05",
        }
    written = io.StringIO()
    columns = dict.fromkeys(name for home in homes for name in home)
    writer = csv.DictWriter(written, list(columns), restval="")
    writer.writeheader()
    writer.writerows(homes)
    return written.getvalue().encode()


def press(number: int, at: datetime) -> tuple[str, bytes]:
    """Write the press of a home's bell."""
    pressed = ButtonPress(f"bell-{number}", at, at, f"press-{number}")
    (message,) = by_name("native").encode([pressed])
    return message.topic, message.payload


@pytest.fixture
def recording(shared_data: Path) -> Path:
    return shared_data / "daiad" / "daiad-readings.csv.gz"


@pytest.fixture
def disturbed(tmp_path: Path, pg_url: str, broker: Broker) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path / "disturbed", pg_url, broker, TABLES)
    yield daemon
    daemon.close()


@pytest.fixture
def undisturbed(tmp_path: Path, broker: Broker) -> Iterator[Daemon]:
    folder = tmp_path / "undisturbed"
    daemon = Daemon(folder, f"sqlite:///{folder}/meterwatch.db", broker, TABLES)
    yield daemon
    daemon.close()


def stored_share(store: Store) -> float:
    """Say which share of the readings is stored."""
    return stored.count_readings(store) / READINGS


def judged_share(store: Store, moments: list[int]) -> float:
    """Say which share of the time of the recording is judged."""
    return (stored.mark(store, SWEPT) - min(moments)) / (max(moments) - min(moments))


# Which role is killed when so many of the readings are stored, and judged.
STORED = [(0.05, "meters"), (0.3, "bells"), (0.6, "meters")]
JUDGED = [
    (0.05, "people"),
    (0.15, "meters"),
    (0.25, "night"),
    (0.35, "people"),
    (0.45, "meters"),
    (0.55, "bells"),
    (0.65, "people"),
    (0.80, "meters"),
    (0.90, "people"),
]


def kill_them_all(disturbed: Daemon, moments: list[int], publish: Publish) -> None:
    """Kill one role after the other while the replay goes on; let bells be pressed meanwhile."""
    began = datetime.fromtimestamp(min(moments), UTC)
    marks = [(partial(stored_share, disturbed.store), *kill) for kill in STORED]
    marks += [(partial(judged_share, disturbed.store, moments), *kill) for kill in JUDGED]
    for number, (progress, share, role) in enumerate(marks):
        wait_for(f"{share:.0%}", lambda p=progress, s=share: p() >= s)  # type: ignore[misc]
        publish(*press(3 * number, began + timedelta(days=number, hours=3))).result(PATIENCE)
        disturbed.kill(role)


def test_a_replay_ends_alike_however_often_every_role_is_killed(
    recording: Path, disturbed: Daemon, undisturbed: Daemon, broker: Broker
) -> None:
    expected = stored.recorded(recording, READINGS)
    moments = [at for readings in expected.values() for at, _ in readings]
    began, both = datetime.fromtimestamp(min(moments), UTC), (disturbed, undisturbed)
    for daemon in both:
        import_homes(daemon.store, office_csv(recording), began, zone=UTC)
    with ThreadPoolExecutor() as together:
        list(together.map(lambda daemon: daemon.start(by_data=True), both))

    with (
        replaying(recording, broker, "--limit", str(READINGS)),
        publishing(broker, "e2e-presses") as publish,
    ):
        kill_them_all(disturbed, moments, publish)

    for daemon in both:
        store = daemon.store
        wait_for("everything is judged", lambda s=store: stored.is_judged(s, max(moments)))  # type: ignore[misc]
        wait_for("everybody was told", lambda s=store: stored.is_at_rest(s))  # type: ignore[misc]
        assert stored.registers(store) == expected
        reached = stored.told(store)
        assert set(reached.values()) == {1}
        assert reached.total() == stored.delivered(store)
        assert not stored.refused(store)
        assert daemon.stop() == 0
    assert stored.worries(disturbed.store) == stored.worries(undisturbed.store)
    assert stored.senses(disturbed.store) == stored.senses(undisturbed.store)
    assert stored.signals(disturbed.store) == stored.signals(undisturbed.store)

"""No press is lost: not in a flood, not while nobody listens, not behind what nobody can read."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from meterwatch.clock import machine_now
from meterwatch.domain.fact import ButtonPress, Fact, Reading
from meterwatch.gateways import by_name
from meterwatch.gateways.checks import MAX_PAYLOAD_BYTES
from meterwatch.gateways.native import ROOT
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import house, people
from tests.e2e import stored
from tests.e2e.daemon import PATIENCE, Daemon, publishing, wait_for
from tests.parts.broker import Broker

HOMES = 8
HOUR = timedelta(hours=1)
MADRID = ZoneInfo("Europe/Madrid")
HEADINGS = (
    "household,area_community,meter,button,guardian,guardian_phone,"
    "community_contact,community_contact_phone,language"
)
Publish = Callable[..., Future[None]]
Bell = tuple[str, datetime]  # the kind of alert, and when it began


def office_csv() -> str:
    rows = [
        f"H{n},梅园社区,meter-{n},bell-{n},Guardian {n},+1 202 555 010{n},"
        "Community contact,+1 202 555 0199,en"
        for n in range(HOMES)
    ]
    return "\n".join([HEADINGS, *rows, ""])


def written(fact: Fact) -> tuple[str, bytes]:
    """Write a fact as a native message."""
    (message,) = by_name("native").encode([fact])
    return message.topic, message.payload


def press_of(home: int, at: datetime) -> tuple[str, bytes]:
    return written(ButtonPress(f"bell-{home}", at, at, f"press-{home}"))


def now() -> datetime:
    """Tell the time as messages carry it: in whole seconds."""
    return machine_now().replace(microsecond=0)


@pytest.fixture(scope="module")
def pressed_before() -> datetime:
    """Say when somebody pressed whose press the broker kept for whoever comes."""
    return now() - 3 * HOUR


@pytest.fixture(scope="module")
def daemon(
    tmp_path_factory: pytest.TempPathFactory, broker_of_the_run: Broker, pressed_before: datetime
) -> Iterator[Daemon]:
    """Start a daemon by the machine's clock; a press of home 0 lies at the broker, retained."""
    broker_of_the_run.start()
    folder = tmp_path_factory.mktemp("live") / "house"
    daemon = Daemon(folder, f"sqlite:///{folder}/meterwatch.db", broker_of_the_run)
    (folder / "homes.csv").write_text(office_csv(), "utf-8")
    daemon.command("import", "homes.csv")
    topic, payload = press_of(0, pressed_before)
    with publishing(broker_of_the_run, "e2e-live-retained") as publish:
        publish(topic, payload, retain=True)
    daemon.start()
    with publishing(broker_of_the_run, "e2e-live-retained") as publish:
        publish(topic, b"", retain=True)  # no other test shall hear of it
    yield daemon
    daemon.close()


@pytest.fixture
def publish(daemon: Daemon) -> Iterator[Publish]:
    with publishing(daemon.broker, "e2e-live-sender") as sends:
        yield sends


def bells(daemon: Daemon, home: int) -> list[Bell]:
    """Give the alerts of a home that its bell has raised."""
    a, h = t.alerts.c, people.households.c
    query = select(a.kind, a.began_at).join_from(t.alerts, people.households, a.subject_id == h.id)
    query = query.where(h.code == f"H{home}", a.kind.like("bell%"))
    return [tuple(row) for row in stored.people_rows(daemon.store, query)]


def texts(daemon: Daemon, home: int) -> dict[str, str]:
    """Give what the fake phones hold about a home's bell, by the name of their owner."""
    a, h, n, c = t.alerts.c, people.households.c, t.notifications.c, people.contacts.c
    query = (
        select(c.name, house.inbox.c.text)
        .join_from(house.inbox, t.notifications, house.inbox.c.ref == n.ref)
        .join(people.contacts, n.contact_id == c.id)
        .join(t.alerts, n.alert_id == a.id)
        .join(people.households, a.subject_id == h.id)
        .where(h.code == f"H{home}", a.kind.like("bell%"), n.round == 0, n.step == 0)
    )
    return dict(map(tuple, stored.people_rows(daemon.store, query)))


def both_are_told(daemon: Daemon, home: int) -> bool:
    return set(texts(daemon, home)) == {f"Guardian {home}", "Community contact"}


def test_a_press_in_a_flood_of_readings_is_told_while_the_flood_goes_on(
    daemon: Daemon, publish: Publish
) -> None:
    began, seconds = now() - 90 * 24 * HOUR, count()

    def flood() -> None:
        """Publish some batches of a concentrator, of readings that nobody has seen before."""
        for _ in range(20):
            heard = began + timedelta(seconds=next(seconds))
            batch = [Reading(f"meter-{n}", heard, heard, float(n)) for n in range(HOMES)]
            publish(*written_batch(batch))

    flood()
    at = now()
    publish(*press_of(1, at))

    def told() -> bool:
        flood()
        return both_are_told(daemon, 1)

    wait_for("both are told while readings pour in", told)
    assert bells(daemon, 1) == [("bell", at)]
    sent = next(seconds)
    wait_for("every reading is kept", lambda: stored.count_readings(daemon.store) >= sent * HOMES)


def written_batch(readings: list[Reading]) -> tuple[str, bytes]:
    (message,) = by_name("native").encode(readings)
    return message.topic, message.payload


def test_a_press_that_was_sent_while_nobody_listened_is_a_live_alarm_with_its_time(
    daemon: Daemon, publish: Publish
) -> None:
    assert daemon.stop() == 0
    at = now() - HOUR
    publish(*press_of(2, at)).result(PATIENCE)
    daemon.start()
    wait_for("both are told", lambda: both_are_told(daemon, 2))
    assert bells(daemon, 2) == [("bell", at)]
    assert all(f"{at.astimezone(MADRID):%H:%M}" in text for text in texts(daemon, 2).values())


def test_a_press_that_the_broker_kept_for_whoever_comes_may_have_been_missed(
    daemon: Daemon, pressed_before: datetime
) -> None:
    wait_for("both are told", lambda: both_are_told(daemon, 0))
    assert bells(daemon, 0) == [("bell_missed", pressed_before)]
    assert "may have pressed" in texts(daemon, 0)["Guardian 0"]


@pytest.mark.parametrize(
    ("home", "sort", "payload", "reason"),
    [
        (3, "presses", b"{", "broken"),
        (4, "presses", b'{"device": "\xff\xfe"}', "broken"),
        (5, "readings", b"x" * (1 << 20), "too_large"),
        (6, "readings", b'{"device": "meter-99", "at": %d, "litres": 1}', "unknown_device"),
        (7, "readings", b'{"device": "meter-7", "at": 1, "litres": 1}', "clock"),
    ],
)
def test_what_nobody_can_read_is_refused_and_the_next_press_and_reading_are_heard(
    daemon: Daemon, publish: Publish, home: int, sort: str, payload: bytes, reason: str
) -> None:
    at = now()
    topic = f"{ROOT}/{sort}/poison-{home}"
    publish(topic, payload.replace(b"%d", str(int(at.timestamp())).encode()))
    publish(*press_of(home, at))
    publish(*written(Reading(f"meter-{home}", at, at, 4711.0)))
    wait_for("both are told", lambda: both_are_told(daemon, home))
    assert bells(daemon, home) == [("bell", at)]
    kept = (f"meter-{home}", int(at.timestamp()), 4711.0)
    wait_for("the reading is kept", lambda: is_kept(daemon, *kept))
    r = house.refused.c
    where = r.topic == topic if reason != "unknown_device" else r.topic == "meter-99"
    query = select(r.reason, func.length(r.payload)).where(where)
    wait_for("the refusal is kept", lambda: bool(stored.people_rows(daemon.store, query)))
    ((found, size),) = stored.people_rows(daemon.store, query)
    assert found == reason
    assert 0 < size < MAX_PAYLOAD_BYTES


def is_kept(daemon: Daemon, address: str, at: int, litres: float) -> bool:
    return (at, litres) in stored.registers(daemon.store).get(address, set())

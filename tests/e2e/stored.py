"""What a run has left in its databases, in words that are the same for every database."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from meterwatch.evaluation.records import read_rows
from meterwatch.store.house import SWEPT
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import house, people, telemetry
from tests.e2e.daemon import Daemon

Registers = dict[str, set[tuple[int, float]]]
Worry = tuple[str, str, datetime]  # home, kind, when it began


def recorded(path: Path, limit: int | None = None) -> Registers:
    """Read a recording by a plain loop: the first register of an instant stands."""
    rows = sorted(read_rows(path, None), key=lambda row: row[1])[:limit]
    first: dict[tuple[str, int], float] = {}
    for home, at, litres in rows:
        first.setdefault((home, int(at)), litres)
    registers: Registers = {}
    for (home, at), litres in first.items():
        registers.setdefault(home, set()).add((at, litres))
    return registers


def registers(daemon: Daemon) -> Registers:
    """Give what is stored of each meter."""
    addresses = dict(daemon.people(select(people.devices.c.id, people.devices.c.address)))
    r = telemetry.readings.c
    found: Registers = {}
    for device, at, litres in daemon.telemetry(select(r.device_id, r.measured_at, r.litres)):
        found.setdefault(addresses[device], set()).add((at, litres))
    return found


def worries(daemon: Daemon) -> Counter[Worry]:
    """Give every alert that ever stood about a home."""
    a, h = t.alerts.c, people.households.c
    query = select(h.code, a.kind, a.began_at).join_from(
        t.alerts, people.households, a.subject_id == h.id
    )
    return Counter(tuple(row) for row in daemon.people(query))


def senses(daemon: Daemon) -> Counter[tuple[str, str, str, datetime]]:
    """Give what the sensors said of each alert, and when."""
    a, h, line = t.alerts.c, people.households.c, t.alert_lines.c
    query = (
        select(h.code, a.kind, line.what, line.at)
        .join_from(t.alert_lines, t.alerts, line.alert_id == a.id)
        .join(people.households, a.subject_id == h.id)
        .where(a.kind != "bell", line.what.like("condition_%"))
    )
    return Counter(tuple(row) for row in daemon.people(query))


def told(daemon: Daemon) -> Counter[tuple[object, ...]]:
    """Count what reached the carrier, by alert, round, step, contact, channel and kind."""
    n, a, h, c = t.notifications.c, t.alerts.c, people.households.c, people.contacts.c
    query = (
        select(h.code, a.kind, a.began_at, n.round, n.step, c.name, n.channel, n.kind, n.about)
        .join_from(house.inbox, t.notifications, house.inbox.c.ref == n.ref)
        .join(t.alerts, a.id == n.alert_id)
        .join(people.households, h.id == a.subject_id)
        .join(people.contacts, c.id == n.contact_id)
    )
    return Counter(tuple(row) for row in daemon.people(query))


def delivered(daemon: Daemon) -> int:
    """Count the messages that are held to be delivered."""
    query = select(func.count()).where(t.notifications.c.state == "delivered")
    return int(daemon.people(query)[0][0])


def refused(daemon: Daemon) -> Counter[str]:
    """Count what was refused by reason, except for what asked whether the daemon hears."""
    rows = daemon.people(select(house.refused.c.reason, house.refused.c.topic))
    return Counter(reason for reason, topic in rows if "-probe-" not in topic)


def is_judged(daemon: Daemon, until: int) -> bool:
    """Tell whether everything heard up to a moment has been judged."""
    return daemon.mark(SWEPT) >= until


def is_at_rest(daemon: Daemon) -> bool:
    """Tell whether no message is on its way and no alert's time has come."""
    now = datetime.fromtimestamp(daemon.mark(SWEPT), UTC)
    awake = select(t.notifications.c.id).where(t.notifications.c.wake_at.is_not(None)).limit(1)
    overdue = select(t.alerts.c.id).where(t.alerts.c.next_due_at <= now).limit(1)
    return not daemon.people(overdue) and not daemon.people(awake)

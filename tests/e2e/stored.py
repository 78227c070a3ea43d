"""What a run has left in its databases, in words that are the same for every database."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select

from meterwatch.evaluation.records import read_rows
from meterwatch.store import Store
from meterwatch.store.house import SWEPT
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import house, people, telemetry

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


def people_rows(store: Store, query: Select[Any]) -> Sequence[Any]:
    """Read from the database of people and alerts."""
    with store.view() as view:
        return view.people.execute(query).all()


def telemetry_rows(store: Store, query: Select[Any]) -> Sequence[Any]:
    """Read from the database of readings."""
    with store.view() as view:
        return view.telemetry.execute(query).all()


def count_readings(store: Store) -> int:
    """Count the readings that are stored."""
    count = select(func.count()).select_from(telemetry.readings)
    return int(telemetry_rows(store, count)[0][0])


def mark(store: Store, name: str) -> int:
    """Give a mark, 0 if it was never set."""
    with store.transaction(read_only=True) as tx:
        return tx.house.mark(name) or 0


def registers(store: Store) -> Registers:
    """Give what is stored of each meter."""
    addresses = dict(people_rows(store, select(people.devices.c.id, people.devices.c.address)))
    r = telemetry.readings.c
    found: Registers = {}
    for device, at, litres in telemetry_rows(store, select(r.device_id, r.measured_at, r.litres)):
        found.setdefault(addresses[device], set()).add((at, litres))
    return found


def worries(store: Store) -> Counter[Worry]:
    """Give every alert that ever stood about a home."""
    a, h = t.alerts.c, people.households.c
    query = select(h.code, a.kind, a.began_at).join_from(
        t.alerts, people.households, a.subject_id == h.id
    )
    return Counter(tuple(row) for row in people_rows(store, query))


def senses(store: Store) -> Counter[tuple[str, str, str, datetime]]:
    """Give what the sensors said of each alert, and when."""
    a, h, line = t.alerts.c, people.households.c, t.alert_lines.c
    query = (
        select(h.code, a.kind, line.what, line.at)
        .join_from(t.alert_lines, t.alerts, line.alert_id == a.id)
        .join(people.households, a.subject_id == h.id)
        .where(a.kind != "bell", line.what.like("condition_%"))
    )
    return Counter(tuple(row) for row in people_rows(store, query))


def signals(store: Store) -> set[tuple[object, ...]]:
    """Give every signal that detectors raised about a home, with the figures behind it."""
    g, h = t.signals.c, people.households.c
    query = (
        select(h.code, g.kind, g.at, g.as_of, g.evidence)
        .join_from(t.signals, people.households, g.subject_id == h.id)
        .where(g.origin == "seen")
    )
    rows = people_rows(store, query)
    return {(*row[:4], json.dumps(row[4], sort_keys=True)) for row in rows}


def told(store: Store) -> Counter[tuple[object, ...]]:
    """Count what reached the carrier, by alert, round, step, contact, channel and kind."""
    n, a, h, c = t.notifications.c, t.alerts.c, people.households.c, people.contacts.c
    query = (
        select(h.code, a.kind, a.began_at, n.round, n.step, c.name, n.channel, n.kind, n.about)
        .join_from(house.inbox, t.notifications, house.inbox.c.ref == n.ref)
        .join(t.alerts, a.id == n.alert_id)
        .join(people.households, h.id == a.subject_id)
        .join(people.contacts, c.id == n.contact_id)
    )
    return Counter(tuple(row) for row in people_rows(store, query))


def delivered(store: Store) -> int:
    """Count the messages that are held to be delivered."""
    query = select(func.count()).where(t.notifications.c.state == "delivered")
    return int(people_rows(store, query)[0][0])


def refused(store: Store) -> Counter[str]:
    """Count what was refused by reason, except for what asked whether the daemon hears."""
    rows = people_rows(store, select(house.refused.c.reason, house.refused.c.topic))
    return Counter(reason for reason, topic in rows if "-probe-" not in topic)


def is_judged(store: Store, until: int) -> bool:
    """Tell whether everything heard up to a moment has been judged."""
    return mark(store, SWEPT) >= until


def is_at_rest(store: Store) -> bool:
    """Tell whether no message is on its way and no alert's time has come."""
    now = datetime.fromtimestamp(mark(store, SWEPT), UTC)
    awake = select(t.notifications.c.id).where(t.notifications.c.wake_at.is_not(None)).limit(1)
    overdue = select(t.alerts.c.id).where(t.alerts.c.next_due_at <= now).limit(1)
    return not people_rows(store, overdue) and not people_rows(store, awake)

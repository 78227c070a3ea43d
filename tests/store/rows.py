"""Rows that tests of the store start from."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from meterwatch.domain.alert import Alert, Circle, open_alert
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Grade
from meterwatch.domain.notification import Channel, MessageKind, Notification
from meterwatch.domain.signal import NO_USE, Origin, Signal, SubjectKind
from meterwatch.store import Store
from meterwatch.store.outbox import Parcel

NOW = datetime(2026, 3, 2, 6, 40, tzinfo=UTC)
SOON = NOW + timedelta(seconds=1)


def signal(kind: str = NO_USE, home: int = 1, at: datetime = NOW) -> Signal:
    key = f"{kind}:{home}:{at:%m-%d %H:%M}"
    return Signal(Origin.SEEN, kind, SubjectKind.HOUSEHOLD, home, at, at, key)


def fresh_alert(kind: str = NO_USE, home: int = 1, now: datetime = NOW) -> Alert:
    """An alert that was opened and not yet kept."""
    policy = Policies().of(kind, Grade.GREEN)
    anybody = Circle(dict.fromkeys(policy.steps[0].roles, (1,)))
    return open_alert(signal(kind, home), Grade.GREEN, policy, anybody, now).alert


def keep_alert(store: Store, kind: str = NO_USE, home: int = 1, now: datetime = NOW) -> Alert:
    with store.transaction() as tx:
        return tx.alerts.add(fresh_alert(kind, home, now), now)


def note(
    alert: int | None,
    contact: int,
    *,
    step: int = 0,
    on_round: int = 0,
    kind: MessageKind = MessageKind.ALERT,
    about: str = "",
) -> Notification:
    return Notification(alert, on_round, step, contact, Channel.SMS, kind, about=about)


def put(store: Store, *notes: Notification) -> int:
    with store.transaction() as tx:
        return tx.outbox.put(notes, NOW)


def awake(store: Store, machine: datetime = NOW, *, bells_only: bool = False) -> list[Parcel]:
    with store.transaction() as tx:
        return list(tx.outbox.awake(machine, 100, bells_only=bells_only))


def all_of(store: Store, table: Any) -> list[dict[str, Any]]:
    """Give every row of a table of people, in the order of its first column."""
    with store.view() as view:
        rows = view.people.execute(table.select().order_by(next(iter(table.c)))).mappings()
        return [dict(row) for row in rows]


@contextmanager
def refused_by_the_database(store: Store) -> Iterator[Any]:
    """Run statements of which the database itself must refuse one."""
    with pytest.raises(IntegrityError), store.transaction() as tx:
        yield tx

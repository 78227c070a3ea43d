"""The list of all alerts, and everything that belongs on the page of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from meterwatch.domain.signal import SubjectKind
from meterwatch.store import View
from meterwatch.store.rows import alert_from
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people as p
from meterwatch.store.views.circle import CircleRow, circle
from meterwatch.store.views.places import names
from meterwatch.store.views.queue import QueueRow, rows_of


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of the timeline; `contact` is who a message of it went to."""

    at: datetime
    what: str
    actor: str
    name: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message that was or will be sent about an alert."""

    id: int
    at: datetime
    changed_at: datetime
    contact_id: int
    name: str
    phone: str
    kind: str
    state: str
    error: str
    round: int
    step: int
    attempts: int
    provider: str


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """One message that somebody sent back."""

    at: datetime
    name: str
    text: str
    answer: str
    result: str


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Everything about one alert."""

    row: QueueRow
    circle: tuple[CircleRow, ...]
    lines: tuple[LineRow, ...]
    messages: tuple[MessageRow, ...]
    replies: tuple[ReplyRow, ...]
    visits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """Which alerts a list shall show; empty words ask for all."""

    state: str = ""
    kind: str = ""
    words: str = ""
    household: int | None = None


def page(view: View, sought: Sought, before: int | None, limit: int) -> tuple[QueueRow, ...]:
    """Give alerts with ids below `before`, the newest first."""
    query = select(t.alerts).order_by(t.alerts.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(t.alerts.c.id < before)
    rows = view.people.execute(_narrow(query, sought)).mappings()
    return rows_of(view, [alert_from(row) for row in rows])


def one(view: View, number: int) -> AlertPage | None:
    """Give one alert with its circle, timeline, messages and replies."""
    found = view.people.execute(select(t.alerts).where(t.alerts.c.id == number)).mappings().first()
    if found is None:
        return None
    alert = alert_from(found)
    visits = select(t.visit_alerts.c.visit_id).where(t.visit_alerts.c.alert_id == number)
    return AlertPage(
        rows_of(view, [alert])[0],
        circle(view, alert.subject_kind, alert.subject_id, number),
        lines(view, number),
        messages(view, number),
        _replies(view, number),
        tuple(sorted(view.people.execute(visits).scalars())),
    )


def lines(view: View, number: int) -> tuple[LineRow, ...]:
    """Give the timeline of an alert, the first line first."""
    query = select(t.alert_lines).where(t.alert_lines.c.alert_id == number)
    rows = view.people.execute(query.order_by(t.alert_lines.c.id)).all()
    who = names(view, [row.actor for row in rows])
    return tuple(
        LineRow(row.at, row.what, row.actor, who.get(row.actor, ""), dict(row.detail))
        for row in rows
    )


def messages(view: View, number: int) -> tuple[MessageRow, ...]:
    """Give the messages about an alert, the newest first."""
    n = t.notifications
    query = (
        select(n, p.contacts.c.name, p.contacts.c.phone)
        .join(p.contacts, p.contacts.c.id == n.c.contact_id)
        .where(n.c.alert_id == number)
        .order_by(n.c.id.desc())
    )
    return tuple(
        MessageRow(
            row.id,
            row.created_at,
            row.changed_at,
            row.contact_id,
            row.name,
            row.phone,
            row.kind,
            row.state,
            row.error,
            row.round,
            row.step,
            row.attempts,
            row.provider,
        )
        for row in view.people.execute(query)
    )


def _replies(view: View, number: int) -> tuple[ReplyRow, ...]:
    query = (
        select(t.replies, p.contacts.c.name)
        .join(p.contacts, p.contacts.c.id == t.replies.c.contact_id, isouter=True)
        .where(t.replies.c.alert_id == number)
        .order_by(t.replies.c.id.desc())
    )
    return tuple(
        ReplyRow(row.received_at, row.name or "", row.text, row.answer, row.result)
        for row in view.people.execute(query)
    )


def _narrow(query: Select[Any], sought: Sought) -> Select[Any]:
    a = t.alerts
    if sought.state == "standing":
        query = query.where(t.STANDING)
    elif sought.state:
        query = query.where(a.c.state == sought.state)
    if sought.kind:
        query = query.where((a.c.kind == sought.kind) | a.c.kind.startswith(f"{sought.kind}:"))
    if sought.household is not None:
        query = query.where(
            a.c.subject_kind == SubjectKind.HOUSEHOLD, a.c.subject_id == sought.household
        )
    if sought.words:
        homes = select(p.households.c.id).where(
            p.households.c.code.icontains(sought.words, autoescape=True)
            | p.households.c.label.icontains(sought.words, autoescape=True)
        )
        query = query.where(a.c.subject_kind == SubjectKind.HOUSEHOLD, a.c.subject_id.in_(homes))
    return query

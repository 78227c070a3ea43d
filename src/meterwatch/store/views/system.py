"""What the service knows of itself: is everything beating, what was refused, what is on its way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text

from meterwatch.domain.household import DeviceKind
from meterwatch.store import View
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import house as h
from meterwatch.store.tables import people as p
from meterwatch.store.tables import telemetry as m


@dataclass(frozen=True, slots=True)
class BeatRow:
    """One beat of one role; `failure` is empty if the last one went well."""

    role: str
    beat: str
    started_at: datetime
    last_at: datetime
    failure: str


@dataclass(frozen=True, slots=True)
class RefusedCount:
    """How much was refused for one reason by one gateway."""

    reason: str
    gateway: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One refused message."""

    id: int
    reason: str
    detail: str
    gateway: str
    topic: str
    payload: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class AsideRow:
    """One reading that was put aside: kept, shown, never counted as use."""

    device_id: int
    address: str
    household_id: int
    household_code: str
    measured_at: datetime
    received_at: datetime
    litres: float
    odd: str


@dataclass(frozen=True, slots=True)
class UnheardRow:
    """One meter that has not said anything yet."""

    address: str
    household_id: int
    household_code: str
    household_label: str


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One message that the console provider "sent"; `owner` is whose phone it is."""

    id: int
    phone: str
    owner: str
    text: str
    at: datetime


def beats(view: View) -> tuple[BeatRow, ...]:
    """Give the beats of every role."""
    rows = view.people.execute(select(h.beats).order_by(h.beats.c.role, h.beats.c.beat))
    return tuple(BeatRow(r.role, r.beat, r.started_at, r.last_at, r.failure) for r in rows)


def troubled(
    beats: Iterable[BeatRow], machine_now: datetime, late: timedelta
) -> tuple[BeatRow, ...]:
    """Name the beats that failed or that are late; beats are noted in machine time."""
    return tuple(row for row in beats if row.failure or machine_now - row.last_at > late)


def refused_counts(view: View) -> tuple[RefusedCount, ...]:
    """Count what was refused, the commonest reason first."""
    c = h.refused_counts.c
    query = select(c.reason, c.gateway, c["count"], c.last_at).order_by(c["count"].desc())
    rows = view.people.execute(query)
    return tuple(RefusedCount(*row) for row in rows)


def refused(view: View, limit: int) -> tuple[RefusedRow, ...]:
    """Give the last refused messages, the newest first."""
    rows = view.people.execute(select(h.refused).order_by(h.refused.c.id.desc()).limit(limit))
    return tuple(
        RefusedRow(r.id, r.reason, r.detail, r.gateway, r.topic, r.payload, r.received_at)
        for r in rows
    )


def put_aside(view: View, limit: int) -> tuple[AsideRow, ...]:
    """Give the readings put aside, the newest first."""
    r = m.readings
    query = select(r).where(text("odd <> ''")).order_by(r.c.measured_at.desc()).limit(limit)
    rows = view.telemetry.execute(query).all()
    devices = (
        select(p.devices.c.id, p.devices.c.address, p.households.c.id, p.households.c.code)
        .join(p.households)
        .where(p.devices.c.id.in_({row.device_id for row in rows}))
    )
    known = {
        device: (address, home, code)
        for device, address, home, code in view.people.execute(devices)
    }
    return tuple(
        AsideRow(
            row.device_id,
            *known.get(row.device_id, ("", 0, "")),
            datetime.fromtimestamp(row.measured_at, UTC),
            datetime.fromtimestamp(row.received_at, UTC),
            row.litres,
            row.odd,
        )
        for row in rows
    )


def outbox(view: View) -> Mapping[str, int]:
    """Count the messages in each state of delivery."""
    n = t.notifications
    query = select(n.c.state, func.count()).group_by(n.c.state)
    return dict(view.people.execute(query).all())


def kept(view: View, provider: str) -> Mapping[str, int]:
    """Count the messages that a provider took, by their state of delivery."""
    n = t.notifications
    query = select(n.c.state, func.count()).where(
        n.c.provider == provider, n.c.state.in_(("accepted", "sent", "delivered"))
    )
    return dict(view.people.execute(query.group_by(n.c.state)).all())


def never_heard(view: View) -> tuple[UnheardRow, ...]:
    """Give the meters in use that never reported, in the order of their homes."""
    d, s, home = p.devices.c, p.device_states, p.households.c
    query = (
        select(d.id, d.address, home.id, home.code, home.label)
        .join(p.households, home.id == d.household_id)
        .join(s, s.c.device_id == d.id, isouter=True)
        .where(d.kind == DeviceKind.METER, d.retired_at.is_(None), home.erased_at.is_(None))
        .where(s.c.heard_at.is_(None))
        .order_by(home.code, d.id)
    )
    heard = set(view.telemetry.execute(select(m.heads.c.device_id)).scalars())
    return tuple(
        UnheardRow(*rest) for device, *rest in view.people.execute(query) if device not in heard
    )


def oldest_waiting(view: View) -> datetime | None:
    """Say since when the oldest message waits that should have gone out."""
    n = t.notifications
    waiting = n.c.state.in_(("pending", "submitting", "unknown"))
    query = select(func.min(n.c.created_at)).where(waiting)
    since: datetime | None = view.people.execute(query).scalar_one()
    return since


def inbox(view: View, limit: int, phone: str = "") -> tuple[InboxRow, ...]:
    """Give what the console provider sent, the newest first."""
    query = select(h.inbox).order_by(h.inbox.c.id.desc()).limit(limit)
    if phone:
        query = query.where(h.inbox.c.phone == phone)
    rows = view.people.execute(query).all()
    c = p.contacts.c
    people = select(c.phone, c.name).where(c.phone.in_({row.phone for row in rows}))
    owners: dict[str, str] = dict(view.people.execute(people).all())
    return tuple(InboxRow(r.id, r.phone, owners.get(r.phone, ""), r.text, r.at) for r in rows)

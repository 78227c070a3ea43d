"""Everything that belongs on the page of one home."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from meterwatch.domain.household import DeviceKind, Resident
from meterwatch.domain.signal import BELL_KINDS, SilenceRule, SubjectKind
from meterwatch.store import View
from meterwatch.store.tables import alerts as a
from meterwatch.store.tables import people as p
from meterwatch.store.tables import telemetry as m
from meterwatch.store.views.circle import CircleRow, circle
from meterwatch.store.views.homes import Freshness, HomeRow, homes_of, rows_told
from meterwatch.store.views.places import names
from meterwatch.store.views.queue import moment


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device of a home and when it was last heard."""

    id: int
    kind: DeviceKind
    address: str
    gateway: str
    hub: str
    interval_minutes: int
    heard_at: datetime | None
    measured_at: datetime | None
    litres: float | None
    battery_percent: float | None
    flags: tuple[str, ...]
    silent: bool
    resolution_litres: float = 1.0


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """One declared absence; `open` while it runs."""

    id: int
    since: datetime
    until: datetime
    reason: str
    said_by: str
    said_at: datetime
    ended_at: datetime | None
    ended_by: str
    open: bool


@dataclass(frozen=True, slots=True)
class HomePage:
    """Everything about one home."""

    row: HomeRow
    residents: tuple[Resident, ...]
    circle: tuple[CircleRow, ...]
    devices: tuple[DeviceRow, ...]
    absences: tuple[AbsenceRow, ...]
    consent: tuple[str, datetime] | None
    daily: frozenset[int]  # contacts who want to hear each day that water was used


def one(view: View, number: int, now: datetime, fresh: Freshness) -> HomePage | None:
    """Give one home with its people, devices and absences."""
    query = select(p.households).where(p.households.c.id == number)
    rows = rows_told(view, homes_of(view, query), now, fresh)
    if not rows:
        return None
    return HomePage(
        rows[0],
        _residents(view, number),
        circle(view, SubjectKind.HOUSEHOLD, number),
        _devices(view, number, now, fresh.silence),
        _absences(view, number, now),
        _consent(view, number),
        _daily(view, number),
    )


def _residents(view: View, home: int) -> tuple[Resident, ...]:
    query = select(p.residents).where(p.residents.c.household_id == home).order_by("id")
    return tuple(
        Resident(row.id, home, row.name, row.birth_year, row.lives_alone, row.disabled)
        for row in view.people.execute(query)
        if row.erased_at is None
    )


def _devices(view: View, home: int, now: datetime, rule: SilenceRule) -> tuple[DeviceRow, ...]:
    d, s = p.devices, p.device_states
    query = (
        select(d, s.c.heard_at, s.c.battery_percent, s.c.flags)
        .join(s, s.c.device_id == d.c.id, isouter=True)
        .where(d.c.household_id == home, d.c.retired_at.is_(None))
        .order_by(d.c.kind, d.c.id)
    )
    rows = view.people.execute(query).all()
    heads = select(m.heads).where(m.heads.c.device_id.in_([row.id for row in rows]))
    newest = {head.device_id: head for head in view.telemetry.execute(heads)}
    presses = _presses(view, home)
    return tuple(
        _device(row, newest.get(row.id), presses.get(row.address), now=now, rule=rule)
        for row in rows
    )


def _presses(view: View, home: int) -> Mapping[str, datetime]:
    """Say when each bell of a home was last pressed."""
    t = a.alerts.c
    query = (
        select(t.evidence, t.as_of)
        .where(t.subject_kind == SubjectKind.HOUSEHOLD, t.subject_id == home)
        .where(t.kind.in_(BELL_KINDS))
        .order_by(t.as_of)
    )
    return {str(row.evidence.get("device")): row.as_of for row in view.people.execute(query)}


def _device(
    row: Any, head: Any, pressed: datetime | None, *, now: datetime, rule: SilenceRule
) -> DeviceRow:
    told = [at for at in (row.heard_at, pressed) if at is not None]
    heard = moment(head.received_at) if head else max(told, default=None)
    meter = row.kind == DeviceKind.METER
    wait = rule.wait(timedelta(minutes=row.interval_minutes))
    return DeviceRow(
        row.id,
        DeviceKind(row.kind),
        row.address,
        row.gateway,
        row.hub,
        row.interval_minutes,
        heard,
        moment(head.measured_at) if head else None,
        head.litres if head else None,
        row.battery_percent,
        tuple(row.flags or ()),
        meter and (heard or row.watched_since) + wait <= now,
        row.resolution_litres,
    )


def _absences(view: View, home: int, now: datetime) -> tuple[AbsenceRow, ...]:
    query = select(p.absences).where(p.absences.c.household_id == home)
    rows = view.people.execute(query.order_by(p.absences.c.id.desc())).all()
    who = names(view, [name for row in rows for name in (row.said_by, row.ended_by)])
    return tuple(
        AbsenceRow(
            row.id,
            row.since,
            row.until,
            row.reason,
            who.get(row.said_by, row.said_by),
            row.said_at,
            row.ended_at,
            who.get(row.ended_by, row.ended_by),
            row.ended_at is None and row.until > now,
        )
        for row in rows
    )


def _daily(view: View, home: int) -> frozenset[int]:
    query = select(p.digests.c.contact_id).where(p.digests.c.household_id == home)
    return frozenset(view.people.execute(query).scalars())


def _consent(view: View, home: int) -> tuple[str, datetime] | None:
    t = p.consents.c
    query = (
        select(t.how, t.given_at)
        .where(t.household_id == home, t.withdrawn_at.is_(None))
        .order_by(t.given_at.desc())
    )
    row = view.people.execute(query).first()
    return (row.how, row.given_at) if row else None

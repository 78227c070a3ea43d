"""The list of homes, each in one of three states, and everything that belongs on a home's page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select

from meterwatch.domain.household import DeviceKind, Grade, Resident
from meterwatch.domain.signal import BELL_KINDS, SilenceRule, SubjectKind
from meterwatch.store import View
from meterwatch.store.tables import alerts as a
from meterwatch.store.tables import people as p
from meterwatch.store.tables import telemetry as m
from meterwatch.store.views.circle import CircleRow, circle
from meterwatch.store.views.places import area_paths, names
from meterwatch.store.views.queue import moment


class UseState(StrEnum):
    """What we know of a home's taps. Unknown is not "no water"."""

    USED = "used"
    NOT_USED = "not_used"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a home counts as used, and when as unknown."""

    used_within: timedelta = timedelta(hours=12)
    silence: SilenceRule = field(default_factory=SilenceRule)


@dataclass(frozen=True, slots=True)
class HomeRow:
    """One home on a list.

    `as_of` is the newest reading behind the state, `last_use_at` when water was last seen drawn,
    `base_litres_per_hour` what runs without pause, `alerts` how many worries stand.
    """

    id: int
    code: str
    label: str
    grade: Grade
    areas: tuple[str, ...]
    note: str = ""
    state: UseState = UseState.UNKNOWN
    as_of: datetime | None = None
    last_use_at: datetime | None = None
    base_litres_per_hour: float = 0.0
    limit_hours: float | None = None
    away_until: datetime | None = None
    alerts: int = 0


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


@dataclass(frozen=True, slots=True)
class Sought:
    """Which homes a list shall show; empty words ask for all."""

    words: str = ""
    grade: str = ""
    state: str = ""


def page(
    view: View, sought: Sought, *, after: str, limit: int, now: datetime, fresh: Freshness
) -> tuple[HomeRow, ...]:
    """Give homes with codes above `after`, in the order of their codes."""
    found: list[HomeRow] = []
    while len(found) < limit:
        query = _narrow(select(p.households), sought).where(p.households.c.code > after)
        query = query.order_by(p.households.c.code).limit(max(limit, 200 if sought.state else 0))
        rows = _told(view, _rows(view, query), now, fresh)
        found += [row for row in rows if sought.state in {"", row.state}]
        if len(rows) < limit or not sought.state:
            break
        after = rows[-1].code
    return tuple(found[:limit])


def count(view: View, now: datetime, fresh: Freshness) -> Mapping[UseState, int]:
    """Count the homes of each state."""
    alive = p.households.c.erased_at.is_(None)
    homes = set(view.people.execute(select(p.households.c.id).where(alive)).scalars())
    counts = dict.fromkeys(UseState, 0)
    stands = _stands(view, None)
    intervals = _intervals(view, None)
    for home in homes:
        state = _state(stands.get(home), intervals.get(home, 60), now, fresh)
        counts[state] += 1
    return counts


def one(view: View, number: int, now: datetime, fresh: Freshness) -> HomePage | None:
    """Give one home with its people, devices and absences."""
    query = select(p.households).where(p.households.c.id == number)
    rows = _told(view, _rows(view, query), now, fresh)
    if not rows:
        return None
    return HomePage(
        rows[0],
        _residents(view, number),
        circle(view, SubjectKind.HOUSEHOLD, number),
        _devices(view, number, now, fresh.silence),
        _absences(view, number, now),
        _consent(view, number),
    )


def _narrow(query: Select[Any], sought: Sought) -> Select[Any]:
    h, r = p.households.c, p.residents.c
    query = query.where(h.erased_at.is_(None))
    if sought.grade:
        query = query.where(h.grade == sought.grade)
    if sought.words:
        named = select(r.household_id).where(r.name.icontains(sought.words, autoescape=True))
        query = query.where(
            h.code.icontains(sought.words, autoescape=True)
            | h.label.icontains(sought.words, autoescape=True)
            | h.id.in_(named)
        )
    return query


def _rows(view: View, query: Select[Any]) -> list[HomeRow]:
    paths = area_paths(view)
    return [
        HomeRow(row.id, row.code, row.label, Grade(row.grade), paths[row.area_id], row.note)
        for row in view.people.execute(query)
    ]


def _told(view: View, rows: list[HomeRow], now: datetime, fresh: Freshness) -> list[HomeRow]:
    """Add to homes where they stand: use, absence, standing worries."""
    ids = [row.id for row in rows]
    stands, intervals = _stands(view, ids), _intervals(view, ids)
    away, worries = _away(view, ids, now), _worries(view, ids)
    told = []
    for row in rows:
        stand = stands.get(row.id)
        told.append(
            replace(
                row,
                state=_state(stand, intervals.get(row.id, 60), now, fresh),
                as_of=moment(stand.as_of) if stand else None,
                last_use_at=moment(stand.last_use_at) if stand else None,
                base_litres_per_hour=stand.base_litres_per_hour if stand else 0.0,
                limit_hours=stand.limit_hours if stand else None,
                away_until=away.get(row.id),
                alerts=worries.get(row.id, 0),
            )
        )
    return told


def _state(stand: Any, interval_minutes: int, now: datetime, fresh: Freshness) -> UseState:
    if stand is None or not stand.known:
        return UseState.UNKNOWN
    wait = fresh.silence.wait(timedelta(minutes=interval_minutes))
    if now.timestamp() - stand.as_of >= wait.total_seconds():
        return UseState.UNKNOWN
    if stand.last_use_at is None:
        return UseState.NOT_USED
    quiet = timedelta(seconds=stand.as_of - stand.last_use_at)
    return UseState.USED if quiet < fresh.used_within else UseState.NOT_USED


def _stands(view: View, ids: Collection[int] | None) -> Mapping[int, Any]:
    query = select(m.stands)
    if ids is not None:
        query = query.where(m.stands.c.household_id.in_(ids))
    return {row.household_id: row for row in view.telemetry.execute(query)}


def _intervals(view: View, ids: Collection[int] | None) -> Mapping[int, int]:
    d = p.devices.c
    query = (
        select(d.household_id, func.max(d.interval_minutes))
        .where(d.kind == DeviceKind.METER, d.retired_at.is_(None))
        .group_by(d.household_id)
    )
    if ids is not None:
        query = query.where(d.household_id.in_(ids))
    return dict(view.people.execute(query).all())


def _away(view: View, ids: Collection[int], now: datetime) -> Mapping[int, datetime]:
    t = p.absences.c
    query = (
        select(t.household_id, func.max(t.until))
        .where(t.household_id.in_(ids), t.since <= now, t.until > now, t.ended_at.is_(None))
        .group_by(t.household_id)
    )
    return dict(view.people.execute(query).all())


def _worries(view: View, ids: Collection[int]) -> Mapping[int, int]:
    t = a.alerts.c
    query = (
        select(t.subject_id, func.count())
        .where(a.STANDING, t.subject_kind == SubjectKind.HOUSEHOLD, t.subject_id.in_(ids))
        .group_by(t.subject_id)
    )
    return dict(view.people.execute(query).all())


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


def _consent(view: View, home: int) -> tuple[str, datetime] | None:
    t = p.consents.c
    query = (
        select(t.how, t.given_at)
        .where(t.household_id == home, t.withdrawn_at.is_(None))
        .order_by(t.given_at.desc())
    )
    row = view.people.execute(query).first()
    return (row.how, row.given_at) if row else None

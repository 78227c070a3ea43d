"""The list of homes, each in one of three states: used, confirmed not used, unknown."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select

from meterwatch.domain.household import VACANT, DeviceKind, Grade
from meterwatch.domain.signal import SilenceRule, SubjectKind
from meterwatch.store import View
from meterwatch.store.tables import alerts as a
from meterwatch.store.tables import people as p
from meterwatch.store.tables import telemetry as m
from meterwatch.store.views.places import area_paths
from meterwatch.store.views.queue import moment

DEGRADED = "degraded"
DEGRADED_LITRES_PER_HOUR = 1.0


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
    `base_litres_per_hour` what runs without pause, `vacant_since` since when nobody lives there,
    `alerts` how many worries stand.
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
    vacant_since: datetime | None = None
    alerts: int = 0

    @property
    def degraded(self) -> bool:
        """Whether small uses hide in water that runs without pause."""
        return self.base_litres_per_hour >= DEGRADED_LITRES_PER_HOUR


@dataclass(frozen=True, slots=True)
class Sought:
    """Which homes a list shall show; empty words ask for all.

    `state` is one of `UseState`; or `VACANT`, those that are taken for empty, whatever is known; or
    `DEGRADED`, those that leak.
    """

    words: str = ""
    grade: str = ""
    state: str = ""


def page(
    view: View, sought: Sought, *, after: str, limit: int, now: datetime, fresh: Freshness
) -> tuple[HomeRow, ...]:
    """Give homes with codes above `after`, in the order of their codes."""
    found: list[HomeRow] = []
    while len(found) < limit:
        query = _narrow(select(p.households), sought, now).where(p.households.c.code > after)
        query = query.order_by(p.households.c.code).limit(max(limit, 200 if sought.state else 0))
        rows = rows_told(view, homes_of(view, query), now, fresh)
        found += [row for row in rows if _fits(row, sought.state)]
        if len(rows) < limit or sought.state in {"", VACANT}:
            break
        after = rows[-1].code
    return tuple(found[:limit])


def _fits(row: HomeRow, state: str) -> bool:
    if state == DEGRADED:
        return row.degraded
    return state in {"", VACANT, row.state}


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


def _narrow(query: Select[Any], sought: Sought, now: datetime) -> Select[Any]:
    h, r = p.households.c, p.residents.c
    query = query.where(h.erased_at.is_(None))
    if sought.state == VACANT:
        query = query.where(h.id.in_(_vacant(now)))
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


def homes_of(view: View, query: Select[Any]) -> list[HomeRow]:
    """Give the homes that a query names, without where they stand."""
    paths = area_paths(view)
    return [
        HomeRow(row.id, row.code, row.label, Grade(row.grade), paths[row.area_id], row.note)
        for row in view.people.execute(query)
    ]


def rows_told(view: View, rows: list[HomeRow], now: datetime, fresh: Freshness) -> list[HomeRow]:
    """Add to homes where they stand: use, absence, standing worries."""
    ids = [row.id for row in rows]
    stands, intervals = _stands(view, ids), _intervals(view, ids)
    away, worries, vacant = _away(view, ids, now), _worries(view, ids), vacant_homes(view, now)
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
                vacant_since=vacant.get(row.id),
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


def vacant_homes(view: View, now: datetime) -> Mapping[int, datetime]:
    """Give the homes that are taken for empty, and since when."""
    t = p.absences.c
    query = select(t.household_id, t.since).where(t.household_id.in_(_vacant(now)))
    query = query.where(t.reason == VACANT, t.ended_at.is_(None)).order_by(t.since.desc())
    return dict(view.people.execute(query).all())


def _vacant(now: datetime) -> Select[Any]:
    t = p.absences.c
    running = (t.since <= now, t.until > now, t.ended_at.is_(None))
    return select(t.household_id).where(t.reason == VACANT, *running)


def _worries(view: View, ids: Collection[int]) -> Mapping[int, int]:
    t = a.alerts.c
    query = (
        select(t.subject_id, func.count())
        .where(a.STANDING, t.subject_kind == SubjectKind.HOUSEHOLD, t.subject_id.in_(ids))
        .group_by(t.subject_id)
    )
    return dict(view.people.execute(query).all())

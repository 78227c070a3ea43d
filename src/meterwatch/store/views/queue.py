"""The queue: every worry that nobody has answered yet, and one line of truth above it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import case, func, select

from meterwatch.domain.alert import Alert, State
from meterwatch.domain.household import DeviceKind
from meterwatch.domain.signal import HUB_SILENT, LIFE_KINDS, METER_SILENT, SubjectKind
from meterwatch.store import View
from meterwatch.store.rows import alert_from
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people as p
from meterwatch.store.tables import telemetry as m
from meterwatch.store.views.places import Place, names, places


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One alert on a list.

    `acted_at` is when a person last did anything about it, `heard_at` when a meter of the home was
    last heard, `judged_at` the newest reading that was judged, `owner` the name of who has it,
    `base_litres_per_hour` what runs there without pause.
    """

    alert: Alert
    place: Place | None
    owner: str
    acted_at: datetime | None
    heard_at: datetime | None
    judged_at: datetime | None = None
    closed_by: str = ""
    base_litres_per_hour: float = 0.0


@dataclass(frozen=True, slots=True)
class Truth:
    """The line on top: what stands, what nobody has, and whether we still see anything."""

    standing: int
    unclaimed: int
    calling: int
    oldest: datetime | None
    silent_meters: int
    newest_reading_at: datetime | None


def standing(view: View, limit: int = 300) -> tuple[QueueRow, ...]:
    """Give the standing alerts, worries about life before upkeep and the oldest first."""
    life_first = case((t.alerts.c.kind.in_(LIFE_KINDS), 0), else_=1)
    query = (
        select(t.alerts)
        .where(t.STANDING)
        .order_by(life_first, t.alerts.c.opened_at, t.alerts.c.id)
        .limit(limit)
    )
    return rows_of(view, [alert_from(row) for row in view.people.execute(query).mappings()])


def rows_of(view: View, found: Collection[Alert]) -> tuple[QueueRow, ...]:
    """Put beside alerts where they are, who has them, and what was last done or heard."""
    where = places(view, [(alert.subject_kind, alert.subject_id) for alert in found])
    who = names(view, [name for alert in found for name in (alert.owner, alert.closed_by)])
    acted = _last_acts(view, [alert.id for alert in found])
    homes = {a.subject_id for a in found if a.subject_kind is SubjectKind.HOUSEHOLD}
    heard, stands = last_heard(view, homes), _stands(view, homes)

    def row(alert: Alert) -> QueueRow:
        home = alert.subject_id if alert.subject_kind is SubjectKind.HOUSEHOLD else 0
        judged_at, base = stands.get(home, (None, 0.0))
        return QueueRow(
            alert,
            where.get((alert.subject_kind, alert.subject_id)),
            who.get(alert.owner, ""),
            acted.get(alert.id),
            heard.get(home),
            judged_at,
            who.get(alert.closed_by, ""),
            base,
        )

    return tuple(row(alert) for alert in found)


def truth(view: View) -> Truth:
    """Read the line of truth.

    `calling` counts the worries about life that nobody has: they are what the console rings for.
    """
    open_ = t.alerts.c.state == State.OPEN
    life = t.alerts.c.kind.in_(LIFE_KINDS)
    query = select(
        func.count(),
        func.count(case((open_, 1))),
        func.count(case((open_ & life, 1))),
        func.min(t.alerts.c.opened_at),
    ).where(t.STANDING)
    stands, unclaimed, calling, oldest = view.people.execute(query).one()
    newest = view.telemetry.execute(select(func.max(m.readings.c.received_at))).scalar_one()
    return Truth(stands, unclaimed, calling, oldest, _silent_meters(view), moment(newest))


def last_heard(view: View, homes: Collection[int]) -> Mapping[int, datetime]:
    """Say when each home's meters were last heard."""
    meters = select(p.devices.c.id, p.devices.c.household_id).where(
        p.devices.c.household_id.in_(homes), p.devices.c.kind == DeviceKind.METER
    )
    home_of = {row.id: row.household_id for row in view.people.execute(meters)}
    heads = select(m.heads.c.device_id, m.heads.c.received_at).where(
        m.heads.c.device_id.in_(home_of)
    )
    newest: dict[int, int] = {}
    for device, at in view.telemetry.execute(heads):
        home = home_of[device]
        newest[home] = max(at, newest.get(home, at))
    return {home: datetime.fromtimestamp(at, UTC) for home, at in newest.items()}


def _stands(view: View, homes: Collection[int]) -> Mapping[int, tuple[datetime | None, float]]:
    """Give when each home was last judged, and what runs there without pause."""
    columns = (m.stands.c.household_id, m.stands.c.as_of, m.stands.c.base_litres_per_hour)
    query = select(*columns).where(m.stands.c.household_id.in_(homes))
    found = view.telemetry.execute(query)
    return {home: (datetime.fromtimestamp(at, UTC), base) for home, at, base in found}


def moment(epoch: float | None) -> datetime | None:
    """Turn epoch seconds into a moment."""
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)


def _last_acts(view: View, ids: Collection[int]) -> Mapping[int, datetime]:
    lines = t.alert_lines
    query = (
        select(lines.c.alert_id, func.max(lines.c.at))
        .where(lines.c.alert_id.in_(ids), lines.c.actor != "system")
        .group_by(lines.c.alert_id)
    )
    return dict(view.people.execute(query).all())


def _silent_meters(view: View) -> int:
    """Count the homes that standing alerts call silent, one by one or by their hub."""
    query = select(t.alerts.c.kind, t.alerts.c.evidence).where(
        t.STANDING,
        (t.alerts.c.kind == METER_SILENT) | t.alerts.c.kind.startswith(f"{HUB_SILENT}:"),
    )
    return sum(
        1 if kind == METER_SILENT else int(evidence.get("homes", 1))
        for kind, evidence in view.people.execute(query)
    )

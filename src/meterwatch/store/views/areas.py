"""Groups of homes on a page: the homes of an alert about one, and announced outages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from meterwatch.domain.alert import Alert
from meterwatch.domain.outage import GroupKind, Outage, group_key, key_of_worry
from meterwatch.domain.signal import AREA_KINDS, SubjectKind
from meterwatch.store import View
from meterwatch.store.areas import Areas, outage_from
from meterwatch.store.tables import groups as g
from meterwatch.store.tables import people as t
from meterwatch.store.views.places import area_paths, names

Evidence = Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class EvidenceHome:
    """A home of a group; `before` if it was silent before the others."""

    id: int
    code: str
    before: bool


@dataclass(frozen=True, slots=True)
class OutageRow:
    """An announced outage, where it is and who said so."""

    outage: Outage
    areas: tuple[str, ...]
    said_by: str
    ended_by: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A group for which an outage can be announced."""

    value: str
    kind: GroupKind
    name: str
    areas: tuple[str, ...]


def evidence_homes(view: View, evidence: Evidence) -> tuple[EvidenceHome, ...]:
    """Give the homes that an alert about a group names, those silent before the rest first."""
    quiet, before = (_ids(evidence.get(name)) for name in ("quiet", "before"))
    h = t.households.c
    query = select(h.id, h.code).where(h.id.in_(quiet | before)).order_by(h.code)
    found = [EvidenceHome(row.id, row.code, row.id in before) for row in view.people.execute(query)]
    return tuple(sorted(found, key=lambda home: not home.before))


def _ids(listed: float | str | None) -> set[int]:
    return {int(number) for number in str(listed or "").split(",") if number.isdecimal()}


def outages(view: View, since: datetime) -> tuple[OutageRow, ...]:
    """Give the announced outages that end after a moment, the last to begin first."""
    query = select(g.outages).where(g.outages.c.until > since)
    rows = view.people.execute(query.order_by(g.outages.c.since.desc())).mappings().all()
    paths = area_paths(view)
    who = names(view, [row[name] for row in rows for name in ("said_by", "ended_by")])
    return tuple(
        OutageRow(
            outage_from(row),
            paths.get(row["area_id"], ()),
            who.get(row["said_by"], ""),
            who.get(row["ended_by"], ""),
        )
        for row in rows
    )


def outages_around(view: View, alert: Alert) -> tuple[OutageRow, ...]:
    """Give the announced outages that fall into the time of an alert about a home or a group."""
    number, kind = alert.subject_id, alert.kind
    if alert.subject_kind is SubjectKind.HOUSEHOLD:
        keys = Areas(view.people).keys_of([number]).get(number, frozenset())
    elif kind.partition(":")[0] in AREA_KINDS:
        keys = frozenset({group_key(GroupKind.AREA, number, ""), key_of_worry(kind, number)})
    else:
        return ()
    return tuple(
        row
        for row in outages(view, alert.began_at)
        if row.outage.since <= alert.as_of
        and row.outage.ends_at > alert.began_at
        and row.outage.key in keys
    )


def choices(view: View) -> tuple[Choice, ...]:
    """Give every group for which an outage can be announced: areas, buildings, zones, hubs."""
    paths = area_paths(view)
    found = [Choice(f"{GroupKind.AREA}:{area}:", GroupKind.AREA, "", paths[area]) for area in paths]
    for group in Areas(view.people).groups(1, whole=True):
        if group.kind is not GroupKind.AREA:
            value = f"{group.kind}:{group.area_id}:{group.name}"
            found.append(Choice(value, group.kind, group.name, paths.get(group.area_id, ())))
    return tuple(sorted(found, key=lambda one: (one.areas, one.kind, one.name)))

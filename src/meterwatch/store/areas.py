"""What homes have in common, and when water was off for them, within one transaction."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, or_, select, update

from meterwatch.domain.household import DeviceKind
from meterwatch.domain.outage import (
    Group,
    GroupKind,
    Outage,
    Spell,
    group_key,
    key_of_worry,
    subject_area,
)
from meterwatch.domain.signal import AREA_QUIET, SubjectKind
from meterwatch.store.tables import alerts as a
from meterwatch.store.tables import groups as g
from meterwatch.store.tables import people as t

_STANDS_AT_MOST = timedelta(days=14)  # what stands for longer explains nothing any more
_IN_ORDER = list(GroupKind)

Path = tuple[int, ...]
Name = tuple[GroupKind, int, str]


class Areas:
    """Groups of homes and their outages."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def groups(self, least: int, *, whole: bool = False) -> tuple[Group, ...]:
        """Give every group of at least so many homes with a meter.

        Of groups with the same homes the first kind stands for all, unless the `whole` is wanted.
        """
        homes: defaultdict[Name, list[int]] = defaultdict(list)
        paths: dict[int, Path] = {}
        for home, path, names in self._homes(None):
            paths[home] = path
            for named in names:
                homes[named].append(home)
        found: dict[object, Group] = {}
        for (kind, area, name), members in sorted(homes.items(), key=_rank):
            same = (kind, area, name) if whole else tuple(members)
            if len(members) >= least and same not in found:
                wide = kind in {GroupKind.ZONE, GroupKind.HUB}
                about = subject_area([paths[home] for home in members]) if wide else area
                found[same] = Group(kind, about, name, tuple(members))
        return tuple(found.values())

    def keys_of(self, homes: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Give the keys of every group that each of these homes belongs to."""
        return {
            home: frozenset(group_key(*name) for name in names)
            for home, _, names in self._homes(homes)
        }

    def members(self, key: str) -> frozenset[int]:
        """Give the homes of a group."""
        found = self._homes(None)
        return frozenset(
            home for home, _, names in found if any(group_key(*name) == key for name in names)
        )

    def _homes(self, homes: Collection[int] | None) -> list[tuple[int, Path, tuple[Name, ...]]]:
        paths = self._paths()
        h, d = t.households.c, t.devices.c
        meter = (d.kind == DeviceKind.METER) & d.retired_at.is_(None)
        query = select(h.id, h.area_id, h.building, h.zone, d.hub)
        query = query.join_from(t.households, t.devices).where(meter).order_by(h.id)
        if homes is not None:
            query = query.where(h.id.in_(homes))
        found: dict[int, tuple[Path, set[Name]]] = {}
        for home, area, building, zone, hub in self._connection.execute(query):
            names = found.setdefault(home, (paths[area], set()))[1]
            names |= {(GroupKind.AREA, each, "") for each in paths[area]}
            names |= {(GroupKind.BUILDING, area, building)} if building else set()
            names |= {(GroupKind.ZONE, 0, zone)} if zone else set()
            names |= {(GroupKind.HUB, 0, hub)} if hub else set()
        return [(home, path, tuple(sorted(names))) for home, (path, names) in found.items()]

    def _paths(self) -> Mapping[int, Path]:
        """Give each area the ids on the way down to it."""
        rows = self._connection.execute(select(t.areas.c.id, t.areas.c.parent_id))
        parents = {row.id: row.parent_id for row in rows}

        def down_to(area: int) -> Path:
            parent = parents[area]
            return (area,) if parent is None else (*down_to(parent), area)

        return {area: down_to(area) for area in parents}

    def spells(self, since: datetime) -> tuple[Spell, ...]:
        """Give the times without water that had not ended at `since`, seen or announced."""
        c = a.alerts.c
        lately = or_(a.STANDING, c.closed_at > since), c.opened_at > since - _STANDS_AT_MOST
        kind = or_(c.kind == AREA_QUIET, c.kind.startswith(f"{AREA_QUIET}:", autoescape=True))
        query = select(c.kind, c.subject_id, c.began_at, c.closed_at)
        query = query.where(c.subject_kind == SubjectKind.AREA, kind, *lately).order_by(c.id)
        seen = (
            Spell(key_of_worry(row.kind, row.subject_id), row.began_at, row.closed_at)
            for row in self._connection.execute(query)
        )
        return (*seen, *(outage.spell for outage in self.outages(since)))

    def outages(self, since: datetime) -> tuple[Outage, ...]:
        """Give the announced outages that had not ended at `since`, the first to begin first."""
        c = g.outages.c
        return self._read(c.until > since, or_(c.ended_at.is_(None), c.ended_at > since))

    def outage(self, number: int) -> Outage | None:
        """Give one announced outage."""
        return next(iter(self._read(g.outages.c.id == number)), None)

    def _read(self, *where: ColumnElement[bool]) -> tuple[Outage, ...]:
        query = select(g.outages).where(*where).order_by(g.outages.c.since, g.outages.c.id)
        return tuple(outage_from(row) for row in self._connection.execute(query).mappings())

    def announce(self, outage: Outage, by: str, now: datetime) -> int:
        """Keep an announced outage and give its id."""
        row = g.outages.insert().values(
            kind=outage.kind,
            area_id=outage.area_id,
            name=outage.name,
            since=outage.since,
            until=outage.until,
            what=outage.what,
            said_by=by,
            said_at=now,
            ended_by="",
        )
        number: int = self._connection.execute(row.returning(g.outages.c.id)).scalar_one()
        return number

    def end(self, number: int, by: str, now: datetime) -> bool:
        """End an announced outage before its time; tell whether it was still to run."""
        c = g.outages.c
        row = update(g.outages).where(c.id == number, c.ended_at.is_(None), c.until > now)
        return bool(self._connection.execute(row.values(ended_at=now, ended_by=by)).rowcount)


def outage_from(row: RowMapping) -> Outage:
    """Read an outage from its row."""
    return Outage(
        row["id"],
        GroupKind(row["kind"]),
        row["area_id"],
        row["name"],
        row["since"],
        row["until"],
        row["what"],
        row["said_by"],
        row["ended_at"],
    )


def _rank(named: tuple[Name, list[int]]) -> tuple[int, int, int, str]:
    """Order groups by kind; of areas the nearest, which were made after those above them."""
    (kind, area, name), _ = named
    return (_IN_ORDER.index(kind), -area, len(name), name)

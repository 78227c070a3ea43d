"""Homes as an office registers them: areas, households, people, devices and consent, in bulk.

An import says what there is. What is new is added, what is different is changed, what is not
mentioned stays; nothing is ever deleted.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, select

from meterwatch.domain.household import Area, Level
from meterwatch.store.house import HOMES_REVISION, House
from meterwatch.store.tables import people as t

Key = tuple[Any, ...]
Values = Mapping[str, Any]

_LOCK = 7_301_189  # any number, the same for everybody who registers in bulk


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing as somebody registers it: what is said of it, and what a new one has besides."""

    key: Key
    said: Values = field(default_factory=dict, repr=False)
    otherwise: Values = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the entries; `ids` are by their keys (ties have none)."""

    ids: Mapping[Key, int]
    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Registered:
    """A household that is there already."""

    id: int
    area_id: int
    erased: bool


@dataclass(frozen=True, slots=True)
class RegisteredDevice:
    """A device that is there already."""

    household: str
    kind: str
    retired: bool


class Registry:
    """What is registered, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def alone(self) -> None:
        """Wait until nobody else registers in bulk; on SQLite the transaction is that already."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    def areas(self) -> tuple[Area, ...]:
        """Give the whole tree of areas."""
        query = select(t.areas).order_by(t.areas.c.id)
        return tuple(
            Area(row.id, row.parent_id, Level(row.level), row.name)
            for row in self._connection.execute(query)
        )

    def add_area(self, parent: int | None, level: Level, name: str) -> Area:
        """Add an area below another, or at the top."""
        row = t.areas.insert().values(parent_id=parent, level=level, name=name)
        number: int = self._connection.execute(row.returning(t.areas.c.id)).scalar_one()
        return Area(number, parent, level, name)

    def households(self) -> Mapping[str, Registered]:
        """Give the households that there are, by code."""
        home = t.households.c
        query = select(home.code, home.id, home.area_id, home.erased_at.is_not(None))
        return {
            code: Registered(number, area, erased)
            for code, number, area, erased in self._connection.execute(query)
        }

    def devices(self) -> Mapping[str, RegisteredDevice]:
        """Give the devices that there are, by address."""
        device = t.devices.c
        query = select(
            device.address, t.households.c.code, device.kind, device.retired_at.is_not(None)
        ).join(t.households)
        return {
            address: RegisteredDevice(code, kind, retired)
            for address, code, kind, retired in self._connection.execute(query)
        }

    def keep_households(self, entries: Iterable[Entry]) -> Kept:
        """Keep households, by (code,)."""
        return self._keep(t.households, ("code",), entries)

    def keep_residents(self, entries: Iterable[Entry]) -> Kept:
        """Keep residents, by (household id, name)."""
        return self._keep(t.residents, ("household_id", "name"), entries)

    def keep_contacts(self, entries: Iterable[Entry]) -> Kept:
        """Keep contacts, by (name, phone)."""
        return self._keep(t.contacts, ("name", "phone"), entries)

    def keep_devices(self, entries: Iterable[Entry]) -> Kept:
        """Keep devices, by (address,)."""
        return self._keep(t.devices, ("address",), entries)

    def keep_consents(self, entries: Iterable[Entry]) -> Kept:
        """Keep consents, by (household id, who gave it, when)."""
        return self._keep(t.consents, ("household_id", "given_by", "given_at"), entries)

    def tie_to_homes(self, ties: Iterable[Key]) -> Kept:
        """Let contacts belong to homes: (household id, contact id, role)."""
        return self._tie(t.household_contacts, ("household_id", "contact_id", "role"), ties)

    def tie_to_areas(self, ties: Iterable[Key]) -> Kept:
        """Let contacts belong to areas: (area id, contact id, role)."""
        return self._tie(t.area_contacts, ("area_id", "contact_id", "role"), ties)

    def phones(self, households: Collection[int]) -> Mapping[int, int]:
        """Count the different numbers that can be sent a message about each home."""
        shared = self._numbers(t.area_contacts, "area_id")
        own = self._numbers(t.household_contacts, "household_id")
        parents = {area.id: area.parent_id for area in self.areas()}
        homes = {home.id: home.area_id for home in self.households().values()}
        return {
            home: len(own[home].union(*(shared[area] for area in _upwards(homes[home], parents))))
            for home in households
        }

    def without_consent(self, households: Collection[int]) -> frozenset[int]:
        """Name the homes that have no consent standing."""
        consent = t.consents.c
        query = select(consent.household_id).where(consent.withdrawn_at.is_(None))
        return frozenset(households) - set(self._connection.execute(query).scalars())

    def bump(self) -> None:
        """Tell every role that homes or devices were edited."""
        House(self._connection).bump(HOMES_REVISION)

    def _numbers(self, link: Table, owner: str) -> defaultdict[int, set[str]]:
        query = (
            select(link.c[owner], t.contacts.c.phone)
            .join(t.contacts, t.contacts.c.id == link.c.contact_id)
            .where(t.contacts.c.can_text, t.contacts.c.erased_at.is_(None))
        )
        found: defaultdict[int, set[str]] = defaultdict(set)
        for number, phone in self._connection.execute(query):
            found[number].add(phone)
        return found

    def _keep(self, table: Table, key: tuple[str, ...], entries: Iterable[Entry]) -> Kept:
        there = self._there(table, key)
        wanted = {entry.key: entry for entry in entries}
        added = [entry for entry in wanted.values() if entry.key not in there]
        differing = [
            entry
            for entry in wanted.values()
            if entry.key in there and _differs(there[entry.key], entry.said)
        ]
        self._change(table, [(there[entry.key]["id"], entry.said) for entry in differing])
        ids = {entry.key: there[entry.key]["id"] for entry in wanted.values() if entry.key in there}
        ids |= self._add(table, key, added)
        unchanged = len(wanted) - len(added) - len(differing)
        return Kept(ids, len(added), len(differing), unchanged)

    def _there(self, table: Table, key: tuple[str, ...]) -> dict[Key, Values]:
        query = select(table)
        if "erased_at" in table.c and table is not t.households:
            query = query.where(table.c.erased_at.is_(None))
        rows = self._connection.execute(query.order_by(table.c.id.desc())).mappings()
        return {tuple(row[name] for name in key): dict(row) for row in rows}

    def _add(self, table: Table, key: tuple[str, ...], entries: Sequence[Entry]) -> dict[Key, int]:
        if not entries:
            return {}
        rows = [
            {**entry.otherwise, **entry.said, **dict(zip(key, entry.key, strict=True))}
            for entry in entries
        ]
        insert = table.insert().returning(table.c.id, sort_by_parameter_order=True)
        ids = self._connection.execute(insert, rows).scalars()
        return {entry.key: number for entry, number in zip(entries, ids, strict=True)}

    def _change(self, table: Table, changes: Sequence[tuple[int, Values]]) -> None:
        for number, said in changes:
            row = table.update().where(table.c.id == bindparam("number"))
            self._connection.execute(row.values(dict(said)), {"number": number})

    def _tie(self, link: Table, names: tuple[str, str, str], ties: Iterable[Key]) -> Kept:
        rows = self._connection.execute(select(*(link.c[name] for name in (*names, "rank"))))
        there: set[Key] = set()
        last: defaultdict[Key, int] = defaultdict(lambda: -1)
        for owner, contact, role, rank in rows:
            there.add((owner, contact, role))
            last[owner, role] = max(last[owner, role], rank)
        added = []
        wanted = dict.fromkeys(ties)
        for tie in (tie for tie in wanted if tie not in there):
            owner, _contact, role = tie
            last[owner, role] += 1
            added.append({**dict(zip(names, tie, strict=True)), "rank": last[owner, role]})
        if added:
            self._connection.execute(link.insert(), added)
        return Kept({}, len(added), 0, len(wanted) - len(added))


def _differs(stored: Values, said: Values) -> bool:
    return any(stored[name] != value for name, value in said.items())


def _upwards(area: int | None, parents: Mapping[int, int | None]) -> Iterable[int]:
    while area is not None:
        yield area
        area = parents[area]

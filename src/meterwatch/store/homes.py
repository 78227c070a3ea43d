"""Homes as the pipeline asks for them: devices, circles of people, absences, swaps."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    func,
    or_,
    select,
    update,
)

from meterwatch.domain.alert import Circle
from meterwatch.domain.fact import DeviceStatus
from meterwatch.domain.household import VACANT, Absence, Contact, Device, Grade, Role, Swap
from meterwatch.domain.notification import MessageKind
from meterwatch.domain.signal import SubjectKind
from meterwatch.gateways.base import FieldMap
from meterwatch.store.dialects import insert_into
from meterwatch.store.rows import absence_from, contact_from, device_from, swap_from
from meterwatch.store.tables import people as t
from meterwatch.store.tables.alerts import notifications

Subject = tuple[SubjectKind, int]


@dataclass(frozen=True, slots=True)
class Watched:
    """One device that is in service, and where it is."""

    device: Device
    area_id: int
    since: datetime
    fields: FieldMap | None


class Homes:
    """Households, devices and people, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def watched(self) -> tuple[Watched, ...]:
        """Give every device in service."""
        return self._devices(t.devices.c.retired_at.is_(None))

    def retired(self) -> tuple[Watched, ...]:
        """Give every device that was taken out of service: its bell may be pressed all the same."""
        return self._devices(t.devices.c.retired_at.is_not(None))

    def _devices(self, which: ColumnElement[bool]) -> tuple[Watched, ...]:
        query = select(t.devices, t.households.c.area_id).join(t.households)
        query = query.where(which).order_by(t.devices.c.id)
        return tuple(
            Watched(
                device_from(row),
                row["area_id"],
                row["watched_since"],
                _field_map(row),
            )
            for row in self._connection.execute(query).mappings()
        )

    def swaps(self) -> tuple[Swap, ...]:
        """Give every declared swap."""
        query = select(t.swaps).order_by(t.swaps.c.at, t.swaps.c.id)
        return tuple(swap_from(row) for row in self._connection.execute(query).mappings())

    def declare_swap(self, swap: Swap, by: str, now: datetime) -> None:
        """Keep a declared exchange of a meter."""
        self._connection.execute(
            t.swaps.insert().values(
                device_id=swap.device_id,
                at=swap.at,
                old_final_litres=swap.old_final_litres,
                new_start_litres=swap.new_start_litres,
                said_by=by,
                said_at=now,
            )
        )

    def note_statuses(self, statuses: Iterable[tuple[int, DeviceStatus]]) -> None:
        """Keep the newest word of each device about itself; an older one changes nothing."""
        for device_id, status in statuses:
            new = insert_into(self._connection, t.device_states).values(
                device_id=device_id,
                heard_at=status.measured_at,
                battery_percent=status.battery_percent,
                flags=list(status.flags),
            )
            self._connection.execute(
                new.on_conflict_do_update(
                    index_elements=["device_id"],
                    set_={
                        "heard_at": new.excluded.heard_at,
                        "battery_percent": new.excluded.battery_percent,
                        "flags": new.excluded.flags,
                    },
                    where=new.excluded.heard_at > t.device_states.c.heard_at,
                )
            )

    def top_area(self) -> int | None:
        """Name the area above all others, if there is one."""
        query = select(t.areas.c.id).where(t.areas.c.parent_id.is_(None)).order_by(t.areas.c.id)
        return self._connection.execute(query.limit(1)).scalar_one_or_none()

    def code_of(self, household: int) -> str | None:
        """Give the office's own number of a home."""
        query = select(t.households.c.code).where(t.households.c.id == household)
        return self._connection.execute(query).scalar_one_or_none()

    def grade(self, subject: Subject) -> Grade:
        """Give the care grade of a home; an area counts as green."""
        if subject[0] is SubjectKind.AREA:
            return Grade.GREEN
        query = select(t.households.c.grade).where(t.households.c.id == subject[1])
        return Grade(self._connection.execute(query).scalar_one())

    def budgets(self) -> Mapping[int, tuple[Grade, float | None]]:
        """Give the grade of each home, and its own false alarms a year where they were set."""
        h = t.households.c
        query = select(h.id, h.grade, h.alarms_per_year)
        return {row[0]: (Grade(row[1]), row[2]) for row in self._connection.execute(query)}

    def set_budget(self, household: int, alarms_per_year: float | None) -> bool:
        """Set how many false alarms a year a home may cost; tell whether there is such a home."""
        h = t.households
        new = update(h).where(h.c.id == household).values(alarms_per_year=alarms_per_year)
        return self._connection.execute(new).rowcount > 0

    def circle(self, subject: Subject, told: Collection[int] = ()) -> Circle:
        """Name everybody who can be sent a message about a home or an area now, by role."""
        kind, number = subject
        by_role: dict[Role, list[int]] = {}
        if kind is SubjectKind.HOUSEHOLD:
            mine = t.household_contacts
            self._gather(by_role, self._reachable(mine, mine.c.household_id == number))
            home = select(t.households.c.area_id).where(t.households.c.id == number)
            number = self._connection.execute(home).scalar_one()
        for area in self._upwards(number):
            theirs = t.area_contacts
            self._gather(by_role, self._reachable(theirs, theirs.c.area_id == area))
        return Circle({role: tuple(ids) for role, ids in by_role.items()}, frozenset(told))

    def _reachable(self, link: Table, where: ColumnElement[bool]) -> Select[str, int]:
        return (
            select(link.c.role, link.c.contact_id)
            .join(t.contacts, t.contacts.c.id == link.c.contact_id)
            .where(where, t.contacts.c.can_text, t.contacts.c.erased_at.is_(None))
            .order_by(link.c.rank, link.c.contact_id)
        )

    def _gather(self, by_role: dict[Role, list[int]], query: Select[str, int]) -> None:
        for role, contact in self._connection.execute(query):
            ids = by_role.setdefault(Role(role), [])
            if contact not in ids:
                ids.append(contact)

    def _upwards(self, area: int | None) -> Iterable[int]:
        while area is not None:
            yield area
            parent = select(t.areas.c.parent_id).where(t.areas.c.id == area)
            area = self._connection.execute(parent).scalar_one_or_none()

    def contacts(self, ids: Collection[int]) -> Mapping[int, Contact]:
        """Give contacts by id; those whose data was erased are left out."""
        query = select(t.contacts).where(t.contacts.c.id.in_(ids), t.contacts.c.erased_at.is_(None))
        rows = self._connection.execute(query).mappings()
        return {row["id"]: contact_from(row) for row in rows}

    def contacts_of_number(self, phone: str) -> tuple[Contact, ...]:
        """Give everybody who is called at this number."""
        query = select(t.contacts).where(
            t.contacts.c.phone == phone, t.contacts.c.erased_at.is_(None)
        )
        rows = self._connection.execute(query.order_by(t.contacts.c.id)).mappings()
        return tuple(contact_from(row) for row in rows)

    def roles_of(self, contact: int, household: int) -> tuple[Role, ...]:
        """Say what a contact is to a home, directly or by its areas."""
        circle = self.circle((SubjectKind.HOUSEHOLD, household))
        return tuple(role for role, ids in circle.by_role.items() if contact in ids)

    def homes_of_contact(self, contact: int) -> tuple[int, ...]:
        """Name the homes a contact belongs to directly."""
        query = select(t.household_contacts.c.household_id).where(
            t.household_contacts.c.contact_id == contact
        )
        return tuple(sorted(set(self._connection.execute(query).scalars())))

    def absences(self, since: datetime) -> Mapping[int, tuple[Absence, ...]]:
        """Give the absences of each home that had not ended at `since`."""
        query = select(t.absences).where(t.absences.c.until > since).order_by(t.absences.c.since)
        found: dict[int, tuple[Absence, ...]] = {}
        for row in self._connection.execute(query).mappings():
            home = row["household_id"]
            found[home] = (*found.get(home, ()), absence_from(row))
        return found

    def declare_absence(self, absence: Absence, by: str, now: datetime) -> int:
        """Keep a declared absence and give its id."""
        number: int = self._connection.execute(
            t.absences.insert()
            .values(
                household_id=absence.household_id,
                since=absence.since,
                until=absence.until,
                reason=absence.reason,
                said_by=by,
                said_at=now,
                ended_by="",
            )
            .returning(t.absences.c.id)
        ).scalar_one()
        return number

    def absence_now(self, household: int, now: datetime) -> Absence | None:
        """Give the absence of a home that runs now; of several the one that ends last."""
        a = t.absences.c
        running = (a.ended_at.is_(None), a.since <= now, a.until > now)
        query = select(t.absences).where(a.household_id == household, *running)
        row = self._connection.execute(query.order_by(a.until.desc()).limit(1)).mappings().first()
        return absence_from(row) if row else None

    def vacant(self, now: datetime) -> Mapping[int, datetime]:
        """Give the homes that are taken for empty, and since when."""
        a = t.absences.c
        running = (a.ended_at.is_(None), a.since <= now, a.until > now)
        query = select(a.household_id, func.min(a.since)).where(a.reason == VACANT, *running)
        return dict(self._connection.execute(query.group_by(a.household_id)).all())

    def home_of_absence(self, absence_id: int) -> int | None:
        """Name the home of an absence."""
        query = select(t.absences.c.household_id).where(t.absences.c.id == absence_id)
        return self._connection.execute(query).scalar_one_or_none()

    def away_for(self, contact: int, now: datetime) -> tuple[int, ...]:
        """Name the homes away now that are a contact's own, or of which this contact was told."""
        n, a = notifications.c, t.absences.c
        told = select(n.about).where(n.contact_id == contact, n.kind == MessageKind.ABSENCE)
        numbers = [int(about.partition(":")[2]) for about in self._connection.scalars(told)]
        mine = or_(a.id.in_(numbers), a.household_id.in_(self.homes_of_contact(contact)))
        running = (a.ended_at.is_(None), a.since <= now, a.until > now)
        query = select(a.household_id).distinct().where(mine, *running)
        return tuple(sorted(self._connection.scalars(query)))

    def end_absences(self, household: int, by: str, now: datetime) -> int:
        """End what absences of a home are running; give how many there were."""
        running = (
            t.absences.c.household_id == household,
            t.absences.c.ended_at.is_(None),
            t.absences.c.since <= now,
            t.absences.c.until > now,
        )
        ended = update(t.absences).where(*running).values(ended_at=now, ended_by=by)
        return self._connection.execute(ended).rowcount


def _field_map(row: RowMapping) -> FieldMap | None:
    """Read where a device keeps its register, or which of its words are a press."""
    if not row["field"]:
        return None
    words = tuple(word.strip() for word in row["words"].split(",") if word.strip())
    return FieldMap(row["field"], row["unit"], row["factor"], words)

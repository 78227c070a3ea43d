"""An invented street in a store: one home, everybody around it, a meter and a bell."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from meterwatch.domain.household import DeviceKind, Grade, Level, Role
from meterwatch.store import Store, Transaction
from meterwatch.store.house import HOMES_REVISION
from meterwatch.store.tables import people as t

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Home:
    """The ids of a home and of what speaks for it."""

    id: int
    meter: int
    meter_address: str
    button_address: str


@dataclass(frozen=True, slots=True)
class Street:
    """The ids of an area and of those around its first home; phones are by contact id."""

    area: int
    home: Home
    guardian: int
    community: int
    neighbour: int
    street_duty: int
    district_duty: int

    @property
    def everybody(self) -> tuple[int, ...]:
        return (
            self.guardian,
            self.community,
            self.neighbour,
            self.street_duty,
            self.district_duty,
        )


def phone(contact: int) -> str:
    """Give the invented number of a contact."""
    return f"+86139{contact:08d}"


def add_area(tx: Transaction, name: str, parent: int | None, level: Level) -> int:
    row = insert(t.areas).values(parent_id=parent, level=level, name=name).returning(t.areas.c.id)
    number: int = tx.connection.execute(row).scalar_one()
    return number


def add_contact(
    tx: Transaction, *, language: str = "zh", can_text: bool = True, number: str | None = None
) -> int:
    row = insert(t.contacts).values(name="", phone="", can_text=can_text, language=language)
    contact: int = tx.connection.execute(row.returning(t.contacts.c.id)).scalar_one()
    named = {"name": f"contact {contact}", "phone": number or phone(contact)}
    tx.connection.execute(t.contacts.update().where(t.contacts.c.id == contact).values(**named))
    return contact


def link_home(tx: Transaction, home: int, contact: int, role: Role, rank: int = 0) -> None:
    values = {"household_id": home, "contact_id": contact, "role": role, "rank": rank}
    tx.connection.execute(insert(t.household_contacts).values(**values))


def link_area(tx: Transaction, area: int, contact: int, role: Role, rank: int = 0) -> None:
    values = {"area_id": area, "contact_id": contact, "role": role, "rank": rank}
    tx.connection.execute(insert(t.area_contacts).values(**values))


def add_device(
    tx: Transaction,
    home: int,
    address: str,
    kind: DeviceKind = DeviceKind.METER,
    *,
    hub: str = "",
    interval_minutes: int = 60,
    resolution_litres: float = 1.0,
    rollover_litres: float | None = None,
    since: datetime = LONG_AGO,
) -> int:
    row = insert(t.devices).values(
        household_id=home,
        kind=kind,
        address=address,
        gateway="native",
        hub=hub,
        resolution_litres=resolution_litres,
        interval_minutes=interval_minutes,
        rollover_litres=rollover_litres,
        max_flow_litres_per_hour=3_000.0,
        field="",
        unit="",
        factor=1.0,
        words="",
        watched_since=since,
    )
    number: int = tx.connection.execute(row.returning(t.devices.c.id)).scalar_one()
    tx.house.bump(HOMES_REVISION)
    return number


def add_home(
    tx: Transaction, area: int, code: str, grade: Grade = Grade.GREEN, *, hub: str = ""
) -> Home:
    """Add a home with an hourly meter and a bell, and nobody around it."""
    row = insert(t.households).values(
        area_id=area, code=code, label="", grade=grade, note="", watched_since=LONG_AGO
    )
    home: int = tx.connection.execute(row.returning(t.households.c.id)).scalar_one()
    meter = add_device(tx, home, f"meter-{code}", hub=hub)
    add_device(tx, home, f"bell-{code}", DeviceKind.BUTTON)
    return Home(home, meter, f"meter-{code}", f"bell-{code}")


def erase_contact(store: Store, contact: int) -> None:
    """Empty what is personal of a contact, as the office does when asked to."""
    gone = {"name": "", "phone": "", "erased_at": LONG_AGO + timedelta(days=1)}
    with store.transaction() as tx:
        row = t.contacts.update().where(t.contacts.c.id == contact)
        tx.connection.execute(row.values(**gone))


def build_street(store: Store, grade: Grade = Grade.GREEN) -> Street:
    """Put a district, a street, a community, one home and the five around it into a store."""
    with store.transaction() as tx:
        district = add_area(tx, "district", None, Level.DISTRICT)
        street = add_area(tx, "street", district, Level.STREET)
        community = add_area(tx, "community", street, Level.COMMUNITY)
        home = add_home(tx, community, "H1", grade)
        people = [add_contact(tx) for _ in range(5)]
        link_home(tx, home.id, people[0], Role.GUARDIAN)
        link_area(tx, community, people[1], Role.COMMUNITY)
        link_home(tx, home.id, people[2], Role.NEIGHBOUR)
        link_area(tx, street, people[3], Role.STREET_DUTY)
        link_area(tx, district, people[4], Role.DISTRICT_DUTY)
    return Street(community, home, *people)

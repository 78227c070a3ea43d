"""An invented district: its areas, homes, people and devices, written as an import file.

Nobody in it is real. Areas and people are called examples or by number, radio addresses belong to
no vendor, and every phone number is one of +1 xxx 555-0100 to 555-0199, the only numbers that are
both set aside for fiction and accepted by the checks of real numbers: an import of this district
into a live system can ring nobody's phone. (No Chinese range is set aside.)
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from math import ceil
from pathlib import Path

from meterwatch.domain.household import Grade, Role
from meterwatch.simulators.personas import IN_TURN, WORKER, Persona

DISTRICT = "示例区"
STREETS = ("示例东街道", "示例西街道")
NUMERALS = "甲乙丙丁戊己庚辛壬癸"
CONSENT_AT = date(2023, 5, 1)

HOMES_IN_GRID = 25
HOMES_IN_BUILDING = 8
HOMES_OF_NEIGHBOUR = 5
GRIDS_IN_COMMUNITY = 2
GATEWAYS_IN_TURN = ("wmbusmeters", "native", "chirpstack", "native")
GRADES_IN_TURN = {3: Grade.RED, 1: Grade.YELLOW, 5: Grade.YELLOW, 8: Grade.YELLOW}

# Area codes of the United States, four characters each; each has a hundred numbers for fiction.
AREA_CODES = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 "
    "239 240 248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 "
    "310 312 313 314 315 316 317 318 319 320 321 323 325 330 334 336 337 339 347 351 352 360 361 "
    "386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435"
)
MOST_HOMES = 5_000
# Where the numbers of each role begin, so that all of them stay apart.
NEIGHBOURS, VOLUNTEERS, COMMUNITIES, DUTY = 5_000, 6_000, 7_000, 8_000

COLUMNS = (
    *("area_district", "area_street", "area_community", "area_grid"),
    *("household", "label", "grade", "persons"),
    *("resident", "birth_year", "lives_alone", "disabled"),
    *("consent_by", "consent_at", "consent_how"),
    *("meter", "meter_gateway", "resolution_litres", "interval_minutes", "hub"),
    *("field", "unit", "factor", "button"),
    *("guardian", "guardian_phone", "community_contact", "community_contact_phone"),
    *("neighbour", "neighbour_phone", "volunteer", "volunteer_phone"),
    *("street_duty", "street_duty_phone", "district_duty", "district_duty_phone"),
    "language",
)
ROLE_COLUMNS = {Role.COMMUNITY: "community_contact"}  # the others are called as they are


@dataclass(frozen=True, slots=True)
class SimulatedMeter:
    """A meter, the protocol it speaks and the hub through which it does."""

    address: str
    gateway: str
    hub: str
    resolution_litres: int = 1
    interval_minutes: int = 60


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to call."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Home:
    """One invented household; `number` counts from 1 and is how mishaps name it."""

    number: int
    areas: tuple[str, str, str, str]
    code: str
    label: str
    grade: Grade
    persona: Persona
    resident: str
    birth_year: int
    disabled: bool
    meter: SimulatedMeter
    button: str
    contacts: dict[Role, Person] = field(repr=False, hash=False)

    def as_row(self) -> dict[str, str]:
        """Write the home as one row of an import file."""
        district, street, community, grid = self.areas
        row = {
            **dict(zip(COLUMNS, (district, street, community, grid), strict=False)),
            "household": self.code,
            "label": self.label,
            "grade": self.grade.value,
            "persons": str(self.persona.persons),
            "resident": self.resident,
            "birth_year": str(self.birth_year),
            "lives_alone": _yes_no(self.persona.persons == 1),
            "disabled": _yes_no(self.disabled),
            "consent_by": self.resident,
            "consent_at": CONSENT_AT.isoformat(),
            "consent_how": "书面",
            **self._device_columns(),
            **dict(self._contact_columns()),
            "language": "zh",
        }
        return {column: row.get(column, "") for column in COLUMNS}

    def _device_columns(self) -> dict[str, str]:
        mapped = self.meter.gateway == "chirpstack"
        return {
            "meter": self.meter.address,
            "meter_gateway": self.meter.gateway,
            "resolution_litres": str(self.meter.resolution_litres),
            "interval_minutes": str(self.meter.interval_minutes),
            "hub": self.meter.hub,
            "field": "total_litres" if mapped else "",
            "unit": "L" if mapped else "",
            "factor": "1" if mapped else "",
            "button": self.button,
        }

    def _contact_columns(self) -> Iterator[tuple[str, str]]:
        for role, person in self.contacts.items():
            column = ROLE_COLUMNS.get(role, role.value)
            yield column, person.name
            yield f"{column}_phone", person.phone


@dataclass(frozen=True, slots=True)
class District:
    """All homes of the invented district, in order of their numbers."""

    homes: tuple[Home, ...]

    def number_of(self, code: str) -> int:
        """Find the number of a home by the office's code for it; LookupError if there is none."""
        for home in self.homes:
            if home.code == code:
                return home.number
        raise LookupError(f"no home of the invented district has the code {code!r}")

    def home(self, number: int) -> Home:
        """Find a home by its number; LookupError if there is none."""
        if not 1 <= number <= len(self.homes):
            raise LookupError(
                f"there is no home {number}; they are numbered 1 to {len(self.homes)}"
            )
        return self.homes[number - 1]

    @property
    def hubs(self) -> tuple[str, ...]:
        """Name the hubs, each once."""
        return tuple(dict.fromkeys(home.meter.hub for home in self.homes))

    def as_rows(self) -> list[dict[str, str]]:
        """Write every home as a row of an import file, by the names in `COLUMNS`."""
        return [home.as_row() for home in self.homes]

    def write_csv(self, path: Path) -> None:
        """Write the import file, as spreadsheets read it without being asked (UTF-8 with BOM)."""
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.as_rows())


def invent(homes: int = 200) -> District:
    """Invent a district; the same number of homes gives the same district.

    Raises
    ------
    ValueError
        If it would have no home, or more than there are invented phone numbers for.
    """
    if not 1 <= homes <= MOST_HOMES:
        raise ValueError(f"a district has 1 to {MOST_HOMES} homes, not {homes}")
    grids = max(4, ceil(homes / HOMES_IN_GRID))
    return District(tuple(_home(k, k * grids // homes, grids) for k in range(homes)))


def _home(k: int, grid: int, grids: int) -> Home:
    """Invent the home after `k` others; `grid` counts from 0 over the whole district."""
    number, persona = k + 1, IN_TURN[k % len(IN_TURN)]
    resident = f"住户{number:03d}"
    areas = _areas(grid, grids)
    building, door = divmod(k, HOMES_IN_BUILDING)
    return Home(
        number,
        areas,
        code=f"SL{number:04d}",
        label=f"{building + 1}号楼{door // 2 + 1}0{door % 2 + 1}室",
        grade=GRADES_IN_TURN.get(number % 10, Grade.GREEN),
        persona=persona,
        resident=resident,
        birth_year=1962 if persona is WORKER else 1936 + number * 7 % 20,
        disabled=number % 17 == 0,
        meter=_meter(number, grid),
        button=f"bell-{number:04d}",
        contacts=_contacts(k, grid, areas, resident),
    )


def _areas(grid: int, grids: int) -> tuple[str, str, str, str]:
    communities = ceil(grids / GRIDS_IN_COMMUNITY)
    community = grid // GRIDS_IN_COMMUNITY
    street = STREETS[community * len(STREETS) // communities]
    turn, numeral = divmod(community, len(NUMERALS))
    name = f"示例{NUMERALS[numeral]}{turn + 1 if turn else ''}社区"
    return DISTRICT, street, name, f"第{grid % GRIDS_IN_COMMUNITY + 1}网格"


def _meter(number: int, grid: int) -> SimulatedMeter:
    gateway, hub = GATEWAYS_IN_TURN[grid % len(GATEWAYS_IN_TURN)], f"hub-{grid + 1:02d}"
    if gateway == "wmbusmeters":
        return SimulatedMeter(f"{90_000_000 + number}", gateway, hub)
    if gateway == "chirpstack":
        interval = 30 if number % 5 == 0 else 60
        # The second digit marks a locally administered address: it is no vendor's.
        return SimulatedMeter(f"02{number:014x}", gateway, hub, interval_minutes=interval)
    return SimulatedMeter(f"water-{number:04d}", gateway, hub, 10 if number % 20 == 0 else 1)


def _contacts(
    k: int, grid: int, areas: tuple[str, str, str, str], resident: str
) -> dict[Role, Person]:
    district, street, community, _ = areas
    doors, half = k // HOMES_OF_NEIGHBOUR, grid * 2 + k % 2
    return {
        Role.GUARDIAN: Person(f"{resident}之{'女' if k % 2 else '子'}", _phone(k)),
        Role.COMMUNITY: Person(
            f"{community}联系人", _phone(COMMUNITIES + grid // GRIDS_IN_COMMUNITY)
        ),
        Role.NEIGHBOUR: Person(f"邻居{doors + 1:03d}", _phone(NEIGHBOURS + doors)),
        Role.VOLUNTEER: Person(f"志愿者{half + 1:02d}", _phone(VOLUNTEERS + half)),
        Role.STREET_DUTY: Person(f"{street}值班", _phone(DUTY + 1 + STREETS.index(street))),
        Role.DISTRICT_DUTY: Person(f"{district}值班", _phone(DUTY)),
    }


def _phone(index: int) -> str:
    code, line = divmod(index, 100)
    return f"+1{AREA_CODES[4 * code : 4 * code + 3]}55501{line:02d}"


def _yes_no(yes: bool) -> str:  # noqa: FBT001  # the value is the argument
    return "yes" if yes else "no"

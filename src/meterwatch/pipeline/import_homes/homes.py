"""Gathers lines into homes: what the file says of each household, and where it contradicts itself.

A line speaks of one household; several lines of one household add residents, devices and contacts.
An empty cell says nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from meterwatch.domain.household import DeviceKind, Level, Role
from meterwatch.pipeline.import_homes.cells import Moment, Phone, check_text
from meterwatch.pipeline.import_homes.columns import AREAS, COLUMNS, OF_AN_AREA, OF_THE_HOME, Column
from meterwatch.pipeline.import_homes.remarks import Remarks, Unfit
from meterwatch.pipeline.import_homes.sheet import Row, Sheet, rows

Path = tuple[tuple[Level, str], ...]  # an area, from the widest level down
BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}
HOME_COLUMNS = ("label", "building", "zone", "grade", "alarms_per_year")
METER_COLUMNS = (
    "meter_gateway",
    "resolution_litres",
    "interval_minutes",
    "hub",
    "field",
    "unit",
    "factor",
)
BUTTON_COLUMNS = ("button_field", "button_words")
RESIDENT_COLUMNS = ("birth_year", "lives_alone", "disabled")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to call; `language` is None where the file does not say."""

    name: str = field(repr=False)
    phone: Phone = field(repr=False)
    language: str | None = None


@dataclass(slots=True)
class Said:
    """What the file says of one thing, and in which line it said so first."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Home:
    """One household, as the file tells it. `broken` if a line of it has a fault."""

    code: str
    line: int
    broken: bool = False
    area: Path = ()
    said: Said = field(default_factory=lambda: Said(0))
    residents: dict[str, Said] = field(default_factory=dict)
    devices: dict[str, Said] = field(default_factory=dict)
    contacts: dict[tuple[Role, str, str], Person] = field(default_factory=dict)
    consents: dict[tuple[str, datetime], str] = field(default_factory=dict)
    state: Said = field(default_factory=lambda: Said(0))
    daily: dict[tuple[str, str], bool] = field(default_factory=dict)


@dataclass(slots=True)
class Gathered:
    """Everything the file says, under which headings, and in which line those are."""

    line: int = 1
    columns: frozenset[str] = frozenset(BY_NAME)
    homes: dict[str, Home] = field(default_factory=dict)
    shared: dict[tuple[Path, Role, str, str], Person] = field(default_factory=dict)
    devices: dict[str, Home] = field(default_factory=dict)
    landlines: set[str] = field(default_factory=set)


def gather(
    sheet: Sheet,
    moment: Moment,
    faults: Remarks,
    warnings: Remarks,
    seen: Callable[[int], None],
) -> Gathered:
    """Read every cell of every line; `seen` is told the number of each line as it is done."""
    gathered = Gathered(sheet.line, sheet.names)
    for row in rows(sheet, faults):
        _Line(row, moment, faults, warnings, gathered).take()
        seen(row.line)
    return gathered


class _Line:
    """One line on its way into the homes."""

    def __init__(
        self, row: Row, moment: Moment, faults: Remarks, warnings: Remarks, gathered: Gathered
    ) -> None:
        self._line = row.line
        self._faults = faults
        self._warnings = warnings
        self._gathered = gathered
        before = faults.total
        self._values = {name: self._read(name, cell, moment) for name, cell in row.cells.items()}
        self._unreadable = faults.total > before

    def _read(self, name: str, cell: str, moment: Moment) -> Any:
        column = BY_NAME[name]
        try:
            check_text(cell, column.limit, formulas=not column.free)
            return column.read(cell, moment)
        except Unfit as unfit:
            self._fault(name, unfit.zh, unfit.en)
            return None

    def _fault(self, name: str, zh: str, en: str) -> None:
        self._faults.add(self._line, f"{name}({BY_NAME[name].zh})", zh, en)

    def take(self) -> None:
        before = self._faults.total
        code = self._values.get("household")
        if code is None:
            if "household" in self._gathered.columns and not self._unreadable:
                self._fault("household", "户号不能为空", "must not be empty")
            return
        home = self._gathered.homes.setdefault(code, Home(code, self._line, said=Said(self._line)))
        self._take_area(home)
        self._agree(home.said, HOME_COLUMNS)
        self._take_resident(home)
        self._take_devices(home)
        self._agree(home.state, ("vacant",))
        self._take_contacts(home)
        self._take_consent(home)
        home.broken |= self._unreadable or self._faults.total > before

    def _agree(self, said: Said, names: Iterable[str]) -> None:
        """Add what this line says of a thing, and refuse what an earlier line said otherwise."""
        for name in names:
            value = self._values.get(name)
            if value is None:
                continue
            if said.values.setdefault(name, value) != value:
                line = said.lines[name]
                self._fault(
                    name,
                    f"和第 {line} 行不一样,请改成一致",
                    f"is not what line {line} says; make them agree",
                )
            said.lines.setdefault(name, self._line)

    def _take_area(self, home: Home) -> None:
        path = tuple(
            (level, self._values[name]) for level, name in AREAS.items() if self._values.get(name)
        )
        if path and home.area and path != home.area:
            self._fault(
                AREAS[path[-1][0]],
                f"户号 {home.code} 在第 {home.said.lines['area']} 行属于别的地方,请改成一致",
                f"household {home.code} is elsewhere in line {home.said.lines['area']}; "
                "make them agree",
            )
        elif path:
            home.area = path
            home.said.lines.setdefault("area", self._line)

    def _take_resident(self, home: Home) -> None:
        if self._values.get("persons") == 1:
            self._values.setdefault("lives_alone", True)
        name = self._values.get("resident")
        if name:
            self._agree(home.residents.setdefault(name, Said(self._line)), RESIDENT_COLUMNS)
            return
        if self._values.get("birth_year") and not self._unreadable:
            self._fault("birth_year", "有出生年,没有姓名", "there is a year of birth and no name")

    def _take_devices(self, home: Home) -> None:
        meter = self._device(home, "meter", DeviceKind.METER)
        if meter is not None:
            self._agree(meter, METER_COLUMNS)
            self._check_mapping(meter, "field", ("unit", "factor"))
        button = self._device(home, "button", DeviceKind.BUTTON)
        if button is not None:
            self._agree(button, BUTTON_COLUMNS)
            self._check_mapping(button, "button_field", ("button_words",))

    def _device(self, home: Home, column: str, kind: DeviceKind) -> Said | None:
        address = self._values.get(column)
        if not address:
            return None
        owner = self._gathered.devices.setdefault(address, home)
        if owner is not home:
            self._fault(
                column,
                f"{address} 已经是户号 {owner.code}(第 {owner.devices[address].line} 行)的",
                f"{address} already belongs to household {owner.code} "
                f"(line {owner.devices[address].line})",
            )
            return None
        device = home.devices.setdefault(address, Said(self._line, {"kind": kind}))
        if device.values["kind"] is not kind:
            self._fault(
                column,
                f"{address} 不能既是水表又是按钮",
                f"{address} cannot be a meter and a button",
            )
            return None
        return device

    def _check_mapping(self, device: Said, field: str, needing: Iterable[str]) -> None:
        lost = [name for name in needing if self._values.get(name) and field not in device.values]
        for name in lost:
            self._fault(name, f"也要写 {field}", f"needs {field} beside it")

    def _take_contacts(self, home: Home) -> None:
        for name, role in OF_THE_HOME.items():
            person = self._person(name, self._values.get("language"))
            if person:
                home.contacts[role, person.name, person.phone.number] = person
            if role is Role.GUARDIAN:
                self._take_daily(home, person)
        for name, (role, level) in OF_AN_AREA.items():
            person = self._person(name, None)
            if person and home.area:
                key = (_nearest(home.area, level), role, person.name, person.phone.number)
                self._gathered.shared[key] = person
            elif person:
                self._fault(name, "旁边要写区、街道或社区", "needs its area in the same line")

    def _take_daily(self, home: Home, guardian: Person | None) -> None:
        wanted = self._values.get("daily_word")
        if wanted is None:
            return
        if guardian is not None:
            home.daily[guardian.name, guardian.phone.number] = wanted
        elif not self._unreadable:
            self._fault("daily_word", "旁边要写监护人", "needs the guardian in the same line")

    def _person(self, column: str, language: str | None) -> Person | None:
        name, phone = self._values.get(column), self._values.get(f"{column}_phone")
        if name and phone:
            self._warn_of_landline(column, phone)
            return Person(name, phone, language)
        if (name or phone) and not self._unreadable:
            lost = f"{column}_phone" if name else column
            self._fault(lost, "姓名和电话要一起写", "a name and a telephone number go together")
        return None

    def _warn_of_landline(self, column: str, phone: Phone) -> None:
        if not phone.can_text and phone.number not in self._gathered.landlines:
            self._gathered.landlines.add(phone.number)
            self._warnings.add(
                self._line,
                f"{column}_phone({BY_NAME[f'{column}_phone'].zh})",
                "不是手机,短信送不到;请再写一位有手机的人",
                "is no mobile, so no message reaches it; name somebody with a mobile as well",
            )

    def _take_consent(self, home: Home) -> None:
        by, at = self._values.get("consent_by"), self._values.get("consent_at")
        if by and at:
            home.consents[by, at] = self._values.get("consent_how") or ""
        elif (by or at) and not self._unreadable:
            lost = "consent_at" if by else "consent_by"
            self._fault(
                lost,
                "同意人和同意日期要一起写",
                "who agreed and on which day go together",
            )


def _nearest(area: Path, level: Level) -> Path:
    """Give the part of a path down to a level, or to the nearest one that the path has."""
    order = list(Level)
    depths = [order.index(step) for step, _ in area]
    wanted = order.index(level)
    below = [k for k, depth in enumerate(depths) if depth >= wanted]
    return area[: (below[0] if below else len(area) - 1) + 1]

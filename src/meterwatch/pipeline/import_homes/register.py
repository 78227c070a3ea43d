"""Holds what a file says against what is registered, and writes the difference.

A file is written only as a whole: `check` and `write` take faults down, and the caller takes the
transaction back if there is one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from meterwatch.domain.household import DeviceKind, Grade
from meterwatch.pipeline.import_homes.columns import AREAS
from meterwatch.pipeline.import_homes.homes import Gathered, Home, Person
from meterwatch.pipeline.import_homes.places import Places
from meterwatch.pipeline.import_homes.remarks import Remarks
from meterwatch.pipeline.import_homes.sheet import lacking
from meterwatch.store.registry import Entry, Kept, Registered, RegisteredDevice, Registry

ENOUGH_PHONES = 2
DEVICES = {"meter", "button"}
_DEVICE = {
    "gateway": "",
    "hub": "",
    "resolution_litres": 1.0,
    "interval_minutes": 60,
    "max_flow_litres_per_hour": 3_000.0,
    "field": "",
    "unit": "L",
    "factor": 1.0,
    "words": "",
}
_KEPT_AS = {"meter_gateway": "gateway", "button_field": "field", "button_words": "words"}


@dataclass(frozen=True, slots=True)
class Count:
    """How many of one noun are new, changed and as they were."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


Counts = dict[str, Count]


def check(registry: Registry, gathered: Gathered, faults: Remarks, warnings: Remarks) -> None:
    """Find what the file says that cannot be, with what is registered already."""
    there, devices = registry.households(), registry.devices()
    with_device = {device.household for device in devices.values() if not device.retired}
    _check_columns(gathered, there, with_device, faults)
    for home in gathered.homes.values():
        _check_home(home, there.get(home.code), gathered.columns, faults)
        lost = not (home.broken or home.devices or home.code in with_device)
        if lost and DEVICES & gathered.columns:
            faults.add(
                home.line,
                "meter(水表号)",
                f"户号 {home.code} 没有水表号,也没有按钮号,至少写一个",
                f"household {home.code} has neither a meter nor a button; give one",
            )
        for address, said in home.devices.items():
            if address in devices:
                _check_device(home, address, said.line, devices[address], faults, warnings)


def _check_columns(
    gathered: Gathered, there: Mapping[str, Registered], with_device: set[str], faults: Remarks
) -> None:
    """Say once which columns the new homes of the file need and it does not have."""
    codes = gathered.homes.keys()
    if not codes <= there.keys() and not gathered.columns & set(AREAS.values()):
        zh, en = "社区(或 区、街道、网格)", "area_community (or district, street, grid)"
        lacking(gathered.line, zh, en, faults)
    if not codes <= with_device and not gathered.columns & DEVICES:
        lacking(gathered.line, "水表号(或 按钮号)", "meter (or button)", faults)


def _check_home(
    home: Home, there: Registered | None, columns: frozenset[str], faults: Remarks
) -> None:
    lost = there is None and not (home.area or home.broken)
    if lost and columns & set(AREAS.values()):
        faults.add(
            home.line,
            "area_community(社区)",
            f"户号 {home.code} 要写区、街道、社区、网格中的至少一级",
            f"household {home.code} needs its district, street, community or grid",
        )
    if there is not None and there.erased:
        faults.add(
            home.line,
            "household(户号)",
            f"户号 {home.code} 的个人信息已按要求删除,请从文件中去掉",
            f"the personal data of household {home.code} was erased; take it out of the file",
        )


def _check_device(
    home: Home,
    address: str,
    line: int,
    there: RegisteredDevice,
    faults: Remarks,
    warnings: Remarks,
) -> None:
    kind = home.devices[address].values["kind"]
    column = "meter(水表号)" if kind is DeviceKind.METER else "button(按钮号)"
    if there.household != home.code:
        faults.add(
            line,
            column,
            f"{address} 已经登记在户号 {there.household} 名下",
            f"{address} is registered for household {there.household}",
        )
    elif there.kind != kind:
        faults.add(
            line,
            column,
            f"{address} 登记的不是这类设备",
            f"{address} is registered as a {there.kind}",
        )
    elif there.retired:
        warnings.add(
            line,
            column,
            f"{address} 已停用,导入不会重新启用",
            f"{address} is out of service, and the import leaves it so",
        )


def write(
    registry: Registry, gathered: Gathered, now: datetime, language: str, faults: Remarks
) -> Counts:
    """Write what the file says; give the counts by noun."""
    places = Places(registry)
    homes = list(gathered.homes.values())
    paths = {home.area: home.line for home in reversed(homes) if home.area}
    places.take(paths.items(), faults)
    if faults.total:
        return {}
    kept = registry.keep_households(_households(homes, places, now))
    ids = {home.code: kept.ids[home.code,] for home in homes}
    contacts = registry.keep_contacts(_contacts(gathered, language))
    of_homes = registry.tie_to_homes(
        (ids[home.code], contacts.ids[name, number], role)
        for home in homes
        for role, name, number in home.contacts
    )
    of_areas = registry.tie_to_areas(
        (places.ids[path], contacts.ids[name, number], role)
        for path, role, name, number in gathered.shared
    )
    return {
        "areas": Count(places.new, 0, len(set(places.ids.values())) - places.new),
        "households": _count(kept),
        "residents": _count(registry.keep_residents(_residents(homes, ids))),
        "devices": _count(registry.keep_devices(_devices(homes, ids, now))),
        "contacts": _count(contacts),
        "ties": Count(of_homes.new + of_areas.new, 0, of_homes.unchanged + of_areas.unchanged),
        "consents": _count(registry.keep_consents(_consents(homes, ids))),
    }


def _count(kept: Kept) -> Count:
    return Count(kept.new, kept.changed, kept.unchanged)


def _households(homes: Iterable[Home], places: Places, now: datetime) -> Iterable[Entry]:
    for home in homes:
        where = {"area_id": places.ids[home.area]} if home.area else {}
        otherwise = {
            "label": "",
            "building": None,
            "zone": None,
            "grade": Grade.GREEN,
            "note": "",
            "alarms_per_year": None,
            "watched_since": now,
        }
        yield Entry((home.code,), {**where, **home.said.values}, otherwise)


def _residents(homes: Iterable[Home], ids: Mapping[str, int]) -> Iterable[Entry]:
    for home in homes:
        for name, said in home.residents.items():
            unknown = {"birth_year": None, "lives_alone": False, "disabled": False}
            yield Entry((ids[home.code], name), said.values, unknown)


def _devices(homes: Iterable[Home], ids: Mapping[str, int], now: datetime) -> Iterable[Entry]:
    for home in homes:
        for address, device in home.devices.items():
            said = {_KEPT_AS.get(name, name): value for name, value in device.values.items()}
            otherwise = {**_DEVICE, "household_id": ids[home.code], "watched_since": now}
            yield Entry((address,), said, otherwise)


def _consents(homes: Iterable[Home], ids: Mapping[str, int]) -> Iterable[Entry]:
    for home in homes:
        for (by, at), how in home.consents.items():
            yield Entry((ids[home.code], by, at), {"how": how} if how else {}, {"how": ""})


def _contacts(gathered: Gathered, language: str) -> Iterable[Entry]:
    """Give everybody once; where one line names a language, it counts."""
    people: dict[tuple[str, str], Person] = {}
    everybody = [*gathered.shared.values()]
    for home in gathered.homes.values():
        everybody += home.contacts.values()
    for person in everybody:
        key = (person.name, person.phone.number)
        if key not in people or person.language:
            people[key] = person
    for key, person in people.items():
        said: dict[str, object] = {"can_text": person.phone.can_text}
        if person.language:
            said["language"] = person.language
        yield Entry(key, said, {"language": language})


def warn(registry: Registry, gathered: Gathered, warnings: Remarks) -> None:
    """Say which homes of the file have too few to call, or no consent."""
    there = registry.households()
    ids = {there[code].id: home for code, home in gathered.homes.items()}
    silent = registry.without_consent(ids)
    for number, phones in registry.phones(ids).items():
        home = ids[number]
        if phones < ENOUGH_PHONES:
            warnings.add(
                home.line,
                "guardian_phone(监护人电话)",
                f"户号 {home.code} 能收短信的联系人只有 {phones} 个号码,至少要两个",
                f"household {home.code} has {phones} numbers that messages reach; two are needed",
            )
        if number in silent:
            warnings.add(
                home.line,
                "consent_by(同意人)",
                f"户号 {home.code} 没有登记同意",
                f"household {home.code} has no consent on record",
            )

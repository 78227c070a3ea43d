import csv
import re
from pathlib import Path

import phonenumbers
import pytest

from meterwatch.domain.household import Grade, Role
from meterwatch.gateways import by_name
from meterwatch.simulators.district import AREA_CODES, COLUMNS, MOST_HOMES, District, invent


@pytest.fixture(scope="module")
def district() -> District:
    return invent()


def test_two_hundred_homes_stand_in_two_streets_four_communities_and_eight_grids(
    district: District,
) -> None:
    levels = [{home.areas[: depth + 1] for home in district.homes} for depth in range(4)]
    assert [len(level) for level in levels] == [1, 2, 4, 8]
    assert len(district.homes) == 200


def test_all_names_say_that_they_are_invented(district: District) -> None:
    row_of_names = re.compile(r"示例|住户\d|邻居\d|志愿者\d")
    for home in district.homes:
        names = [person.name for person in home.contacts.values()]
        for name in (*home.areas[:3], home.resident, *names):
            assert row_of_names.match(name)


@pytest.mark.parametrize("code", AREA_CODES.split())
def test_every_phone_is_valid_and_in_a_range_set_aside_for_fiction(code: str) -> None:
    for line in ("5550100", "5550199"):
        parsed = phonenumbers.parse(f"+1{code}{line}")
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.number_type(parsed) != phonenumbers.PhoneNumberType.FIXED_LINE


@pytest.mark.parametrize("homes", [1, 9, 200, MOST_HOMES])
def test_a_phone_belongs_to_one_person_and_no_phone_can_ring(homes: int) -> None:
    owners: dict[str, str] = {}
    for home in invent(homes).homes:
        for person in home.contacts.values():
            assert owners.setdefault(person.phone, person.name) == person.name
            assert re.fullmatch(r"\+1\d{3}55501\d\d", person.phone)
    assert len(set(owners.values())) == len(owners)


def test_every_home_has_all_roles_and_only_the_nearest_are_its_own(district: District) -> None:
    for home in district.homes:
        assert set(home.contacts) == set(Role)
    shared = {role: len({home.contacts[role].phone for home in district.homes}) for role in Role}
    assert shared[Role.GUARDIAN] == 200
    assert shared[Role.COMMUNITY] == 4
    assert shared[Role.STREET_DUTY] == 2
    assert shared[Role.DISTRICT_DUTY] == 1


def test_meters_speak_all_three_protocols_through_several_hubs(district: District) -> None:
    gateways = {home.meter.gateway for home in district.homes}
    assert gateways == {"wmbusmeters", "chirpstack", "native"}
    assert all(by_name(gateway).topics for gateway in gateways)
    assert len(district.hubs) == 8
    addresses = [home.meter.address for home in district.homes]
    assert len(set(addresses)) == len(addresses)


def test_grades_of_all_three_colours_occur_and_red_is_rare(district: District) -> None:
    grades = [home.grade for home in district.homes]
    assert set(grades) == set(Grade)
    assert grades.count(Grade.RED) < grades.count(Grade.YELLOW) < grades.count(Grade.GREEN)


def test_the_import_file_has_one_row_a_household_under_the_agreed_columns(
    tmp_path: Path, district: District
) -> None:
    path = tmp_path / "homes.csv"
    district.write_csv(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert tuple(reader.fieldnames or ()) == COLUMNS
    assert rows == district.as_rows()
    assert len({row["household"] for row in rows}) == 200


def test_a_row_carries_the_devices_and_contacts_of_its_home(district: District) -> None:
    home, row = district.home(60), district.as_rows()[59]
    assert row["household"] == home.code
    assert (row["meter"], row["meter_gateway"]) == (home.meter.address, "chirpstack")
    assert (row["field"], row["unit"], row["factor"]) == ("total_litres", "L", "1")
    assert row["guardian_phone"] == home.contacts[Role.GUARDIAN].phone
    assert row["community_contact"] == home.contacts[Role.COMMUNITY].name
    assert row["button"] == home.button
    assert all(isinstance(value, str) for value in row.values())


def test_a_home_is_found_by_its_code_and_by_its_number(district: District) -> None:
    assert district.number_of(district.home(17).code) == 17


def test_the_same_number_of_homes_gives_the_same_district() -> None:
    assert invent(30).as_rows() == invent(30).as_rows()


@pytest.mark.parametrize("homes", [0, -1, MOST_HOMES + 1])
def test_a_district_without_homes_or_phones_is_refused(homes: int) -> None:
    with pytest.raises(ValueError, match="1 to 5000 homes"):
        invent(homes)


@pytest.mark.parametrize("number", [0, 201, -3])
def test_a_home_that_is_not_there_is_said_to_be_missing(district: District, number: int) -> None:
    with pytest.raises(LookupError, match="numbered 1 to 200"):
        district.home(number)
    with pytest.raises(LookupError, match="has the code"):
        district.number_of("X")

"""Importing homes: all or nothing, each bad cell with its place and its mend."""

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from meterwatch import migrations
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.signal import SubjectKind
from meterwatch.pipeline.import_homes import Imported, ImportFault, import_homes
from meterwatch.pipeline.import_homes.register import Count
from meterwatch.simulators.district import COLUMNS as INVENTED
from meterwatch.simulators.district import invent
from meterwatch.store import Store
from meterwatch.store.house import HOMES_REVISION
from meterwatch.store.tables import PEOPLE
from meterwatch.store.tables import people as t

NOW = datetime(2026, 3, 1, 6, 40, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
HOME = {
    "area_district": "示例区",
    "area_street": "示例街道",
    "area_community": "梅园社区",
    "household": "A-001",
    "label": "3号楼201室",
    "meter": "water-1",
    "guardian": "王女士",
    "guardian_phone": "13800138000",
    "community_contact": "李干部",
    "community_contact_phone": "13900139000",
    "consent_by": "王女士",
    "consent_at": "2026-01-05",
}


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    migrations.upgrade(f"sqlite:///{folder}/meterwatch.db")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, empty: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        for file in empty.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        url = f"sqlite:///{tmp_path}/meterwatch.db"
    else:
        url = request.getfixturevalue("pg_url")
        migrations.upgrade(url)
    opened = Store(url)
    yield opened
    opened.close()


on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def written(*homes: dict[str, str], separator: str = ",") -> str:
    columns = list(dict.fromkeys(name for home in homes for name in home))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", delimiter=separator)
    writer.writeheader()
    writer.writerows(homes)
    return out.getvalue()


def take_in(store: Store, content: str | bytes, **options: Any) -> Imported:
    raw = content.encode() if isinstance(content, str) else content
    return import_homes(store, raw, options.pop("now", NOW), zone=ZONE, **options)


def faults_of(store: Store, content: str | bytes) -> list[tuple[int, str, str]]:
    before = everything(store)
    with pytest.raises(ImportFault) as caught:
        take_in(store, content)
    assert everything(store) == before
    assert caught.value.total >= len(caught.value.remarks) > 0
    return [(one.line, one.column.partition("(")[0], one.en) for one in caught.value.remarks]


def everything(store: Store) -> dict[str, list[Any]]:
    with store.view() as view:
        return {
            table.name: sorted(map(str, view.people.execute(select(table))))
            for table in PEOPLE.sorted_tables
        }


def rows_of(store: Store, table: Any) -> list[Any]:
    with store.view() as view:
        return list(view.people.execute(select(table)).mappings())


def only(store: Store, table: Any) -> Any:
    [row] = rows_of(store, table)
    return row


def test_a_line_becomes_a_home_with_its_people_and_devices(store: Store) -> None:
    line = HOME | {
        "area_grid": "第一网格",
        "building": "3号楼",
        "zone": "高区",
        "grade": "red",
        "alarms_per_year": "2.5",
        "resident": "陈伯",
        "birth_year": "1940",
        "lives_alone": "yes",
        "disabled": "no",
        "meter_gateway": "wmbusmeters",
        "resolution_litres": "10",
        "interval_minutes": "30",
        "hub": "hub-1",
        "field": "total_m3",
        "unit": "m3",
        "factor": "0.5",
        "button": "bell-1",
        "button_field": "action",
        "button_words": "single/hold",
        "consent_how": "书面",
    }
    done = take_in(store, written(line))
    assert done.counts["areas"] == Count(4)
    assert done.counts["devices"] == Count(2)
    assert done.warnings == ()
    home = only(store, t.households)
    assert (home["code"], home["label"], home["grade"]) == ("A-001", "3号楼201室", "red")
    assert (home["watched_since"], home["alarms_per_year"]) == (NOW, 2.5)
    assert (home["building"], home["zone"]) == ("3号楼", "高区")
    person = only(store, t.residents)
    assert (person["name"], person["birth_year"]) == ("陈伯", 1940)
    assert (person["lives_alone"], person["disabled"]) == (True, False)
    consent = only(store, t.consents)
    assert consent["given_at"] == datetime(2026, 1, 4, 16, tzinfo=UTC)
    assert (consent["given_by"], consent["how"]) == ("王女士", "书面")
    with store.transaction() as tx:
        meter, button = tx.homes.watched()
        assert tx.homes.grade((SubjectKind.HOUSEHOLD, home["id"])) is Grade.RED
    assert (meter.device.address, meter.device.hub, meter.since) == ("water-1", "hub-1", NOW)
    assert (meter.device.resolution_litres, meter.device.interval_minutes) == (10.0, 30)
    assert meter.fields is not None
    assert (meter.fields.field, meter.fields.unit, meter.fields.factor) == ("total_m3", "m3", 0.5)
    assert button.fields is not None
    assert (button.fields.field, button.fields.values) == ("action", ("single", "hold"))


def test_only_household_area_and_a_device_are_obligatory(store: Store) -> None:
    done = take_in(store, "household,area_street,button\n7,示例街道,bell-7\n")
    assert done.counts["households"] == Count(1)
    assert [warning.column for warning in done.warnings] == [
        "consent_by(同意人)",
        "guardian_phone(监护人电话)",
    ]


@on_sqlite
def test_contacts_belong_to_the_home_or_to_its_area(store: Store) -> None:
    everybody = {
        "neighbour": "邻居",
        "neighbour_phone": "13900139001",
        "volunteer": "志愿者",
        "volunteer_phone": "13900139002",
        "street_duty": "街道值班",
        "street_duty_phone": "13900139003",
        "district_duty": "区值班",
        "district_duty_phone": "13900139004",
        "area_grid": "第一网格",
    }
    second = {name: value for name, value in HOME.items() if "guardian" not in name}
    second |= {"household": "A-002", "meter": "water-2", "area_grid": "第二网格"}
    take_in(store, written(HOME | everybody, second))
    names = {row["id"]: row["name"] for row in rows_of(store, t.contacts)}
    with store.transaction() as tx:
        first, other = (tx.homes.circle((SubjectKind.HOUSEHOLD, n)).by_role for n in (1, 2))
    assert {role: [names[c] for c in ids] for role, ids in first.items()} == {
        Role.GUARDIAN: ["王女士"],
        Role.NEIGHBOUR: ["邻居"],
        Role.VOLUNTEER: ["志愿者"],
        Role.COMMUNITY: ["李干部"],
        Role.STREET_DUTY: ["街道值班"],
        Role.DISTRICT_DUTY: ["区值班"],
    }
    assert set(other) == {Role.COMMUNITY, Role.STREET_DUTY, Role.DISTRICT_DUTY}


@pytest.mark.parametrize(
    ("areas", "expected"),
    [
        ({"area_district": "区", "area_grid": "格"}, ["grid", "grid", "district"]),
        ({"area_community": "社"}, ["community", "community", "community"]),
        ({"area_district": "区"}, ["district", "district", "district"]),
        ({"area_street": "街", "area_community": "社"}, ["community", "street", "street"]),
    ],
)
@on_sqlite
def test_a_contact_of_a_level_that_is_not_named_belongs_to_the_nearest(
    store: Store, areas: dict[str, str], expected: list[str]
) -> None:
    duty = {"street_duty": "甲", "street_duty_phone": "13900139003"}
    duty |= {"district_duty": "乙", "district_duty_phone": "13900139004"}
    home = {name: value for name, value in HOME.items() if not name.startswith("area_")}
    take_in(store, written(areas | home | duty))
    levels = {row["id"]: row["level"] for row in rows_of(store, t.areas)}
    found = {row["role"]: levels[row["area_id"]] for row in rows_of(store, t.area_contacts)}
    assert [found[role] for role in ("community", "street_duty", "district_duty")] == expected


@on_sqlite
def test_several_lines_of_a_home_add_to_it(store: Store) -> None:
    more = {"household": "A-001", "resident": "陈婆", "button": "bell-1"}
    more |= {"guardian": "陈先生", "guardian_phone": "13700137000"}
    done = take_in(store, written(HOME | {"resident": "陈伯"}, more, more))
    assert done.counts["households"] == Count(1)
    assert done.counts["residents"] == Count(2)
    assert done.counts["devices"] == Count(2)
    assert done.counts["contacts"] == Count(3)


@on_sqlite
def test_the_same_person_of_several_homes_is_one_contact(store: Store) -> None:
    other = HOME | {"household": "A-002", "meter": "water-2", "guardian_phone": "138 0013 8000"}
    done = take_in(store, written(HOME, other))
    assert done.counts["contacts"] == Count(2)
    assert done.counts["ties"] == Count(3)


def test_importing_again_changes_nothing(store: Store) -> None:
    first = take_in(store, written(HOME))
    before = everything(store)
    again = take_in(store, written(HOME), now=NOW + timedelta(days=1))
    for noun, count in again.counts.items():
        assert (count.new, count.changed) == (0, 0)
        assert count.unchanged == first.counts[noun].new
    after = everything(store)
    assert after.pop("audit") != before.pop("audit")
    assert after == before


def test_importing_again_updates_and_never_deletes(store: Store) -> None:
    take_in(store, written(HOME | {"hub": "hub-1", "grade": "黄", "resident": "陈伯"}))
    changed = {
        "household": "A-001",
        "grade": "红",
        "area_community": "竹园社区",
        "resident": "陈伯",
        "birth_year": "1941",
        "meter": "water-1",
        "interval_minutes": "15",
        "neighbour": "邻居",
        "neighbour_phone": "13900139001",
        "language": "en",
    }
    done = take_in(store, written(changed), now=NOW + timedelta(days=1))
    assert done.counts["households"] == Count(0, 1, 0)
    assert done.counts["residents"] == Count(0, 1, 0)
    assert done.counts["devices"] == Count(0, 1, 0)
    assert done.counts["contacts"] == Count(1)
    home = only(store, t.households)
    assert (home["grade"], home["label"]) == ("red", "3号楼201室")
    assert home["watched_since"] == NOW
    device = only(store, t.devices)
    assert (device["interval_minutes"], device["hub"]) == (15, "hub-1")
    assert only(store, t.residents)["birth_year"] == 1941
    assert len(rows_of(store, t.contacts)) == 3
    assert {row["language"] for row in rows_of(store, t.contacts)} == {"zh", "en"}


@on_sqlite
def test_who_runs_notices_an_import_and_nothing_else(store: Store) -> None:
    def revision() -> int | None:
        with store.transaction() as tx:
            return tx.house.mark(HOMES_REVISION)

    take_in(store, written(HOME), dry_run=True)
    assert revision() is None
    take_in(store, written(HOME))
    assert revision() == 1
    take_in(store, written(HOME))
    assert revision() == 1
    take_in(store, written(HOME | {"grade": "red"}))
    assert revision() == 2


def test_two_imports_at_once_make_one_home(store: Store) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: take_in(store, written(HOME)), range(2)))
    assert sorted(one.counts["households"].new for one in done) == [0, 1]
    assert len(rows_of(store, t.households)) == 1


def test_an_error_of_the_database_repeats_no_name(store: Store) -> None:
    take_in(store, written(HOME))
    again = t.contacts.insert().values(id=1, name="王女士", phone="+8613800138000", can_text=True)
    with pytest.raises(IntegrityError) as caught, store.transaction() as tx:
        tx.connection.execute(again.values(language="zh"))
    assert "王女士" not in str(caught.value)
    assert "13800138000" not in str(caught.value)


def test_a_dry_run_says_the_same_and_changes_nothing(store: Store) -> None:
    before = everything(store)
    tried = take_in(store, written(HOME), dry_run=True)
    assert everything(store) == before
    assert take_in(store, written(HOME)) == tried


@on_sqlite
def test_the_audit_trail_has_counts_and_no_names(store: Store) -> None:
    take_in(store, written(HOME), by="user:3")
    [line] = everything(store)["audit"]
    assert "user:3" in line
    assert "import" in line
    assert "王女士" not in line


@on_sqlite
def test_an_invented_district_is_taken_in_without_a_word(store: Store) -> None:
    rows = invent(30).as_rows()
    done = take_in(store, written(*rows))
    assert set(rows[0]) == set(INVENTED)
    assert done.homes == 30
    assert done.warnings == ()
    with store.transaction() as tx:
        assert len(tx.homes.watched()) == done.counts["devices"].new


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@on_sqlite
def test_files_are_read_as_spreadsheets_write_them(
    store: Store, encoding: str, separator: str
) -> None:
    text = written(HOME, separator=separator).replace("\r\n", "\n" if separator == ";" else "\r\n")
    assert take_in(store, text.encode(encoding)).encoding == encoding
    assert only(store, t.households)["label"] == "3号楼201室"


@on_sqlite
def test_headings_may_be_chinese(store: Store) -> None:
    text = (
        "\n序号,区县,街道,社 区,户 号,地址(不写姓名),关爱等级,姓名,出生年份,是否独居,"
        '"水表号\n(必填)",平安钟,监护人,监护人电话,社区联系人,社区联系人电话\n'
    )
    line = (
        "1,示例区,示例街道,梅园社区,A-001,3号楼,红色,陈伯,1940,是,"
        "water-1,bell-1,王女士,13800138000,李干部,13900139000\n"
    )
    done = take_in(store, text + line)
    assert done.counts["areas"] == Count(3)
    assert done.counts["devices"] == Count(2)
    assert only(store, t.households)["grade"] == "red"
    assert only(store, t.residents)["lives_alone"] is True
    assert done.warnings[0].column == "序号"


@pytest.mark.parametrize(
    ("column", "cell", "mend"),
    [
        ("label", "=1+1", "take it off"),
        ("label", "@SUM(A1)", "take it off"),
        ("guardian", "-王女士", "take it off"),
        ("guardian", "+王女士", "take it off"),
        ("meter", "=water", "take it off"),
        ("label", "3号楼\n201室", "U+000A"),
        ("label", "3号楼\x00", "U+0000"),
        ("label", "3号楼\u202e201", "U+202E"),
        ("label", "楼" * 101, "100 is the most"),
        ("household", "7" * 41, "40 is the most"),
        ("meter", "w" * 65, "64 is the most"),
        ("meter", "water\u2028one", "U+2028"),
        ("grade", "purple", "red, yellow or green"),
        ("alarms_per_year", "0", "from 0.2 to 50"),
        ("alarms_per_year", "nan", "from 0.2 to 50"),
        ("alarms_per_year", "few", "from 0.2 to 50"),
        ("birth_year", "40", "whole number"),
        ("birth_year", "2199", "whole number"),
        ("lives_alone", "perhaps", "yes or no"),
        ("persons", "0", "whole number"),
        ("consent_at", "05.13.2026", "2026-03-01"),
        ("consent_at", "2026-13-01", "2026-03-01"),
        ("consent_at", "2027-01-01", "future"),
        ("meter_gateway", "pigeon", "wmbusmeters"),
        ("resolution_litres", "0", "above 0"),
        ("resolution_litres", "nan", "above 0"),
        ("resolution_litres", "1e308", "above 0"),
        ("interval_minutes", "1.5", "whole number"),
        ("interval_minutes", "-5", "whole number"),
        ("unit", "gallon", "L or m3"),
        ("factor", "2", "needs field"),
        ("language", "fr", "zh or en"),
        ("guardian_phone", "12345", "not a valid telephone number"),
        ("guardian_phone", "1380013800", "not a valid telephone number"),
        ("guardian_phone", "1.38E+10", "format the column as text"),
        ("meter", "9.0000001E+07", "format the column as text"),
        ("button", "1,2E+15", "format the column as text"),
        ("hub", "7E+09", "format the column as text"),
        ("household", "４.5e+11", "format the column as text"),
        ("guardian_phone", "call my daughter", "not a valid telephone number"),
        ("guardian_phone", "+13800138000", "not a valid telephone number"),
    ],
)
@on_sqlite
def test_a_bad_cell_is_named_with_its_line_its_column_and_its_mend(
    store: Store, column: str, cell: str, mend: str
) -> None:
    good = HOME | {"household": "A-000", "meter": "water-0"}
    found = faults_of(store, written(good, HOME | {column: cell}))
    assert len(found) == 1
    assert found[0][:2] == (3, column)
    assert mend in found[0][2]


@pytest.mark.parametrize(
    ("column", "cell", "kept"),
    [
        ("guardian_phone", "+86 138-0013-8000", "+8613800138000"),
        ("guardian_phone", "１３８００１３８０００", "+8613800138000"),
        ("guardian_phone", "\u202d13800138000\u202c", "+8613800138000"),
        ("guardian_phone", "(0757) 83000000", "+8675783000000"),
        ("guardian_phone", "+852 5123 4567", "+85251234567"),
        ("guardian_phone", "+12015550100", "+12015550100"),
    ],
)
@on_sqlite
def test_numbers_are_kept_in_one_form(store: Store, column: str, cell: str, kept: str) -> None:
    take_in(store, written(HOME | {column: cell}))
    assert kept in {row["phone"] for row in rows_of(store, t.contacts)}


@on_sqlite
def test_a_landline_is_kept_and_warned_of_once(store: Store) -> None:
    landline = HOME | {"guardian_phone": "0757-83000000"}
    other = landline | {"household": "A-002", "meter": "water-2"}
    done = take_in(store, written(landline, other))
    assert {row["phone"]: row["can_text"] for row in rows_of(store, t.contacts)} == {
        "+8675783000000": False,
        "+8613900139000": True,
    }
    assert [(one.line, one.column.partition("(")[0]) for one in done.warnings] == [
        (2, "guardian_phone"),
        (2, "guardian_phone"),
        (3, "guardian_phone"),
    ]
    assert "no message reaches it" in done.warnings[0].en + done.warnings[1].en


@on_sqlite
def test_two_roles_with_one_number_are_one_number_too_few(store: Store) -> None:
    same = HOME | {"community_contact_phone": "13800138000"}
    [warning] = take_in(store, written(same)).warnings
    assert "has 1 numbers" in warning.en


@on_sqlite
def test_contacts_that_are_registered_already_count_as_well(store: Store) -> None:
    take_in(store, written(HOME))
    assert take_in(store, "household,grade\nA-001,red\n").warnings == ()


@pytest.mark.parametrize(
    ("changes", "line", "column", "mend"),
    [
        ({"household": ""}, 3, "household", "must not be empty"),
        ({"guardian_phone": ""}, 3, "guardian_phone", "go together"),
        ({"guardian": ""}, 3, "guardian", "go together"),
        ({"consent_at": ""}, 3, "consent_at", "go together"),
        ({"consent_by": ""}, 3, "consent_by", "go together"),
        ({"meter": ""}, 3, "meter", "neither a meter nor a button"),
        ({"meter": "water-0"}, 3, "meter", "already belongs to household A-000 (line 2)"),
        ({"button": "water-1"}, 3, "button", "cannot be a meter and a button"),
        ({"birth_year": "1940"}, 3, "birth_year", "no name"),
        ({"button": "b", "button_words": "hold"}, 3, "button_words", "needs button_field"),
    ],
)
@on_sqlite
def test_what_cannot_be_is_refused(
    store: Store, changes: dict[str, str], line: int, column: str, mend: str
) -> None:
    good = HOME | {"household": "A-000", "meter": "water-0"}
    [(where, named, said)] = faults_of(store, written(good, HOME | changes))
    assert (where, named) == (line, column)
    assert mend in said


@on_sqlite
def test_a_home_without_any_area_is_refused(store: Store) -> None:
    assert faults_of(store, "household,meter\nA-001,water-1\n") == [
        (1, "", "the column area_community (or district, street, grid) is missing")
    ]
    assert faults_of(store, "household,area_grid,meter\nA-001,,water-1\n") == [
        (2, "area_community", "household A-001 needs its district, street, community or grid")
    ]


@on_sqlite
def test_lines_that_contradict_each_other_are_refused(store: Store) -> None:
    other = HOME | {"label": "4号楼", "area_street": "别的街道", "hub": "hub-2"}
    found = faults_of(store, written(HOME | {"hub": "hub-1"}, other))
    assert {(line, column) for line, column, _ in found} == {
        (3, "area_community"),
        (3, "label"),
        (3, "hub"),
    }
    assert all("line 2" in said for _, _, said in found)


@on_sqlite
def test_a_device_of_another_home_is_refused(store: Store) -> None:
    take_in(store, written(HOME))
    other = HOME | {"household": "A-002"}
    assert faults_of(store, written(other)) == [
        (2, "meter", "water-1 is registered for household A-001")
    ]


@on_sqlite
def test_a_meter_does_not_become_a_button(store: Store) -> None:
    take_in(store, written(HOME))
    [(_, column, said)] = faults_of(store, "household,button\nA-001,water-1\n")
    assert (column, said) == ("button", "water-1 is registered as a meter")


@on_sqlite
def test_a_device_out_of_service_stays_so_and_is_named(store: Store) -> None:
    take_in(store, written(HOME))
    with store.transaction() as tx:
        tx.connection.execute(t.devices.update().values(retired_at=NOW))
    done = take_in(store, written(HOME | {"button": "bell-1"}))
    assert "out of service" in done.warnings[0].en
    assert {row["address"]: row["retired_at"] for row in rows_of(store, t.devices)} == {
        "water-1": NOW,
        "bell-1": None,
    }


@on_sqlite
def test_a_home_whose_data_was_erased_is_not_filled_again(store: Store) -> None:
    take_in(store, written(HOME))
    with store.transaction() as tx:
        tx.connection.execute(t.households.update().values(erased_at=NOW, label=""))
    [(line, column, said)] = faults_of(store, written(HOME))
    assert (line, column) == (2, "household")
    assert "was erased" in said


@on_sqlite
def test_a_contact_whose_data_was_erased_is_a_new_one(store: Store) -> None:
    take_in(store, written(HOME))
    with store.transaction() as tx:
        gone = t.contacts.update().where(t.contacts.c.name == "王女士")
        tx.connection.execute(gone.values(erased_at=NOW, name="", phone=""))
    assert take_in(store, written(HOME)).counts["contacts"] == Count(1, 0, 1)


@on_sqlite
def test_an_area_is_found_by_its_name_where_only_one_has_it(store: Store) -> None:
    short = {"household": "A-002", "area_community": "梅园社区", "meter": "water-2"}
    done = take_in(store, written(short, HOME))
    assert done.counts["areas"] == Count(3)
    assert len({row["area_id"] for row in rows_of(store, t.households)}) == 1


@on_sqlite
def test_an_area_that_could_be_two_is_refused(store: Store) -> None:
    other = HOME | {"household": "A-002", "meter": "water-2", "area_street": "别的街道"}
    take_in(store, written(HOME, other))
    short = {"household": "A-003", "area_community": "梅园社区", "meter": "water-3"}
    [(line, column, said)] = faults_of(store, written(short))
    assert (line, column) == (2, "area_community")
    assert "there are 2" in said


@on_sqlite
def test_an_area_does_not_change_its_level(store: Store) -> None:
    take_in(store, written(HOME))
    other = HOME | {"household": "A-002", "meter": "water-2", "area_street": ""}
    other |= {"area_community": "示例街道"}
    [(line, column, said)] = faults_of(store, written(other))
    assert (line, column) == (2, "area_community")
    assert "registered as a street" in said


@on_sqlite
def test_an_address_with_an_e_in_it_is_no_power(store: Store) -> None:
    take_in(store, written(HOME | {"meter": "7000000000000E12", "hub": "12E5"}))
    assert only(store, t.devices)["address"] == "7000000000000e12"


@pytest.mark.parametrize(
    ("heading", "meant"),
    [
        ("监护人电活", "监护人电话"),
        ("监护电话", "监护人电话"),
        ("监护人的电话", "监护人电话"),
        ("水裱号", "水表号"),
        ("残急人", ""),
        ("序号", ""),
        ("备注", ""),
    ],
)
@on_sqlite
def test_a_chinese_heading_with_one_wrong_sign_is_a_fault(
    store: Store, heading: str, meant: str
) -> None:
    text = written(HOME | {heading: "x", "年龄层": "", "grade": "?" if not meant else ""})
    with pytest.raises(ImportFault) as caught:
        take_in(store, text)
    said = [str(remark) for remark in caught.value.remarks if remark.line == 1]
    assert [f"{heading}: 没有这一列,是不是 {meant}?" in one for one in said] == [True] * bool(meant)
    left_out = {remark.column for remark in caught.value.headings}
    assert left_out == {"年龄层"} | ({heading} if not meant else set())


@pytest.mark.parametrize(
    ("headings", "zh", "en"),
    [
        ("社区,水表号", "缺少列 户号", "the column household is missing"),
        ("户号,水表号", "缺少列 社区(或 区、街道、网格)", "the column area_community (or"),
        ("户号,社区", "缺少列 水表号(或 按钮号)", "the column meter (or button) is missing"),
    ],
)
@on_sqlite
def test_a_missing_column_is_said_once(store: Store, headings: str, zh: str, en: str) -> None:
    with pytest.raises(ImportFault) as caught:
        take_in(store, f"{headings}\na-1,b-1\na-2,b-2\n")
    [said] = caught.value.remarks
    assert str(said).startswith(f"第 1 行: {zh} / {en}")


@on_sqlite
def test_a_registered_home_needs_no_column_but_its_number(store: Store) -> None:
    take_in(store, written(HOME))
    assert take_in(store, f"户号,等级\n{HOME['household']},黄\n").counts["households"].changed == 1


@on_sqlite
def test_every_fault_is_named_at_once(store: Store) -> None:
    other = HOME | {"household": "A-002", "grade": "?", "guardian_phone": "1", "unit": "pint"}
    third = HOME | {"household": "A-003", "meter": "", "persons": "many"}
    found = faults_of(store, written(HOME, other, third))
    assert [(line, column) for line, column, _ in found] == [
        (3, "grade"),
        (3, "guardian_phone"),
        (3, "meter"),
        (3, "unit"),
        (4, "persons"),
    ]


@on_sqlite
def test_faults_are_in_both_languages(store: Store) -> None:
    with pytest.raises(ImportFault) as caught:
        take_in(store, written(HOME | {"guardian_phone": "1"}))
    assert str(caught.value).startswith("第 2 行 · guardian_phone(监护人电话): 不是有效的电话号码")
    assert " / is not a valid telephone number" in str(caught.value)


@on_sqlite
def test_of_many_faults_two_hundred_are_shown_and_all_are_counted(store: Store) -> None:
    homes = [HOME | {"household": f"A-{n}", "meter": f"w-{n}", "grade": "?"} for n in range(300)]
    with pytest.raises(ImportFault) as caught:
        take_in(store, written(*homes))
    assert (len(caught.value.remarks), caught.value.total) == (200, 300)


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"", "no heading that is known"),
        (b"\n\n", "no heading that is known"),
        (b"a,b\n1,2\n", "no heading that is known"),
        (b"household,meter\n", "no line below"),
        (b"household,meter\n\n , \n", "no line below"),
        (b"PK\x03\x04rest", "save it as"),
        (b"household\n\xff\xff\xff", "neither UTF-8 nor GB18030"),
        (b"household,household\nA,A\n", "there twice"),
        (b"houshold,meter\nA,w\n", "is it household?"),
        (b"household,meter\nA\n", "has 1 cells where the headings are 2"),
        (b"household,meter\nA,w,x\n", "has 3 cells where the headings are 2"),
        (b'household,meter\n"A,w\nB,v\n', "quotation mark"),
        (b'household,meter\n"A"B,w\n', "quotation mark"),
    ],
)
@on_sqlite
def test_a_file_that_is_no_table_says_why(store: Store, content: bytes, mend: str) -> None:
    assert any(mend in said for _, _, said in faults_of(store, content))


@on_sqlite
def test_a_file_that_is_too_large_is_refused_unread(store: Store) -> None:
    [(_, _, said)] = faults_of(store, b"household\n" + b"x" * (64 * 1024 * 1024))
    assert "over 64 MB" in said


@on_sqlite
def test_progress_is_told_line_by_line(store: Store) -> None:
    heard: list[int] = []
    take_in(store, written(HOME, {"household": "A-001", "button": "b"}), progress=heard.append)
    assert heard == [2, 3]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [("\u3000陈\u3000伯\u200b", "陈 伯"), ("\ue863", "\ue863"), ("\U0002ebf0", "\U0002ebf0")],
)
@on_sqlite
def test_a_name_is_kept_with_its_rare_characters(store: Store, cell: str, kept: str) -> None:
    take_in(store, written(HOME | {"resident": cell}))
    assert only(store, t.residents)["name"] == kept


@on_sqlite
def test_a_heading_cannot_command_a_terminal(store: Store) -> None:
    done = take_in(store, written(HOME | {"\x1b[2Jremark": "x"}))
    assert done.warnings[0].column == r"'\x1b[2Jremark'"


@on_sqlite
def test_a_eui_is_kept_as_it_will_be_heard(store: Store) -> None:
    take_in(store, written(HOME | {"meter": "0202AABBCCDDEEFF"}))
    assert only(store, t.devices)["address"] == "0202aabbccddeeff"

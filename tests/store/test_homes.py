"""Homes and the people around them, as the pipeline asks for them."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from meterwatch.domain.household import Absence, DeviceKind, Grade, Level, Role, Swap
from meterwatch.domain.signal import SubjectKind
from meterwatch.store import Store
from meterwatch.store.tables import people as t
from tests.parts.street import (
    Street,
    add_area,
    add_contact,
    add_device,
    add_home,
    build_street,
    erase_contact,
    link_area,
    link_home,
    phone,
)
from tests.store.rows import NOW, all_of

DAY = timedelta(days=1)


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def circle(store: Store, kind: SubjectKind, number: int) -> dict[Role, tuple[int, ...]]:
    with store.transaction(read_only=True) as tx:
        return dict(tx.homes.circle((kind, number)).by_role)


def test_the_circle_of_a_home_is_its_own_people_and_those_of_every_area_above_it(
    store: Store, street: Street
) -> None:
    assert circle(store, SubjectKind.HOUSEHOLD, street.home.id) == {
        Role.GUARDIAN: (street.guardian,),
        Role.NEIGHBOUR: (street.neighbour,),
        Role.COMMUNITY: (street.community,),
        Role.STREET_DUTY: (street.street_duty,),
        Role.DISTRICT_DUTY: (street.district_duty,),
    }


def test_the_circle_of_an_area_is_its_own_and_those_above(store: Store, street: Street) -> None:
    assert circle(store, SubjectKind.AREA, street.area) == {
        Role.COMMUNITY: (street.community,),
        Role.STREET_DUTY: (street.street_duty,),
        Role.DISTRICT_DUTY: (street.district_duty,),
    }


def test_nobody_of_another_area_is_in_the_circle(store: Store, street: Street) -> None:
    with store.transaction() as tx:
        other = add_area(tx, "elsewhere", None, Level.COMMUNITY)
        stranger = add_contact(tx)
        link_area(tx, other, stranger, Role.COMMUNITY)
        home = add_home(tx, other, "H2")
    ids = {c for ids in circle(store, SubjectKind.HOUSEHOLD, home.id).values() for c in ids}
    assert ids == {stranger}
    mine = circle(store, SubjectKind.HOUSEHOLD, street.home.id)
    assert (stranger,) not in mine.values()


def test_whoever_cannot_be_texted_or_was_erased_is_not_in_it(store: Store, street: Street) -> None:
    with store.transaction() as tx:
        landline = add_contact(tx, can_text=False)
        link_home(tx, street.home.id, landline, Role.VOLUNTEER)
    erase_contact(store, street.guardian)
    found = circle(store, SubjectKind.HOUSEHOLD, street.home.id)
    assert Role.VOLUNTEER not in found
    assert Role.GUARDIAN not in found


def test_people_of_one_role_come_by_rank_and_each_once(store: Store, street: Street) -> None:
    with store.transaction() as tx:
        first, second = add_contact(tx), add_contact(tx)
        link_home(tx, street.home.id, second, Role.GUARDIAN, rank=2)
        link_home(tx, street.home.id, first, Role.GUARDIAN, rank=1)
        link_home(tx, street.home.id, street.community, Role.COMMUNITY)
    found = circle(store, SubjectKind.HOUSEHOLD, street.home.id)
    assert found[Role.GUARDIAN] == (street.guardian, first, second)
    assert found[Role.COMMUNITY] == (street.community,)


def test_devices_in_service_are_given_with_what_they_need(store: Store, street: Street) -> None:
    with store.transaction() as tx:
        gone = add_device(tx, street.home.id, "old")
        tx.connection.execute(
            update(t.devices).where(t.devices.c.id == gone).values(retired_at=NOW)
        )
        tx.connection.execute(
            update(t.devices)
            .where(t.devices.c.id == street.home.meter)
            .values(field="volume", unit="m3", factor=2.0)
        )
        meter, button = tx.homes.watched()
    assert meter.device.address == street.home.meter_address
    assert meter.area_id == street.area
    assert meter.fields is not None
    assert (meter.fields.field, meter.fields.unit, meter.fields.factor) == ("volume", "m3", 2.0)
    assert button.device.kind is DeviceKind.BUTTON


def test_a_contact_is_found_by_number_and_an_erased_one_by_nothing(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        twin = add_contact(tx, number=phone(street.guardian))
    with store.transaction() as tx:
        found = tx.homes.contacts_of_number(phone(street.guardian))
        assert [contact.id for contact in found] == [street.guardian, twin]
    erase_contact(store, street.guardian)
    with store.transaction() as tx:
        found = tx.homes.contacts_of_number(phone(street.guardian))
        assert [contact.id for contact in found] == [twin]
        assert list(tx.homes.contacts([street.guardian, twin])) == [twin]


def test_what_a_contact_is_to_a_home_is_known_directly_and_by_area(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        assert tx.homes.roles_of(street.guardian, street.home.id) == (Role.GUARDIAN,)
        assert tx.homes.roles_of(street.street_duty, street.home.id) == (Role.STREET_DUTY,)
        assert tx.homes.homes_of_contact(street.guardian) == (street.home.id,)
        assert tx.homes.homes_of_contact(street.street_duty) == ()


def test_an_absence_ends_what_runs_and_nothing_else(store: Store, street: Street) -> None:
    home = street.home.id
    spans = [(NOW - 9 * DAY, NOW - 8 * DAY), (NOW - DAY, NOW + DAY), (NOW + 2 * DAY, NOW + 3 * DAY)]
    with store.transaction() as tx:
        numbers = [
            tx.homes.declare_absence(Absence(home, since, until, "family"), "user:1", NOW)
            for since, until in spans
        ]
        assert tx.homes.home_of_absence(numbers[0]) == home
        assert tx.homes.home_of_absence(999) is None
        assert tx.homes.end_absences(home, "contact:3", NOW) == 1
        assert tx.homes.end_absences(home, "contact:3", NOW) == 0
    ended = [(row["ended_at"], row["ended_by"]) for row in all_of(store, t.absences)]
    assert ended == [(None, ""), (NOW, "contact:3"), (None, "")]


def test_absences_are_given_by_home_and_old_ones_left_out(store: Store, street: Street) -> None:
    home = street.home.id
    with store.transaction() as tx:
        for since in (NOW - 9 * DAY, NOW - DAY):
            tx.homes.declare_absence(Absence(home, since, since + 2 * DAY, "x"), "user:1", NOW)
        found = tx.homes.absences(NOW - 5 * DAY)
    assert [absence.since for absence in found[home]] == [NOW - DAY]


def test_swaps_come_back_in_the_order_in_which_they_count(store: Store, street: Street) -> None:
    later = Swap(street.home.meter, NOW + DAY, 20.0, 1.0)
    first = Swap(street.home.meter, NOW, 50.0, 0.0)
    corrected = Swap(street.home.meter, NOW, 5.0, 0.0)
    with store.transaction() as tx:
        for swap in (later, first, corrected):
            tx.homes.declare_swap(swap, "user:1", NOW)
        assert tx.homes.swaps() == (first, corrected, later)


def test_an_area_has_no_grade_of_its_own(store: Store) -> None:
    street = build_street(store, Grade.RED)
    with store.transaction() as tx:
        assert tx.homes.grade((SubjectKind.HOUSEHOLD, street.home.id)) is Grade.RED
        assert tx.homes.grade((SubjectKind.AREA, street.area)) is Grade.GREEN

"""Groups of homes, announced outages and the counts of groups, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Level
from meterwatch.domain.outage import GRACE, GroupKind, Outage, Spell
from meterwatch.domain.signal import AREA_QUIET, AREA_WILD, Condition, Origin, Signal, SubjectKind
from meterwatch.pipeline.common_cause import _raise as raise_signals
from meterwatch.store import Store
from meterwatch.store.tables import groups
from meterwatch.store.tables import people as t
from tests.parts.street import LONG_AGO, add_area, add_device, add_home

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_place(store: Store) -> tuple[int, int, int]:
    """Two communities of a street: the first with buildings 1 and 2, both with the zone `high`."""
    with store.transaction() as tx:
        street = add_area(tx, "street", None, Level.STREET)
        first = add_area(tx, "first", street, Level.COMMUNITY)
        second = add_area(tx, "second", street, Level.COMMUNITY)
        for number in range(6):
            home = add_home(
                tx, first if number < 4 else second, f"H{number}", hub=f"gw-{number % 2}"
            )
            building = {"building": f"{number // 2 + 1}"} if number < 4 else {}
            zone = {"zone": "high"} if number in {0, 1, 4} else {}
            values = {"code": f"H{number}", **building, **zone}
            row = t.households.update().where(t.households.c.id == home.id)
            tx.connection.execute(row.values(**values))
    return street, first, second


def test_groups_are_areas_buildings_zones_and_hubs_with_their_homes(store: Store) -> None:
    street, first, second = a_place(store)
    with store.transaction(read_only=True) as tx:
        found = {(g.kind, g.area_id, g.name): g.homes for g in tx.areas.groups(2, whole=True)}
    homes = sorted({home for members in found.values() for home in members})
    assert found == {
        (GroupKind.AREA, street, ""): tuple(homes),
        (GroupKind.AREA, first, ""): tuple(homes[:4]),
        (GroupKind.AREA, second, ""): tuple(homes[4:]),
        (GroupKind.BUILDING, first, "1"): tuple(homes[:2]),
        (GroupKind.BUILDING, first, "2"): tuple(homes[2:4]),
        (GroupKind.ZONE, street, "high"): (homes[0], homes[1], homes[4]),
        (GroupKind.HUB, street, "gw-0"): tuple(homes[0::2]),
        (GroupKind.HUB, street, "gw-1"): tuple(homes[1::2]),
    }


def test_of_groups_with_the_same_homes_one_stands_for_all_and_small_ones_are_none(
    store: Store,
) -> None:
    with store.transaction() as tx:
        street = add_area(tx, "street", None, Level.STREET)
        only = add_area(tx, "community", street, Level.COMMUNITY)
        homes = [add_home(tx, only, f"H{number}", hub="gw").id for number in range(3)]
        tx.connection.execute(t.households.update().values(zone="high"))
        (group,) = tx.areas.groups(3)
        assert (group.kind, group.area_id, group.homes) == (GroupKind.AREA, only, tuple(homes))
        assert tx.areas.groups(4) == ()


def test_a_meter_that_was_taken_out_of_service_and_a_bell_make_no_group(store: Store) -> None:
    with store.transaction() as tx:
        area = add_area(tx, "community", None, Level.COMMUNITY)
        homes = [add_home(tx, area, f"H{number}").id for number in range(3)]
        add_device(tx, homes[0], "second", hub="gw-9")
        row = t.devices.update().where(t.devices.c.household_id == homes[1])
        tx.connection.execute(row.values(retired_at=LONG_AGO))
        (group,) = tx.areas.groups(2)
        assert group.homes == (homes[0], homes[2])
        keys = tx.areas.keys_of(homes)
    assert keys[homes[0]] == {f"area:{area}", "hub:gw-9"}
    assert homes[1] not in keys


def test_the_homes_of_a_group_are_found_by_its_key(store: Store) -> None:
    _street, first, _second = a_place(store)
    with store.transaction(read_only=True) as tx:
        keys = tx.areas.keys_of(range(1, 1_000))
        assert tx.areas.members("nothing") == frozenset()
        for key in (f"building:{first}:1", "zone:high", "hub:gw-1", f"area:{first}"):
            named = {home for home, mine in keys.items() if key in mine}
            assert tx.areas.members(key) == named != set()


def an_outage(area: int) -> Outage:
    return Outage(0, GroupKind.BUILDING, area, "1", NOW, NOW + 4 * HOUR, "repair")


def test_an_announced_outage_is_kept_ended_and_no_more_found_when_it_is_over(store: Store) -> None:
    _street, first, _second = a_place(store)
    with store.transaction() as tx:
        number = tx.areas.announce(an_outage(first), "user:1", NOW)
        kept = replace(an_outage(first), id=number, said_by="user:1")
        assert tx.areas.outages(NOW) == (kept,)
        assert tx.areas.outages(NOW + 5 * HOUR) == ()
        assert tx.areas.spells(NOW) == (Spell(f"building:{first}:1", NOW, NOW + 4 * HOUR + GRACE),)
        assert tx.areas.end(number, "user:2", NOW + HOUR)
        assert not tx.areas.end(number, "user:2", NOW + 2 * HOUR)
        assert tx.areas.outages(NOW + 2 * HOUR) == ()
        assert tx.areas.outage(number) == replace(kept, ended_at=NOW + HOUR)
        assert tx.areas.outage(number + 1) is None
    with store.view() as view:
        (row,) = view.people.execute(groups.outages.select()).all()
    assert (row.ended_by, row.ended_at) == ("user:2", NOW + HOUR)


def test_spells_are_what_was_seen_as_well_and_only_of_quiet(store: Store) -> None:
    _street, first, _second = a_place(store)

    def about(kind: str, at: datetime, condition: Condition = Condition.ACTIVE) -> Signal:
        key = f"{kind}:{at}:{condition}"
        return Signal(Origin.SEEN, kind, SubjectKind.AREA, first, at, at, key, condition)

    quiet, wild = f"{AREA_QUIET}:building:1", f"{AREA_WILD}:building:2"
    raise_signals(store, Policies(), [about(quiet, NOW), about(wild, NOW)], NOW)
    with store.transaction(read_only=True) as tx:
        assert tx.areas.spells(NOW) == (Spell(f"building:{first}:1", NOW, None),)
    over = about(quiet, NOW + 3 * HOUR, Condition.CLEARED)
    raise_signals(store, Policies(), [over], NOW + 3 * HOUR)
    with store.transaction(read_only=True) as tx:
        assert tx.areas.spells(NOW) == (Spell(f"building:{first}:1", NOW, NOW + 3 * HOUR),)
        assert tx.areas.spells(NOW + 3 * HOUR) == ()


def test_counts_come_back_as_they_were_kept_and_what_was_not_is_zero(store: Store) -> None:
    day, dice = date(2026, 3, 4), np.random.default_rng(1)
    kept = dice.integers(0, 70_000, (24, 4, 2)).astype(np.float64)
    store.counts.put(day, {"area:1": kept * 0, "hub:b": kept})
    store.counts.put(day, {"area:1": kept})
    store.counts.put(day, {})
    found = store.counts.past(["area:1", "zone:x", "hub:b"], date(2026, 3, 3), 3, 4)
    assert found.shape == (3, 3, 24, 4, 2)
    for row in (0, 2):
        assert np.array_equal(found[row, 1], kept)
    found[[0, 2], 1] = 0
    assert not found.any()
    assert not store.counts.past(["hub:b"], day, 1, 3).any()  # counted by other windows
    assert store.counts.forget(day) == 0
    assert store.counts.forget(date(2026, 3, 5)) == 2

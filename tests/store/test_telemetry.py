"""Readings: kept once, the first one stands, given back in the order that is asked for."""

from datetime import date
from itertools import count

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterwatch.domain.register import Oddity
from meterwatch.domain.usage import UsageProfile
from meterwatch.store import Store
from meterwatch.store.learnt import Pattern
from meterwatch.store.tables import telemetry as t
from meterwatch.store.telemetry import Row, Stand

AT = 1_700_000_000


def row(device: int, minute: int, litres: float, heard: int | None = None) -> Row:
    at = AT + 60 * minute
    return (device, at, at + 5 if heard is None else AT + heard, litres)


def kept(store: Store) -> list[tuple[int, float, float]]:
    found = store.telemetry.series(None, AT, 2 * AT)
    return list(
        zip(
            found.device_ids.tolist(),
            found.measured_at.tolist(),
            found.litres.tolist(),
            strict=True,
        )
    )


def doubles(store: Store) -> list[tuple[int, int, float]]:
    with store.view() as view:
        d = t.doubles.c
        query = t.doubles.select().with_only_columns(d.device_id, d.measured_at, d.litres)
        return [tuple(one) for one in view.telemetry.execute(query.order_by(d.id))]


def heads(store: Store) -> dict[int, tuple[int, float]]:
    with store.view() as view:
        rows = view.telemetry.execute(t.heads.select()).mappings()
        return {one["device_id"]: (one["measured_at"], one["litres"]) for one in rows}


def test_readings_are_kept_once_however_often_they_come(store: Store) -> None:
    batch = [row(1, 0, 10.0), row(1, 60, 12.5), row(2, 0, 7.0)]
    assert store.telemetry.add(batch) == 3
    before = kept(store)
    assert store.telemetry.add(batch) == 0
    assert store.telemetry.add([*batch, row(2, 60, 8.0)]) == 1
    assert kept(store) == sorted([*before, (2, float(AT + 3600), 8.0)])
    assert doubles(store) == []


def test_no_reading_at_all_is_a_batch_too(store: Store) -> None:
    assert store.telemetry.add([]) == 0


def test_the_first_of_two_registers_for_one_instant_stands_and_the_other_is_shown(
    store: Store,
) -> None:
    store.telemetry.add([row(1, 0, 10.0)])
    store.telemetry.add([row(1, 0, 99.0), row(1, 60, 11.0)])
    assert [litres for _, _, litres in kept(store)] == [10.0, 11.0]
    assert doubles(store) == [(1, AT, 99.0)]
    store.telemetry.add([row(1, 0, 99.0)])
    assert doubles(store) == [(1, AT, 99.0)]


def test_within_one_batch_too_the_first_one_stands(store: Store) -> None:
    assert store.telemetry.add([row(1, 0, 10.0), row(1, 0, 99.0), row(1, 0, 10.0)]) == 1
    assert [litres for _, _, litres in kept(store)] == [10.0]
    assert doubles(store) == [(1, AT, 99.0)]


def test_the_head_is_the_newest_reading_and_a_late_one_does_not_move_it(store: Store) -> None:
    store.telemetry.add([row(1, 60, 12.0), row(1, 0, 10.0), row(2, 0, 3.0)])
    store.telemetry.add([row(1, 30, 11.0)])
    assert heads(store) == {1: (AT + 3600, 12.0), 2: (AT, 3.0)}
    store.telemetry.add([row(1, 120, 14.0)])
    assert heads(store)[1] == (AT + 7200, 14.0)


def test_a_series_goes_back_from_each_meters_own_newest_reading(store: Store) -> None:
    store.telemetry.add([row(1, minute, float(minute)) for minute in (0, 60, 120)])
    store.telemetry.add([row(2, minute, float(minute)) for minute in (9_000, 9_060)])
    found = store.telemetry.series(None, 3600, 2 * AT)
    assert found.device_ids.tolist() == [1, 1, 2, 2]
    assert found.litres.tolist() == [60.0, 120.0, 9_000.0, 9_060.0]


def test_what_was_heard_later_is_not_in_a_series_yet(store: Store) -> None:
    store.telemetry.add([row(1, m, float(m), heard=h) for m, h in ((0, 10), (60, 90), (5, 95))])
    assert store.telemetry.series([1], AT, AT + 10).litres.tolist() == [0.0]
    assert store.telemetry.series([1], 60, AT + 90).litres.tolist() == [60.0]
    assert store.telemetry.series([1], AT, AT + 95).litres.tolist() == [0.0, 5.0, 60.0]
    assert store.telemetry.series([1], AT, AT + 9).litres.tolist() == []


def test_a_series_holds_only_the_meters_asked_for(store: Store) -> None:
    store.telemetry.add([row(1, 0, 1.0), row(2, 0, 2.0), row(3, 0, 3.0)])
    assert store.telemetry.series([3, 1, 9], AT, 2 * AT).device_ids.tolist() == [1, 3]
    assert store.telemetry.series([], AT, 2 * AT).litres.tolist() == []


def test_readings_are_given_in_the_order_in_which_they_were_heard_in_whole_seconds(
    store: Store,
) -> None:
    rows = [row(1, 0, 1.0, 5), row(2, 0, 2.0, 5), row(3, 0, 3.0, 5), row(1, 9, 4.0, 6)]
    store.telemetry.add(rows)
    assert store.telemetry.heard(0, 100) == rows
    first = store.telemetry.heard(0, 2)
    assert [one[0] for one in first] == [1, 2, 3]  # a second is never cut
    assert store.telemetry.heard(first[-1][2], 2) == rows[3:]
    assert store.telemetry.heard(AT + 6, 2) == []
    assert store.telemetry.last_heard() == AT + 6


def test_nothing_was_heard_of_an_empty_store(store: Store) -> None:
    assert store.telemetry.last_heard() is None
    assert store.telemetry.heard(0, 10) == []


def test_a_reading_is_marked_odd_and_sound_again(store: Store) -> None:
    store.telemetry.add([row(1, 0, 10.0), row(1, 60, 3.0)])
    store.telemetry.put_aside([(1, AT + 3600, Oddity.STEP_BACK)])
    assert store.telemetry.series([1], AT, 2 * AT).odd.tolist() == [False, True]
    store.telemetry.put_aside([(1, AT + 3600, None)])
    assert store.telemetry.series([1], AT, 2 * AT).odd.tolist() == [False, False]


def test_old_readings_are_forgotten_and_newer_ones_kept(store: Store) -> None:
    store.telemetry.add([row(1, minute, float(minute)) for minute in (0, 60, 120)])
    assert store.telemetry.forget_readings(AT + 3600) == 1
    assert [litres for _, _, litres in kept(store)] == [60.0, 120.0]


def test_days_come_back_with_what_was_known_of_them(store: Store) -> None:
    day, litres = date(2026, 3, 2), np.arange(24.0)
    known = np.arange(24) % 3 == 0
    store.telemetry.put_rollups(day, [(7, np.where(known, litres, np.nan), known)])
    back, back_known = store.telemetry.rollups([8, 7], date(2026, 3, 1), 3)
    assert back.shape == (2, 3, 24)
    assert back_known[1, 1].tolist() == known.tolist()
    assert back[1, 1][known].tolist() == litres[known].tolist()
    assert not back_known[0].any()
    assert not back_known[1, [0, 2]].any()


def test_a_day_rolled_up_again_takes_the_place_of_the_old_one(store: Store) -> None:
    day, ones = date(2026, 3, 2), np.ones(24)
    store.telemetry.put_rollups(day, [(7, ones, ones > 0), (8, ones, ones > 0)])
    store.telemetry.put_rollups(day, [(7, 2 * ones, ones > 1)])
    back, known = store.telemetry.rollups([7, 8], day, 1)
    assert back[:, 0, 0].tolist() == [2.0, 1.0]
    assert known[:, 0, 0].tolist() == [False, True]


def test_roll_ups_of_many_homes_come_back_each_in_its_place(store: Store) -> None:
    day, homes = date(2026, 3, 2), list(range(1, 6_002, 3))
    rows = [(home, np.full(24, home / 10), np.arange(24) < home % 25) for home in homes]
    store.telemetry.put_rollups(day, rows)
    asked = [*reversed(homes), 2]
    litres, known = store.telemetry.rollups(asked, day, 2)
    assert litres[:-1, 0, 0].tolist() == [np.float32(home / 10) for home in asked[:-1]]
    assert known[:-1, 0].sum(axis=1).tolist() == [min(home % 25, 24) for home in asked[:-1]]
    assert not known[:, 1].any()
    assert not known[-1].any()


def test_the_oldest_day_kept_of_some_homes_is_told(store: Store) -> None:
    ones = np.ones(24)
    for number, home in ((2, 7), (5, 8), (9, 7)):
        store.telemetry.put_rollups(date(2026, 3, number), [(home, ones, ones > 0)])
    assert store.telemetry.first_rollup([7, 8]) == date(2026, 3, 2)
    assert store.telemetry.first_rollup([8]) == date(2026, 3, 5)
    assert store.telemetry.first_rollup([9]) is None
    assert store.telemetry.first_rollup([]) is None


def test_a_pattern_stands_until_it_is_counted_on_or_forgotten(store: Store) -> None:
    early, late = date(2026, 3, 2), date(2026, 3, 3)
    seven, nine = Pattern(early, 0, b"\x00seven"), Pattern(early, 2**40, b"nine")
    store.telemetry.put_patterns({7: seven, 9: nine})
    store.telemetry.put_patterns({7: Pattern(late, 5, bytes(range(256)) * 32)})
    store.telemetry.put_patterns({})
    assert store.telemetry.patterns([9, 8, 7]) == {
        7: Pattern(late, 5, bytes(range(256)) * 32),
        9: nine,
    }
    assert store.telemetry.forget_patterns({7, 8}) == 1
    assert store.telemetry.patterns([7, 8]) == {}
    assert store.telemetry.patterns([9]) == {9: nine}


def test_what_was_learnt_comes_back_and_a_home_without_is_unlearnt(store: Store) -> None:
    profile = UsageProfile.unlearnt((7, 8))
    profile.limits_hours[0] = 30.0
    profile.usual_litres[0] = 4.5
    profile.longest_silence_hours[0] = 24.0
    profile.days[0] = 28.0
    store.telemetry.put_profiles(profile, AT)
    back = store.telemetry.profiles((9, 8, 7))
    assert back.homes == (9, 8, 7)
    assert np.isnan(back.limits_hours[:2]).all()
    assert (back.limits_hours[2] == 30.0).all()
    assert (back.usual_litres[2] == 4.5).all()
    assert back.longest_silence_hours.tolist()[2] == 24.0
    assert np.isnan(back.longest_silence_hours[:2]).all()
    assert back.days.tolist() == [0.0, 0.0, 28.0]


def test_where_a_home_stands_is_one_row_that_moves(store: Store) -> None:
    stand = Stand(7, AT, AT - 60, known=True, base_litres_per_hour=0.5, limit_hours=24.0)
    later = Stand(7, AT + 60, None, known=False, base_litres_per_hour=0.0, limit_hours=None)
    store.telemetry.put_stands([stand])
    store.telemetry.put_stands([later])
    store.telemetry.put_stands([])
    with store.view() as view:
        (one,) = view.telemetry.execute(t.stands.select()).mappings()
    assert dict(one) == {
        "household_id": 7,
        "as_of": AT + 60,
        "last_use_at": None,
        "known": 0,
        "base_litres_per_hour": 0.0,
        "limit_hours": None,
    }


def test_a_number_with_all_its_digits_comes_back_as_it_went(store: Store) -> None:
    awkward = [0.1 + 0.2, 1e9, 123456.789012345, 2.0**-30]
    store.telemetry.add([row(1, n, litres) for n, litres in enumerate(awkward)])
    assert [litres for _, _, litres in kept(store)] == awkward


readings = st.builds(row, st.integers(1, 3), st.integers(0, 6), st.sampled_from([1.0, 2.0, 3.0]))
examples = count(1)


@settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
@given(batches=st.lists(st.lists(readings, max_size=8), max_size=5))
def test_any_batching_keeps_the_first_of_each_instant(
    store: Store, batches: list[list[Row]]
) -> None:
    base = 10 * next(examples)  # each example has meters of its own
    first: dict[tuple[int, float], float] = {}
    second: set[tuple[int, int, float]] = set()
    for batch in batches:
        mine = [(base + device, at, heard, litres) for device, at, heard, litres in batch]
        fresh = {(device, at) for device, at, _, _ in mine} - first.keys()
        for device, at, _, litres in mine:
            if first.setdefault((device, at), litres) != litres:
                second.add((device, at, litres))
        assert store.telemetry.add(mine) == len(fresh)
    assert {(d, at): litres for d, at, litres in kept(store) if base < d <= base + 3} == first
    assert {one for one in doubles(store) if base < one[0] <= base + 3} == second

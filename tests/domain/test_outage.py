"""What an outage explains, what it never does, and that nothing is explained for ever."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain.outage import (
    GRACE,
    RIPE,
    Group,
    GroupKind,
    Outage,
    Silence,
    Spell,
    group_key,
    holds,
    key_of_worry,
    subject_area,
)
from meterwatch.domain.signal import AREA_QUIET, LOW_USE, NO_USE

DAY = datetime(2026, 3, 4, tzinfo=UTC)
CUT, BACK = DAY + timedelta(hours=8), DAY + timedelta(hours=14)
LONGEST = timedelta(hours=12)
RUNNING, ENDED = Spell("area:1", CUT, None), Spell("area:1", CUT, BACK)
TEN_HOURS = timedelta(hours=10)
HOURS = st.floats(0, 72).map(lambda hours: timedelta(hours=hours))


def silence(began: float, limit: float = 10.0, as_of: float = 12.0) -> Silence:
    """A home whose last water was at an hour of the day, with a limit in hours."""
    began_at, newest = DAY + timedelta(hours=began), DAY + timedelta(hours=as_of)
    return Silence(NO_USE, began_at, newest, timedelta(hours=limit))


def held(spell: Spell, one: Silence, now: datetime | None = None) -> bool:
    return holds([(spell, TEN_HOURS)], one, LONGEST, now or one.as_of)


def test_a_silence_of_the_morning_is_explained_while_the_water_is_off() -> None:
    assert held(RUNNING, silence(began=7.5, limit=4))
    assert held(RUNNING, silence(began=9, limit=3))


def test_a_night_that_was_not_over_yet_is_explained() -> None:
    assert held(RUNNING, silence(began=-2, limit=13))


def test_a_home_that_was_silent_before_the_rest_is_not_explained() -> None:
    assert not held(RUNNING, silence(began=-8, limit=18))
    assert not held(RUNNING, silence(began=-2, limit=11))


def test_an_outage_nobody_ends_explains_for_twelve_hours() -> None:
    one = silence(began=7.5, limit=10)
    assert held(RUNNING, one, CUT + LONGEST - timedelta(seconds=1))
    assert not held(RUNNING, one, CUT + LONGEST)


def test_when_the_water_is_back_a_silence_counts_anew_and_is_then_raised() -> None:
    assert held(ENDED, silence(began=7.5, limit=6, as_of=23.5))
    assert not held(ENDED, silence(began=7.5, limit=6, as_of=24))


def test_a_silence_that_begins_after_it_is_not_explained() -> None:
    assert not held(ENDED, silence(began=14.5, limit=5, as_of=20))


def test_an_outage_that_has_not_begun_explains_nothing() -> None:
    assert not held(Spell("area:1", DAY + timedelta(hours=20), None), silence(began=7.5))


def test_little_water_in_the_hours_that_hold_an_outage_is_explained() -> None:
    low = replace(silence(began=0, limit=72, as_of=30), kind=LOW_USE)
    assert held(ENDED, low)
    assert held(ENDED, replace(low, as_of=BACK + timedelta(hours=71)))
    assert not held(ENDED, replace(low, as_of=BACK + timedelta(hours=72)))


@given(HOURS, HOURS, HOURS, st.floats(6, 48))
def test_nothing_is_explained_for_ever(
    since: timedelta, lasts: timedelta, began: timedelta, limit: float
) -> None:
    start = DAY + since
    for until in (None, start + lasts):
        one = Silence(NO_USE, DAY + began, DAY, timedelta(hours=limit))
        late = start + lasts + LONGEST + TEN_HOURS
        assert not held(Spell("area:1", start, until), replace(one, as_of=late), late)


@given(HOURS, HOURS, st.floats(6, 48))
def test_a_longer_silence_is_never_explained_where_a_shorter_one_is_not(
    began: timedelta, more: timedelta, limit: float
) -> None:
    later = Silence(NO_USE, CUT - began, CUT, timedelta(hours=limit))
    earlier = replace(later, began_at=later.began_at - more)
    assert held(RUNNING, later) or not held(RUNNING, earlier)
    assert held(RUNNING, later) is (began < RIPE * later.limit)


def test_an_announced_outage_ends_when_it_was_said_to_or_before_and_has_a_grace() -> None:
    announced = Outage(1, GroupKind.AREA, 1, "", CUT, BACK, "repair")
    assert announced.spell == Spell("area:1", CUT, BACK + GRACE)
    early = replace(announced, ended_at=CUT + timedelta(hours=1))
    assert early.spell.until == CUT + timedelta(hours=1) + GRACE
    assert replace(announced, ended_at=BACK + timedelta(hours=5)).ends_at == BACK


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (GroupKind.AREA, ""),
        (GroupKind.BUILDING, "3号楼:甲"),
        (GroupKind.ZONE, "north"),
        (GroupKind.HUB, "gw-1"),
    ],
)
def test_the_kind_of_an_alert_names_its_group(kind: GroupKind, name: str) -> None:
    group = Group(kind, 12, name, (1, 2))
    assert key_of_worry(group.worry(AREA_QUIET), 12) == group.key == group_key(kind, 12, name)


def test_a_group_that_lies_in_several_areas_is_about_the_smallest_that_holds_it() -> None:
    assert subject_area([(1, 2, 5), (1, 2, 6), (1, 2)]) == 2
    assert subject_area([(1, 2, 5)]) == 5
    assert subject_area([(1, 2), (3, 4), (3, 4)]) == 4

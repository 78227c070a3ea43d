"""Which groups a look raises: the one that explains most, once, and until it lives as usual."""

import numpy as np

from meterwatch.detectors.common_cause import Verdict
from meterwatch.domain.outage import Group, GroupKind
from meterwatch.domain.signal import AREA_QUIET, AREA_WILD
from meterwatch.pipeline.area_signals import decide, subject_of

HOUSE = Group(GroupKind.BUILDING, 5, "1", tuple(range(10)))
OTHER = Group(GroupKind.BUILDING, 5, "2", tuple(range(10, 20)))
AREA = Group(GroupKind.AREA, 5, "", tuple(range(30)))
SNUG = Group(GroupKind.ZONE, 5, "north", tuple(range(12)))
GROUPS = (HOUSE, OTHER, AREA, SNUG)


def verdict(**weights: float) -> Verdict:
    """Groups that fire, by name and weight: `quiet_0=8.0` is the first one."""
    none = np.zeros(len(GROUPS), dtype=np.bool_)
    named = {"quiet": none.copy(), "wild": none.copy(), "back": none.copy(), "calm": none.copy()}
    weight = np.full(len(GROUPS), -np.inf)
    for name, value in weights.items():
        what, _, number = name.partition("_")
        named[what][int(number)] = True
        weight[int(number)] = value
    zero = np.zeros(len(GROUPS))
    return Verdict(
        **named,
        window=zero.astype(np.int64),
        judged=zero,
        used=zero,
        expected=zero,
        chance=zero,
        weight=weight,
    )


def test_the_group_that_explains_most_is_raised_and_others_with_its_homes_are_not() -> None:
    decision = decide(GROUPS, verdict(quiet_0=30.0, quiet_2=20.0, quiet_3=25.0), ())
    assert decision.raised == [(0, AREA_QUIET)]
    assert decision.over == []


def test_a_whole_area_is_one_signal_and_not_one_a_building() -> None:
    decision = decide(GROUPS, verdict(quiet_0=30.0, quiet_1=28.0, quiet_2=90.0), ())
    assert decision.raised == [(2, AREA_QUIET)]


def test_two_buildings_with_nothing_in_common_are_two_signals() -> None:
    decision = decide(GROUPS, verdict(quiet_0=30.0, wild_1=28.0), ())
    assert decision.raised == [(0, AREA_QUIET), (1, AREA_WILD)]


def test_what_stands_is_not_raised_again_and_keeps_its_neighbours_quiet() -> None:
    standing = {subject_of(HOUSE, AREA_QUIET)}
    decision = decide(GROUPS, verdict(quiet_0=30.0, quiet_3=35.0), standing)
    assert (decision.raised, decision.over) == ([], [])


def test_an_outage_that_grows_takes_the_place_of_the_building_in_it() -> None:
    standing = {subject_of(HOUSE, AREA_QUIET)}
    decision = decide(GROUPS, verdict(quiet_0=30.0, quiet_2=90.0), standing)
    assert decision.raised == [(2, AREA_QUIET)]
    assert decision.over == [subject_of(HOUSE, AREA_QUIET)]


def test_what_lives_as_usual_is_over_and_a_night_that_tells_nothing_ends_nothing() -> None:
    standing = {subject_of(HOUSE, AREA_QUIET), subject_of(OTHER, AREA_WILD)}
    assert decide(GROUPS, verdict(), standing).over == []
    ended = decide(GROUPS, verdict(back_0=0.0, back_1=0.0), standing)
    assert ended.over == [subject_of(HOUSE, AREA_QUIET)]
    assert decide(GROUPS, verdict(calm_1=0.0), standing).over == [subject_of(OTHER, AREA_WILD)]


def test_a_group_that_is_none_any_more_is_over() -> None:
    gone = Group(GroupKind.BUILDING, 5, "pulled down", (1, 2))
    assert decide(GROUPS, verdict(), {subject_of(gone, AREA_QUIET)}).over == [
        subject_of(gone, AREA_QUIET)
    ]


def test_quiet_that_was_announced_is_not_raised_and_a_burst_is() -> None:
    assert decide(GROUPS, verdict(quiet_0=30.0), (), {0}).raised == []
    assert decide(GROUPS, verdict(wild_0=30.0), (), {0}).raised == [(0, AREA_WILD)]

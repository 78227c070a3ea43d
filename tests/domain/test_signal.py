"""Reasons to look: what presses, verdicts and silences become."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from meterwatch.domain.fact import ButtonPress
from meterwatch.domain.signal import (
    BELL,
    BELL_MISSED,
    FLAT_FLOW,
    HUB_SILENT,
    METER_SILENT,
    NO_USE,
    SLOW_LEAK,
    Condition,
    Heartbeat,
    Origin,
    Signal,
    SilenceRule,
    SubjectKind,
    flow_of,
    heard,
    lost,
    missed,
    seen,
    worries,
)
from meterwatch.domain.usage import Findings, UsageWindow

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PRESS = ButtonPress("btn-1", NOW - timedelta(seconds=4), NOW, "77")
HOUR = timedelta(hours=1)


# Heard


def test_a_press_is_a_bell_that_began_when_it_was_pressed() -> None:
    (signal,) = heard([(7, PRESS)])
    assert (signal.kind, signal.origin, signal.condition) == (BELL, Origin.HEARD, Condition.ACTIVE)
    assert signal.subject == (SubjectKind.HOUSEHOLD, 7, BELL)
    assert signal.at == PRESS.measured_at


def test_a_cached_press_may_be_old_and_is_a_worry_of_its_own_kind() -> None:
    (signal,) = heard([(7, replace(PRESS, cached=True))])
    assert signal.kind == BELL_MISSED


def test_an_odd_press_still_counts_and_says_what_is_odd() -> None:
    (signal,) = heard([(7, replace(PRESS, suspect="clock 1970-01-01"))])
    assert signal.kind == BELL
    assert signal.evidence["suspect"] == "clock 1970-01-01"


def test_one_press_has_one_key_and_two_presses_have_two() -> None:
    one, same, other = heard([(7, PRESS), (7, PRESS), (7, replace(PRESS, ref="78"))])
    assert one.key == same.key != other.key


# Seen


def verdict(
    *,
    fired: bool = False,
    known: bool = True,
    since: datetime | None = NOW - 25 * HOUR,
    last_use: datetime | None = NOW - 25 * HOUR,
    homes: tuple[int, ...] = (7,),
) -> tuple[UsageWindow, Findings]:
    n = len(homes)
    ends = np.full((n, 1), NOW.timestamp())
    usage = UsageWindow(
        homes, ends, np.ones((n, 1)), np.zeros((n, 1)), np.full(n, -np.inf), np.ones(n)
    )

    def each(moment: datetime | None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.full(n, np.nan if moment is None else moment.timestamp())

    return usage, Findings(
        np.full(n, fired),
        np.full(n, known),
        np.zeros(n),
        each(since),
        np.full(n, 24.0),
        {"last_use_at": each(last_use), "silence_hours": np.full(n, 25.0)},
    )


def judged(
    standing: Mapping[int, datetime] | None = None, kind: str = NO_USE, **how: object
) -> list[Signal]:
    usage, found = verdict(**how)  # type: ignore[arg-type]
    return list(seen(kind, usage, found, standing or {}))


def test_a_home_that_fired_is_a_worry_with_its_figures() -> None:
    (signal,) = judged(fired=True)
    assert signal.subject == (SubjectKind.HOUSEHOLD, 7, NO_USE)
    assert signal.at == NOW - 25 * HOUR
    assert signal.as_of == NOW
    assert signal.evidence["silence_hours"] == 25.0
    assert signal.evidence["limit_hours"] == 24.0


def test_a_home_at_ease_about_which_nothing_stands_says_nothing() -> None:
    assert judged() == []


def test_water_after_the_silence_began_ends_the_worry() -> None:
    (signal,) = judged({7: NOW - 25 * HOUR}, since=NOW, last_use=NOW)
    assert signal.condition is Condition.CLEARED


def test_a_line_that_moved_does_not_end_a_silence_that_goes_on() -> None:
    assert judged({7: NOW - 25 * HOUR}) == []


def test_the_end_of_an_absence_does_not_end_a_silence_without_water() -> None:
    assert judged({7: NOW - 25 * HOUR}, since=NOW - HOUR) == []
    assert judged({7: NOW - 25 * HOUR}, since=NOW - HOUR, last_use=None) == []


def test_a_flow_that_stopped_ends_its_worry() -> None:
    usage, found = verdict(since=None)
    found.figures.pop("last_use_at")
    (signal,) = seen(FLAT_FLOW, usage, found, {7: NOW - 25 * HOUR})
    assert signal.condition is Condition.CLEARED


def flowing(**figures: float) -> tuple[UsageWindow, Findings]:
    usage, found = verdict(since=None)
    found.figures.clear()
    found.figures.update({name: np.array([value]) for name, value in figures.items()})
    return usage, found


def test_a_flow_that_is_still_a_worry_of_another_size_has_not_ended() -> None:
    usage, found = flowing(severity=1.0, begins_unseen=0.0)
    assert seen(FLAT_FLOW, usage, found, {7: NOW - 25 * HOUR}) == ()


def test_a_flow_of_which_hours_are_unknown_has_not_been_seen_to_end() -> None:
    usage, found = flowing(severity=0.0, begins_unseen=1.0)
    assert seen(FLAT_FLOW, usage, found, {7: NOW - 25 * HOUR}) == ()


def test_a_weak_flow_is_a_slow_leak_and_a_stronger_one_runs() -> None:
    for severity, kind in ((1.0, SLOW_LEAK), (2.0, FLAT_FLOW), (3.0, FLAT_FLOW)):
        usage, found = flowing(severity=severity)
        found.fired[0] = True
        parted = dict(worries(FLAT_FLOW, found))
        assert [name for name, part in parted.items() if part.fired[0]] == [kind]
        (signal,) = (s for name, part in parted.items() for s in seen(name, usage, part, {}))
        assert signal.kind == kind
        assert signal.evidence["severity"] == severity


def test_the_verdict_of_another_detector_is_one_worry() -> None:
    _, found = verdict()
    assert list(worries(NO_USE, found)) == [(NO_USE, found)]
    assert list(worries(FLAT_FLOW, found)) == [(FLAT_FLOW, found)]  # a rule that knows no sizes


def test_a_flow_is_named_by_the_severity_in_its_evidence() -> None:
    assert [flow_of({"severity": severity}) for severity in (2.0, 3.0)] == ["tap", "burst"]
    assert flow_of({}) == flow_of({"severity": "high"}) == ""


def test_what_is_unknown_for_an_hour_neither_ends_nor_raises_a_worry() -> None:
    assert judged({7: NOW - 25 * HOUR}, known=False, since=None, last_use=None) == []


def test_each_home_is_told_by_its_own_verdict() -> None:
    usage, found = verdict(homes=(7, 8, 9))
    found.fired[1] = True
    (signal,) = seen(NO_USE, usage, found, {})
    assert signal.subject_id == 8


# Missed


def beat(
    home: int, hub: str = "", area: int = 1, heard_at: datetime | None = NOW - 9 * HOUR
) -> Heartbeat:
    return Heartbeat(100 + home, home, area, hub, HOUR, heard_at, NOW - 90 * HOUR)


RULE = SilenceRule()


def test_a_silent_meter_is_a_worry_about_its_home() -> None:
    (signal,) = missed([beat(7)], {}, RULE, NOW)
    assert signal.subject == (SubjectKind.HOUSEHOLD, 7, METER_SILENT)
    assert signal.at == NOW - 9 * HOUR
    assert signal.evidence["never_heard"] == 0


def test_a_meter_that_never_spoke_is_silent_since_it_is_watched() -> None:
    (signal,) = missed([beat(7, heard_at=None)], {}, RULE, NOW)
    assert signal.at == NOW - 90 * HOUR
    assert signal.evidence["never_heard"] == 1


def test_most_homes_of_a_hub_silent_together_are_one_worry_about_the_hub() -> None:
    beats = [beat(home, "gw-1") for home in (1, 2, 3)] + [beat(9)]
    single, hub = missed(beats, {"gw-1": 5}, RULE, NOW)
    assert single.subject_id == 9
    assert hub.subject == (SubjectKind.AREA, 1, f"{HUB_SILENT}:gw-1")
    assert hub.evidence["homes"] == 3


def test_a_few_homes_of_a_large_hub_are_named_one_by_one() -> None:
    beats = [beat(home, "gw-1") for home in (1, 2, 3)]
    assert {s.kind for s in missed(beats, {"gw-1": 6}, RULE, NOW)} == {METER_SILENT}


def test_two_homes_never_make_a_hub_silent() -> None:
    beats = [beat(home, "gw-1") for home in (1, 2)]
    assert {s.kind for s in missed(beats, {"gw-1": 2}, RULE, NOW)} == {METER_SILENT}


def test_two_meters_of_one_home_count_as_one_home_of_the_hub() -> None:
    beats = [beat(1, "gw-1"), replace(beat(1, "gw-1"), device_id=999), beat(2, "gw-1")]
    assert {s.kind for s in missed(beats, {"gw-1": 3}, RULE, NOW)} == {METER_SILENT}


def test_a_silent_hub_stands_where_most_of_its_silent_homes_are() -> None:
    beats = [beat(1, "gw-1", area=4), beat(2, "gw-1", area=5), beat(3, "gw-1", area=5)]
    (hub,) = missed(beats, {"gw-1": 3}, RULE, NOW)
    assert hub.subject_id == 5


def test_a_meter_may_be_silent_for_three_reports_and_never_less_than_the_least() -> None:
    assert RULE.wait(timedelta(minutes=15)) == RULE.at_least
    assert RULE.wait(timedelta(hours=24)) == timedelta(hours=72)


def test_a_silent_meter_takes_the_sight_from_the_worries_inferred_from_it() -> None:
    standing = [
        (SubjectKind.HOUSEHOLD, 7, NO_USE),
        (SubjectKind.HOUSEHOLD, 7, BELL),
        (SubjectKind.HOUSEHOLD, 8, NO_USE),
        (SubjectKind.AREA, 7, f"{HUB_SILENT}:gw-1"),
    ]
    (signal,) = lost([beat(7)], standing, NOW)
    assert signal.subject == (SubjectKind.HOUSEHOLD, 7, NO_USE)
    assert signal.condition is Condition.UNKNOWN

"""The plain twin of every detector; those of whole days and of nights are said here."""

import math
from collections.abc import Callable, Mapping

from meterwatch.detectors import Detector, FlatFlow, LowUse, NoUse, OddHours
from meterwatch.domain.usage import LocalTime, UsageProfile, UsageWindow
from tests.detectors.naive import Home, Interval, Verdict, base, flat_flow, flow, homes_of, no_use

TOTAL_HOURS = 72.0


def low_use(rule: LowUse, home: Home) -> Verdict:
    newest = home.slots[-1]
    end = math.nan if newest is None else newest.end
    begins = max(end - TOTAL_HOURS * 3600, home.counts_from)
    weekday = 3 if newest is None else (int(home.local_seconds(end) // 86400) + 3) % 7
    litres = math.nan
    told: tuple[float, float, float, float] | None = None
    for which, weigh in enumerate((_litres_an_hour, _activity_an_hour)):
        total, known = 0.0, 0.0
        for at, slot in enumerate(home.slots):
            weight = weigh(home, at)
            if slot is None or weight is None:
                continue
            inside = min(max((slot.end - begins) / 3600, 0.0), slot.hours)
            total, known = total + weight * inside, known + inside
        usual, floor = home.usual_totals[which], rule.floor_share * home.floors[which][weekday]
        unknown = max(TOTAL_HOURS - known, 0.0)
        filled = total + unknown * usual / TOTAL_HOURS
        litres = total if which == 0 else litres
        if newest is None or not newest.known or math.isnan(usual) or math.isnan(floor):
            continue
        if known < rule.least_known_share * TOTAL_HOURS or _silent(rule, home, begins):
            continue
        score = min(max(2.0 - filled / floor, 0.0), 2.0)
        if told is None or score > told[0]:
            told = (score, filled / usual, floor / usual, unknown)
    floor_share = rule.floor_share * home.floors[0][weekday] / home.usual_totals[0]
    return Verdict(
        fired=told is not None and told[0] >= 1.0,
        known=told is not None,
        score=told[0] if told else 0.0,
        since=_midnight(home, begins) if told else math.nan,
        limit=TOTAL_HOURS,
        figures={
            "litres": litres if told else math.nan,
            "usual_litres": home.usual_totals[0],
            "share": told[1] if told else math.nan,
            "floor_share": told[2] if told else floor_share,
            "unknown_hours": told[3] if told else math.nan,
        },
    )


def _midnight(home: Home, moment: float) -> float:
    seconds = home.local_seconds(moment)
    return math.ceil(seconds / 86400) * 86400 - (seconds - moment)


def _litres_an_hour(home: Home, at: int) -> float | None:
    slot = home.slots[at]
    if slot is None or not slot.known or slot.hours <= 0:
        return None
    return max(slot.litres / slot.hours - base(home.slots, at), 0.0)


def _activity_an_hour(home: Home, at: int) -> float | None:
    measured = flow(home.slots, at, 0.9)
    return None if measured is None else math.sqrt(max(measured[0] - base(home.slots, at), 0.0))


def _silent(rule: LowUse, home: Home, begins: float) -> bool:
    began = math.nan
    for at, slot in enumerate(home.slots):
        if slot is None:
            continue
        if math.isnan(began):
            began = slot.start
        if not slot.known or _is_use(rule.use_litres, home, at, slot):
            began = slot.end
        if slot.end > begins and slot.end - max(began, home.counts_from) >= 24 * 3600:
            return True
    return False


def _is_use(litres: float, home: Home, at: int, slot: Interval) -> bool:
    above = slot.litres - base(home.slots, at) * slot.hours
    return slot.known and above >= max(litres, home.resolution) - 1e-6


def odd_hours(rule: OddHours, home: Home) -> Verdict:
    newest = home.slots[-1]
    quiet = [hour for hour in (23, 0, 1, 2, 3, 4) if home.night_use[hour] <= rule.quiet_share]
    known = newest is not None and newest.known and bool(quiet)
    uses: dict[int, int] = {}
    tonight = _night_of(home, 0.0 if newest is None else newest.end)
    for at, slot in enumerate(home.slots):
        if slot is None or slot.hours > 1.6 or slot.end <= home.counts_from:
            continue
        middle = slot.end - slot.hours * 1800
        in_quiet_hour = int(home.local_seconds(middle) // 3600) % 24 in quiet
        if in_quiet_hour and _is_use(rule.use_litres, home, at, slot):
            back = tonight - _night_of(home, middle)
            uses[back] = uses.get(back, 0) + 1
    first = 0 if 0 in uses else 1
    run = 0
    while known and first + run in uses and run < 5:
        run += 1
    end = 0.0 if newest is None else newest.end
    begins = (tonight - first - run + 1) * 86400 - 3600 - (home.local_seconds(end) - end)
    return Verdict(
        fired=known and run >= rule.nights,
        known=known,
        score=run / rule.nights if known else 0.0,
        since=begins if run else math.nan,
        limit=rule.nights,
        figures={
            "odd_nights": float(run),
            "odd_uses": float(sum(uses[first + night] for night in range(run))),
        },
    )


def _night_of(home: Home, moment: float) -> int:
    return int((home.local_seconds(moment) + 3600) // 86400)


TWINS: Mapping[str, Callable[[Detector, Home], Verdict]] = {
    NoUse.name: no_use,  # type: ignore[dict-item]  # each twin knows its own detector
    LowUse.name: low_use,  # type: ignore[dict-item]  # as above
    FlatFlow.name: flat_flow,  # type: ignore[dict-item]  # as above
    OddHours.name: odd_hours,  # type: ignore[dict-item]  # as above
}


def judge(
    detector: Detector, usage: UsageWindow, profile: UsageProfile, local: LocalTime
) -> list[Verdict]:
    twin = TWINS[detector.name]
    return [twin(detector, home) for home in homes_of(usage, profile, local)]

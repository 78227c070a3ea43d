"""Plain twins of the detectors: one home at a time, one interval after the other, no arrays.

They say the same rules a second time, as slowly and as readably as they can be said.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from meterwatch.detectors import Detector, FlatFlow, NoUse
from meterwatch.domain.usage import LocalTime, UsageProfile, UsageWindow


@dataclass(frozen=True)
class Interval:
    end: float
    hours: float
    litres: float  # NaN where use in it cannot be placed

    @property
    def start(self) -> float:
        return self.end - self.hours * 3600

    @property
    def known(self) -> bool:
        return not math.isnan(self.litres)


@dataclass(frozen=True)
class Home:
    slots: list[Interval | None]  # None: there is no such interval
    counts_from: float
    resolution: float
    limit: Callable[[float], float]  # by the moment at which a silence begins; NaN if unlearnt
    usual_longest: float = math.nan


@dataclass(frozen=True)
class Verdict:
    fired: bool
    known: bool
    score: float
    since: float
    limit: float
    figures: dict[str, float]


def homes_of(usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> list[Home]:
    return [
        Home(
            [
                None if math.isnan(end) or math.isnan(hours) else Interval(end, hours, litres)
                for end, hours, litres in zip(
                    usage.ends_at[row].tolist(),
                    usage.hours[row].tolist(),
                    usage.litres[row].tolist(),
                    strict=True,
                )
            ],
            float(usage.counts_from[row]),
            float(usage.resolution_litres[row]),
            _limit_of(profile, row, local),
            float(profile.longest_silence_hours[row]),
        )
        for row in range(len(usage.homes))
    ]


def _limit_of(profile: UsageProfile, row: int, local: LocalTime) -> Callable[[float], float]:
    def limit(moment: float) -> float:
        moment -= 1800  # the middle of the hour that showed the use
        offset = float(local.offsets[0])
        for change, after in zip(local.changes.tolist(), local.offsets[1:].tolist(), strict=True):
            if moment >= change:
                offset = after
        seconds = moment + offset
        weekday = (int(seconds // 86400) + 3) % 7
        day_class = {4: 1, 5: 2, 6: 3}.get(weekday, 0)
        return float(profile.limits_hours[row, day_class, int(seconds // 3600) % 24])

    return limit


def flow(slots: list[Interval | None], at: int, least_hours: float) -> tuple[float, float] | None:
    """Litres per hour over at least `least_hours`, ending with interval `at`, and those hours."""
    litres, hours = 0.0, 0.0
    for position in range(at, -1, -1):
        slot = slots[position]
        if slot is None or not slot.known:
            return None
        litres, hours = litres + slot.litres, hours + slot.hours
        if hours >= least_hours:
            return litres / hours, hours
    return None


def base(slots: list[Interval | None], at: int) -> float:
    newest = slots[at]
    if newest is None:
        return 0.0
    lowest, covered = math.inf, 0.0
    for position in range(at, -1, -1):
        slot = slots[position]
        if slot is None or newest.end - slot.end >= 86400:
            continue
        measured = flow(slots, position, 0.5)
        if measured is None or (measured[1] > 4.0 and measured[0] > 0):
            continue
        lowest, covered = min(lowest, measured[0]), covered + slot.hours
    return max(lowest, 0.0) if covered >= 12.0 and lowest < math.inf else 0.0


def no_use(rule: NoUse, home: Home) -> Verdict:
    slots, newest = home.slots, home.slots[-1]
    last_use, earliest = math.nan, math.nan
    least = max(rule.use_litres, home.resolution) - 1e-6
    for position, slot in enumerate(slots):
        if slot is None:
            continue
        if math.isnan(earliest):
            earliest = slot.start
        if not slot.known or slot.litres - base(slots, position) * slot.hours >= least:
            last_use = slot.end
    leak = base(slots, len(slots) - 1)
    figures = {
        "silence_hours": math.nan,
        "last_use_at": last_use,
        "base_litres_per_hour": leak,
        "degraded": float(leak >= rule.degraded_litres_per_hour),
        "usual_longest_hours": home.usual_longest,
        "coarse": float(home.resolution > rule.use_litres),
    }
    if newest is None or not newest.known:
        return Verdict(False, False, 0.0, math.nan, rule.default_limit_hours, figures)
    since = max(earliest if math.isnan(last_use) else last_use, home.counts_from)
    silence = max(newest.end - since, 0.0) / 3600
    learnt = home.limit(since)
    limit = rule.default_limit_hours
    if not math.isnan(learnt):
        limit = min(max(learnt, rule.min_limit_hours), rule.max_limit_hours)
    figures["silence_hours"] = silence
    return Verdict(silence >= limit, True, silence / limit, since, limit, figures)


def flat_flow(rule: FlatFlow, home: Home) -> Verdict:
    seen = _rates_seen(rule, home.slots)
    best = None
    for tier in rule.tiers:
        run = _run(rule, home, seen, tier.litres_per_hour, steady=tier.steady)
        hours = _added_oldest_first(home, run)
        share = hours / tier.hours
        fuller = best is not None and (share >= 1.0 or (best[0] < 1.0 and share > best[0]))
        if best is None or fuller:
            best = (share, tier, run, hours)
    assert best is not None
    share, tier, run, hours = best
    shares = [
        _added_oldest_first(home, _run(rule, home, seen, each.litres_per_hour, steady=each.steady))
        / each.hours
        for each in rule.tiers
    ]
    known = seen[-1] is not None
    rates = [rate for position in reversed(run) if (rate := seen[position]) is not None]
    first = home.slots[run[-1]] if run else None
    return Verdict(
        fired=known and share >= 1.0,
        known=known,
        score=max(shares) if known else 0.0,
        since=first.start if first else math.nan,
        limit=tier.hours,
        figures={
            "severity": tier.severity if known and share >= 1.0 else 0.0,
            "run_hours": hours,
            "litres_per_hour": _sum(rates) / len(rates) if rates else math.nan,
            "lowest_litres_per_hour": min(rates) if rates else math.nan,
        },
    )


def _rates_seen(rule: FlatFlow, slots: list[Interval | None]) -> list[float | None]:
    seen: list[float | None] = []
    for position, slot in enumerate(slots):
        measured = flow(slots, position, 0.9)
        short = slot is not None and slot.hours <= rule.longest_interval_hours
        seen.append(measured[0] if measured is not None and short else None)
    return seen


def _run(
    rule: FlatFlow, home: Home, seen: list[float | None], least: float, *, steady: bool
) -> list[int]:
    """The intervals of the run that ends the window, the newest first."""
    run: list[int] = []
    total = 0.0
    for position in range(len(seen) - 1, -1, -1):
        rate = seen[position]
        if rate is None or rate < least:
            break
        mean = total / len(run) if run else rate
        allowed = max(rule.steady_share * mean, rule.steady_litres_per_hour, home.resolution)
        if steady and abs(rate - mean) > allowed:
            break
        run.append(position)
        total += rate
    return run


def _added_oldest_first(home: Home, run: list[int]) -> float:
    return _sum([slot.hours for position in reversed(run) if (slot := home.slots[position])])


def _sum(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


TWINS: Mapping[str, Callable[[Detector, Home], Verdict]] = {
    NoUse.name: no_use,  # type: ignore[dict-item]  # each twin knows its own detector
    FlatFlow.name: flat_flow,  # type: ignore[dict-item]  # as above
}


def judge(
    detector: Detector, usage: UsageWindow, profile: UsageProfile, local: LocalTime
) -> list[Verdict]:
    twin = TWINS[detector.name]
    return [twin(detector, home) for home in homes_of(usage, profile, local)]


def longest_ended(quiet: list[bool]) -> float:
    """The longest run of True that does not reach the end; NaN if there is only an open run."""
    if all(quiet):
        return math.nan
    longest = run = 0
    for flag in quiet:
        if flag:
            run += 1
        else:
            longest, run = max(longest, run), 0
    return float(longest)


def as_window(homes: list[Home]) -> UsageWindow:
    """Make a window from homes whose slots are equally many."""

    def column(pick: Callable[[Interval], float]) -> list[list[float]]:
        return [[math.nan if s is None else pick(s) for s in home.slots] for home in homes]

    return UsageWindow(
        tuple(range(len(homes))),
        np.array(column(lambda s: s.end)),
        np.array(column(lambda s: s.hours)),
        np.array(column(lambda s: s.litres)),
        np.array([home.counts_from for home in homes]),
        np.array([home.resolution for home in homes]),
    )

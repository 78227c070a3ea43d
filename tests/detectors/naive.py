"""Plain twins of the detectors: one home at a time, one interval after the other, no arrays.

They say the same rules a second time, as slowly and as readably as they can be said.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from meterwatch.detectors import FlatFlow, NoUse
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
    night: float = 0.0  # litres an hour that stand anyway
    day: float = 0.0  # the strongest flow above it that stood for a day
    usual_totals: tuple[float, ...] = ()  # of three days: litres, activity
    floors: tuple[tuple[float, ...], ...] = ()  # the same by weekday
    night_use: tuple[float, ...] = ()  # by local hour
    local_seconds: Callable[[float], float] = float
    days: float = math.nan
    returning: float = math.nan  # how long a silence may last that begins on coming home


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
            _or_zero(profile.night_litres_per_hour[row]),
            _or_zero(profile.day_litres_per_hour[row]),
            tuple(profile.usual_totals[row].tolist()),
            tuple(tuple(each) for each in profile.floors[row].tolist()),
            tuple(profile.night_use[row].tolist()),
            _local_seconds(local),
            float(profile.days[row]),
            float(profile.returning_hours[row]),
        )
        for row in range(len(usage.homes))
    ]


def _or_zero(learnt: float) -> float:
    return 0.0 if math.isnan(learnt) else float(learnt)


def _limit_of(profile: UsageProfile, row: int, local: LocalTime) -> Callable[[float], float]:
    def limit(moment: float) -> float:
        seconds = _local_seconds(local)(moment - 1800)  # the middle of the hour of the use
        weekday = (int(seconds // 86400) + 3) % 7
        day_class = {4: 1, 5: 2, 6: 3}.get(weekday, 0)
        return float(profile.limits_hours[row, day_class, int(seconds // 3600) % 24])

    return limit


def _local_seconds(local: LocalTime) -> Callable[[float], float]:
    def seconds(moment: float) -> float:
        offset = float(local.offsets[0])
        for change, after in zip(local.changes.tolist(), local.offsets[1:].tolist(), strict=True):
            if moment >= change:
                offset = after
        return moment + offset

    return seconds


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
        "learnt_days": home.days,
        "just_home": 0.0,
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
    if silence >= limit and not math.isnan(home.returning) and just_home(rule, home, since):
        figures["just_home"] = float(limit < min(home.returning, rule.max_limit_hours))
        limit = max(limit, min(home.returning, rule.max_limit_hours))
    return Verdict(silence >= limit, True, silence / limit, since, limit, figures)


def just_home(rule: NoUse, home: Home, since: float) -> bool:
    """Whether the silence began within 3 h after a use that ended 15 h or more without any."""
    came, before = -math.inf, math.nan
    least = max(rule.use_litres, home.resolution) - 1e-6
    for position, slot in enumerate(home.slots):
        if slot is None:
            continue
        if math.isnan(before):
            before = slot.start
        if not slot.known or slot.litres - base(home.slots, position) * slot.hours >= least:
            if slot.start - before >= 15 * 3600:
                came = slot.end
            before = slot.end
    return since - came <= 3 * 3600


def flat_flow(rule: FlatFlow, home: Home) -> Verdict:
    rates = [_rate(rule, home, at) for at in range(len(home.slots))]
    told, score = None, 0.0
    for part in _parts(rule, home, rates):
        share = part.share(rule, home)
        told_already = told is not None and score >= 1.0
        same = told is not None and part.severity(rule) == told.severity(rule)
        if (share >= 1.0 and same) if told_already else share >= score:
            told = part
        score = max(score, share)
    known = rates[-1] is not None
    fired = known and score >= 1.0
    length = 0.0 if told is None else told.seen + told.unseen
    return Verdict(
        fired=fired,
        known=known,
        score=score,
        since=math.nan if told is None else told.began,
        limit=rule.slow_hours if told is None else told.allowed(rule),
        figures={
            "severity": told.severity(rule) if fired and told else 0.0,
            "run_hours": length,
            "litres_per_hour": math.nan if told is None else told.low + home.night,
            "night_litres_per_hour": home.night,
            "lost_litres": 0.0 if told is None else told.low * length,
            "begins_unseen": float(_begins_unseen(rule, home, rates)),
            "shows_from_litres_per_hour": max(home.resolution, rule.slow_litres_per_hour),
        },
    )


@dataclass(frozen=True)
class Part:
    """The newest part of a run, back to some interval that is seen to flow."""

    began: float
    low: float
    seen: float
    unseen: float

    def allowed(self, rule: FlatFlow) -> float:
        names = ("slow", "seep", "leak", "strong", "running", "tap", "gush", "flood")
        points = [
            (getattr(rule, f"{n}_litres_per_hour"), getattr(rule, f"{n}_hours")) for n in names
        ]
        for (flow, hours), (higher, fewer) in pairwise(points):
            if self.low < higher:
                return float(hours + (fewer - hours) * (self.low - flow) / (higher - flow))
        return float(points[-1][1])

    def severity(self, rule: FlatFlow) -> float:
        if self.low >= rule.burst_litres_per_hour:
            return 3.0
        return 2.0 if self.low >= rule.open_litres_per_hour else 1.0

    def share(self, rule: FlatFlow, home: Home) -> float:
        length = self.seen + self.unseen
        usual = self.low < rule.habit_share * home.day and length < rule.habit_hours
        if self.unseen > self.seen or (usual and self.severity(rule) == 1.0):
            return 0.0
        return length / self.allowed(rule)


def _parts(rule: FlatFlow, home: Home, rates: list[float | None]) -> Iterator[Part]:
    low, seen, unseen = math.inf, 0.0, 0.0
    for at in range(len(rates) - 1, -1, -1):
        slot, rate = home.slots[at], rates[at]
        if rate is None:
            if slot is None or at == len(rates) - 1 or slot.hours > rule.longest_gap_hours:
                return
            unseen += slot.hours
            continue
        if rate - home.night < rule.slow_litres_per_hour or slot is None:
            return
        low, seen = min(low, rate - home.night), seen + slot.hours
        yield Part(slot.start, low, seen, unseen)


def _begins_unseen(rule: FlatFlow, home: Home, rates: list[float | None]) -> bool:
    """Whether what came before the run is unknown, rather than a stop."""
    for at in range(len(rates) - 1, -1, -1):
        slot, rate = home.slots[at], rates[at]
        if rate is not None and rate - home.night < rule.slow_litres_per_hour:
            return False
        if rate is None and (at == len(rates) - 1 or slot is None):
            return True
        if rate is None and slot is not None and slot.hours > rule.longest_gap_hours:
            return True
    return True


def _rate(rule: FlatFlow, home: Home, at: int) -> float | None:
    slot = home.slots[at]
    if slot is None or not slot.known or slot.hours > rule.longest_interval_hours:
        return None
    if slot.litres >= 20 * home.resolution:
        return slot.litres / slot.hours
    measured = flow(home.slots, at, 0.9)
    return measured[0] if measured is not None else None


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

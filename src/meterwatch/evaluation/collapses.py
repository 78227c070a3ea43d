"""Collapses: moments at which the person in a recorded home stops turning the taps.

Each is put at a uniformly random covered moment at which the home was in use within the 12 hours
before and would have been within the 12 hours after. From then on human use stops, and a standing
leak goes on. Readings come when they came in the record, and only they can detect anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from meterwatch.detectors import Detector
from meterwatch.domain.usage import Floats, UsageWindow
from meterwatch.evaluation.homes import COVERED_HOURS, Home, Indices, window_of
from meterwatch.evaluation.records import PLACED_HOURS

IN_USE_HOURS = 12.0
FOLLOWED_HOURS = 72.0  # found later than this is missed
LEAK_NIGHTS = 14
LEAK_HOURS = (2, 3, 4)  # local hours in which nobody is expected to draw water
LEAK_LITRES_PER_HOUR = 1.0
_SECONDS = 3_600.0
_TRIES = 400
_CHUNK = 40


@dataclass(frozen=True, slots=True, eq=False)
class Collapses:
    """The collapses of one home.

    Attributes
    ----------
    at : (C,) float64, epoch seconds
    first : (C,) int
        The interval in which each falls.
    count : (C,) int
        How many readings follow it within 72 hours, the one that closes `first` included.
    litres : (C, L) float64
        What the meter shows from `first` on.
    """

    at: Floats
    first: Indices
    count: Indices
    litres: Floats


def inject(home: Home, number: int, rng: np.random.Generator) -> Collapses:
    """Put `number` collapses into a home, fewer where it offers too few moments."""
    at = _moments(home, number, rng)
    ends = home.record.ends_at
    first = np.searchsorted(ends, at, side="right").astype(np.int64)
    last = np.searchsorted(ends, at + FOLLOWED_HOURS * _SECONDS, side="right").astype(np.int64)
    count = last - first
    litres = np.full((len(at), max(count.max(initial=0), 1)), np.nan)
    for index in range(len(at)):
        span = slice(first[index], last[index])
        litres[index, : count[index]] = _after(home, at[index], span, rng)
    return Collapses(at, first, count, litres)


def delays(home: Home, collapses: Collapses, detector: Detector) -> Floats:
    """Give the hours from each collapse to the reading that finds it; infinite if none does."""
    found_after = np.full(len(collapses.at), np.inf)
    for which, usage in _windows(home, collapses):
        profile = home.profile_at(collapses.at[which])
        fired = detector.detect(usage, profile, home.local).fired
        hours = (usage.as_of - collapses.at[which]) / _SECONDS
        np.minimum.at(found_after, which[fired], hours[fired])
    return found_after


def _moments(home: Home, number: int, rng: np.random.Generator) -> Floats:
    """Draw moments by covered time until enough of them lie within use."""
    record = home.record
    usable = home.judged[record.hours[home.judged] <= COVERED_HOURS]
    followed_to = record.ends_at[-1] - FOLLOWED_HOURS * _SECONDS
    usable = usable[record.ends_at[usable] <= followed_to]
    uses = record.ends_at[home.in_use]
    if not len(usable) or not len(uses):
        return np.array([], dtype=np.float64)
    weight = record.hours[usable] / record.hours[usable].sum()
    drawn = rng.choice(usable, size=number * _TRIES, p=weight)
    into = rng.random(len(drawn)) * record.hours[drawn] * _SECONDS
    at = record.ends_at[drawn] - into
    after = np.searchsorted(uses, at, side="right")
    before_at = np.where(after > 0, uses[np.maximum(after, 1) - 1], -np.inf)
    next_at = np.where(after < len(uses), uses[np.minimum(after, len(uses) - 1)], np.inf)
    near = IN_USE_HOURS * _SECONDS
    eligible: Floats = at[(at - before_at <= near) & (next_at - at <= near)]
    return eligible[:number]


def _after(home: Home, at: float, span: slice, rng: np.random.Generator) -> Floats:
    """Give what the meter shows from the interval of a collapse on."""
    record = home.record
    hours, ends = record.hours[span], record.ends_at[span]
    spared = np.minimum(ends - at, hours * _SECONDS) / _SECONDS  # hours after the collapse
    leak = np.cumsum(_leak(home, at, len(hours), rng) * spared)
    step = record.resolution_litres
    litres = np.diff(np.floor(leak / step) * step, prepend=0.0)
    drawn = np.floor(record.litres[span][:1] * (1.0 - spared[:1] / hours[:1]) / step) * step
    litres[:1] += drawn
    return np.where((hours > PLACED_HOURS) & (litres > 0.0), np.nan, litres)


def _leak(home: Home, at: float, count: int, rng: np.random.Generator) -> Floats:
    """Draw rates from the unused hours of the last nights if most of them flowed, else none."""
    record = home.record
    stop = int(np.searchsorted(record.ends_at, at, side="right"))
    start = int(np.searchsorted(record.ends_at, at - LEAK_NIGHTS * 86_400.0))
    ends, hours = record.ends_at[start:stop], record.hours[start:stop]
    middle = ends - hours * _SECONDS / 2.0
    night = np.isin(home.local.class_and_hour(middle)[1], LEAK_HOURS)
    night &= np.isfinite(record.litres[start:stop]) & (hours > 0.0) & (hours <= PLACED_HOURS)
    night &= ~home.in_use[start:stop]
    rates = record.litres[start:stop][night] / hours[night]
    if not len(rates) or np.mean(rates >= LEAK_LITRES_PER_HOUR) <= 0.5:  # noqa: PLR2004  # half
        return np.zeros(count)
    return rng.choice(rates, size=count)


def _windows(home: Home, collapses: Collapses) -> Iterator[tuple[Indices, UsageWindow]]:
    """Give the windows after some collapses at a time, and whose each row is."""
    record, width = home.record, home.width
    for start in range(0, len(collapses.at), _CHUNK):
        some = np.arange(start, min(start + _CHUNK, len(collapses.at)))
        which = np.repeat(some, collapses.count[some])
        number = np.arange(len(which)) - np.repeat(
            np.cumsum(collapses.count[some]) - collapses.count[some], collapses.count[some]
        )
        newest = collapses.first[which] + number
        column = newest[:, np.newaxis] + np.arange(1 - width, 1)
        since = column - collapses.first[which][:, np.newaxis]
        there, exists = np.maximum(column, 0), column >= 0
        shown = np.where(
            since >= 0,
            collapses.litres[which[:, np.newaxis], np.maximum(since, 0)],
            record.litres[there],
        )
        yield (
            which,
            window_of(
                record,
                np.where(exists, record.ends_at[there], np.nan),
                np.where(exists, record.hours[there], np.nan),
                np.where(exists, shown, np.nan),
            ),
        )

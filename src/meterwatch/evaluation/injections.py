"""Injections: what is put into a recorded home, to see how soon it is found.

A collapse stops human use, and a standing leak goes on. A partial collapse leaves a share of it. A
tap left on and a leak add a flow to the use of the home. Each happens at a uniformly random covered
moment; for the first two the home was in use within the 12 hours before and would have been within
the 12 hours after. Readings come when they came in the record, and only they detect anything.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from meterwatch.domain.usage import Floats
from meterwatch.evaluation.homes import COVERED_HOURS, Home, Indices
from meterwatch.evaluation.records import PLACED_HOURS
from meterwatch.evaluation.scenes import Scene, struck

IN_USE_HOURS = 12.0
LEAK_NIGHTS = 14
LEAK_HOURS = (2, 3, 4)  # local hours in which nobody is expected to draw water
LEAK_LITRES_PER_HOUR = 1.0
SOON_HOURS = 72.0  # found later than this is missed
_SECONDS = 3_600.0
_TRIES = 400


@dataclass(frozen=True, slots=True)
class Injection:
    """One thing that is put into homes.

    Parameters
    ----------
    name : str
    share : float
        Of human use that goes on.
    litres_per_hour : float
        Flow that is added.
    followed_hours : float
        How long after it readings are looked at.
    """

    name: str
    share: float = 1.0
    litres_per_hour: float = 0.0
    followed_hours: float = SOON_HOURS

    @property
    def stops_use(self) -> bool:
        """Whether somebody stops drawing water, wholly or in part."""
        return self.share < 1.0


COLLAPSE = Injection("collapse", share=0.0)
TAP = Injection("tap 200 L/h", litres_per_hour=200.0)
LEAK = Injection("leak 10 L/h", litres_per_hour=10.0, followed_hours=120.0)
TRICKLE = Injection("leak 3 L/h", litres_per_hour=3.0, followed_hours=168.0)


def partial(share: float) -> Injection:
    """Give the partial collapse after which this share of normal use goes on.

    >>> partial(0.25).name
    'partial 25%'
    """
    return Injection(f"partial {share:.0%}", share=share)


def inject(home: Home, injection: Injection, number: int, seed: int) -> Scene:
    """Put `number` injections into a home, fewer where it offers too few moments.

    The draw of one home depends on the seed and its name alone, whichever homes are beside it.
    """
    rng = np.random.default_rng([seed, zlib.crc32(home.name.encode())])
    at = _moments(home, injection, number, rng)
    ends = home.record.ends_at
    until = at + injection.followed_hours * _SECONDS
    first = np.searchsorted(ends, at, side="right").astype(np.int64)
    count = np.searchsorted(ends, until, side="right").astype(np.int64) - first
    drawn = np.full((len(at), max(count.max(initial=0), 1)), np.nan)
    for index in range(len(at)):
        span = slice(first[index], first[index] + count[index])
        drawn[index, : count[index]] = _after(home, injection, at[index], span, rng)
    return struck(home, at, first, count, drawn)


def _moments(home: Home, injection: Injection, number: int, rng: np.random.Generator) -> Floats:
    """Draw moments by covered time until enough of them will do."""
    record = home.record
    usable = home.judged[record.hours[home.judged] <= COVERED_HOURS]
    followed_to = record.ends_at[-1] - injection.followed_hours * _SECONDS
    usable = usable[record.ends_at[usable] <= followed_to]
    if not len(usable) or not home.in_use.any():
        return np.array([], dtype=np.float64)
    weight = record.hours[usable] / record.hours[usable].sum()
    drawn = rng.choice(usable, size=number * _TRIES, p=weight)
    into = rng.random(len(drawn)) * record.hours[drawn] * _SECONDS
    at: Floats = record.ends_at[drawn] - into
    return (at[_within_use(home, at)] if injection.stops_use else at)[:number]


def _within_use(home: Home, at: Floats) -> Indices:
    """Give the moments at which the home was in use shortly before and would have been after."""
    uses = home.record.ends_at[home.in_use]
    after = np.searchsorted(uses, at, side="right")
    before_at = np.where(after > 0, uses[np.maximum(after, 1) - 1], -np.inf)
    next_at = np.where(after < len(uses), uses[np.minimum(after, len(uses) - 1)], np.inf)
    near = IN_USE_HOURS * _SECONDS
    return np.flatnonzero((at - before_at <= near) & (next_at - at <= near))


def _after(
    home: Home, injection: Injection, at: float, span: slice, rng: np.random.Generator
) -> Floats:
    """Give what the meter shows from the interval of an injection on."""
    record = home.record
    hours, ends, usual = record.hours[span], record.ends_at[span], record.drawn[span]
    after = np.minimum(ends - at, hours * _SECONDS) / _SECONDS  # hours after it
    flow = injection.litres_per_hour * after
    if not injection.stops_use:
        return usual + _stepped(flow, record.resolution_litres)
    flow = flow + _leak(home, at, len(hours), rng) * after
    human = np.maximum(usual - home.base[span] * hours, 0.0) * injection.share * after / hours
    drawn = _stepped(flow + np.nan_to_num(human), record.resolution_litres)
    before = np.floor(usual[:1] * (1.0 - after[:1] / hours[:1]) / record.resolution_litres)
    drawn[:1] += before * record.resolution_litres
    return np.where(np.isnan(usual) & (injection.share > 0.0), np.nan, drawn)


def _stepped(litres: Floats, step: float) -> Floats:
    """Give what a register that moves by whole steps shows of these litres."""
    total = np.floor(np.cumsum(np.nan_to_num(litres)) / step + 1e-9) * step
    return np.diff(total, prepend=0.0)


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

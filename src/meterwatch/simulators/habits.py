"""A day of water in one home: when the taps are opened, for how long, and for how much.

Pure and seeded: any day of any home can be made without the days before it, and so can the
register at any moment. The register is counted in whole millilitres, so that it adds up exactly
and never steps back. A day is shaped like those of real single homes (60-150 litres, five to
seven hours with use, peaks at nine and in the evening, some nights up), but it is far too regular
to choose a threshold by: these homes load and show the service, they prove nothing about it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from meterwatch.simulators.personas import Outing, Persona

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY = 86_400
OFFSET = 8 * 3_600  # the invented homes live by China's clock, which knows no summer time
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)  # all meters were new some hours before
FIRST_DAY = EARLIEST.toordinal() - date(1970, 1, 1).toordinal()
SWING = 0.5  # a day may differ by this share from the home's mean day
FLOW = 0.1  # litres a second through an open tap
AT_THE_TAP = 12.0  # the draws of one reason fall within so many minutes
NIGHT_SHARE = 5.0
SATURDAY = 5


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """The draws of one home on one local day, in order of time.

    Attributes
    ----------
    starts : (N,) float64, seconds after local midnight, whole minutes
    seconds : (N,) float64, how long each lasts; it ends before the next midnight
    litres : (N,) float64
    first, last : float, litres
        The register at the midnights before and after.
    """

    starts: Floats
    seconds: Floats
    litres: Floats
    first: float
    last: float

    def register(self, seconds: Floats) -> Floats:
        """Give the register, in litres, so many seconds after the first midnight."""
        share = (seconds[:, None] - self.starts) / self.seconds
        drawn = (np.clip(share, 0.0, 1.0) * self.litres).sum(axis=1)
        # The next midnight caps the sum: no rounding may lift today above tomorrow.
        register: Floats = np.minimum(self.first + drawn, self.last)
        return register


@dataclass(frozen=True, slots=True, eq=False)  # by identity: days are looked up by it, often
class Habits:
    """What one home is used to. Made by `habits_of`; the rest follows from it.

    Attributes
    ----------
    litres : float
        The mean day without laundry, in litres.
    later : float
        How many minutes later than its persona this home does everything.
    nights_up : float
        How often, on average, somebody gets up in a night.
    laundry : tuple of int
        Weekdays with a laundry (0 is Monday), each of `laundry_litres`.
    """

    seed: int
    home: int
    persona: Persona
    litres: float
    later: float
    nights_up: float
    laundry: tuple[int, ...]
    laundry_litres: float

    def day(self, day: int) -> Draws:
        """Give the draws of a local day, counted from 1970-01-01."""
        return _day(self, day)

    def millilitres(self, at: Floats) -> Ints:
        """Give the register at each moment as if nothing ever went wrong.

        Parameters
        ----------
        at : (K,) float64, epoch seconds

        Returns
        -------
        (K,) int64, millilitres since the meter was new; it never decreases with time.
        """
        local = at + OFFSET
        days = np.floor_divide(local, DAY).astype(np.int64)
        registers = np.empty(len(at), dtype=np.int64)
        for day in np.unique(days):
            rows = days == day
            litres = self.day(int(day)).register(local[rows] - day * DAY)
            registers[rows] = np.floor(litres * 1_000.0).astype(np.int64)
        return registers

    def midnights(self, days: Ints) -> Floats:
        """Give the register, in litres, at the beginning of each local day.

        A day uses the difference of two midnights, and each midnight is known by itself.
        """
        since = days - FIRST_DAY
        usual = self.litres * (since + SWING * scatter(self.seed, self.home, days))
        laundries = since // 7 * len(self.laundry) + _laundries_in_week(self.laundry)[since % 7]
        midnights: Floats = usual + self.laundry_litres * laundries
        return midnights


def habits_of(seed: int, home: int, persona: Persona) -> Habits:
    """Settle what one home is used to; the same three arguments give the same home."""
    rng = np.random.default_rng((seed, home))
    litres = persona.litres * float(np.clip(rng.normal(1.0, 0.2), 0.65, 1.4))
    laundries = int(rng.integers(1, 3)) * persona.persons
    return Habits(
        seed,
        home,
        persona,
        litres,
        later=float(rng.normal(0.0, 20.0)),
        nights_up=float(rng.uniform(0.3, 1.1)),
        laundry=tuple(sorted(int(d) for d in rng.permutation(7)[:laundries])),
        laundry_litres=float(rng.uniform(35.0, 55.0)),
    )


@lru_cache
def _laundries_in_week(laundry: tuple[int, ...]) -> Ints:
    """Count the laundries before each day of a week that begins as the first day did."""
    done = [(weekday(FIRST_DAY) + k) % 7 in laundry for k in range(6)]
    return np.cumsum([0, *done], dtype=np.int64)


def local_day(epoch: float) -> int:
    """Tell in which local day (counted from 1970-01-01) a moment lies."""
    return int((epoch + OFFSET) // DAY)


def midnight(day: int) -> float:
    """Give the epoch seconds at which a local day begins."""
    return float(day * DAY - OFFSET)


@lru_cache(maxsize=2_048)  # some days of some hundred homes
def _day(habits: Habits, day: int) -> Draws:
    rng = np.random.default_rng((habits.seed, habits.home, day))
    minutes, weights, draws = _reasons(habits, day, rng)
    n = int(draws.sum())
    starts = np.repeat(minutes, draws) + rng.uniform(0.0, AT_THE_TAP, n)
    shares = np.repeat(weights / draws, draws) * rng.lognormal(0.0, 0.35, n)
    first, last = habits.midnights(np.array([day, day + 1])).tolist()
    litres = shares * ((last - first) / shares.sum())
    seconds = np.maximum(litres / FLOW, 10.0)
    starts = np.minimum(np.floor(starts) * 60.0, np.floor((DAY - seconds) / 60.0) * 60.0)
    order = np.argsort(starts, kind="stable")
    return Draws(starts[order], seconds[order], litres[order], first, last)


def _reasons(habits: Habits, day: int, rng: np.random.Generator) -> tuple[Floats, Floats, Ints]:
    """Say why the taps were opened that day: the minutes, the shares, and in how many draws."""
    weekend = weekday(day) >= SATURDAY
    plan = _plan(habits, laundry=weekday(day) in habits.laundry)
    later = habits.later + (habits.persona.weekend_later if weekend else 0.0)
    minutes = rng.normal(plan[:, 0], plan[:, 1]) + later
    out = _out(habits.persona.weekend_outing if weekend else habits.persona.outing, minutes, rng)
    happens = (rng.random(len(plan)) < plan[:, 2]) & (~out | (plan[:, 2] >= 1.0))
    draws = 1 + rng.poisson(plan[:, 4] - 1.0)
    nights = rng.uniform(0.0, max(60.0, minutes[0] - 60.0), rng.poisson(habits.nights_up))
    return (
        np.maximum(np.concatenate((minutes[happens], nights)), 0.0),
        np.concatenate((plan[happens, 3], np.full(len(nights), NIGHT_SHARE))),
        np.concatenate((draws[happens], np.ones(len(nights), dtype=np.int64))),
    )


@lru_cache(maxsize=1_024)
def _plan(habits: Habits, *, laundry: bool) -> Floats:
    rows = [reason.row for reason in habits.persona.reasons]
    if laundry:
        # The shares of a persona's day add up to about its litres for each person.
        share = habits.laundry_litres * sum(row[2] * row[3] for row in rows) / habits.litres
        rows.append((habits.persona.laundry_minute, 40.0, 1.0, share, 3.0))
    return np.array(rows)


def _out(outing: Outing, minutes: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Tell which reasons fall into an outing of this day."""
    leaves = rng.normal(outing.minute, 30.0)
    back = leaves + 60.0 * max(0.5, rng.normal(outing.hours, outing.spread))
    away: NDArray[np.bool_] = (minutes > leaves) & (minutes < back)
    return away & (rng.random() < outing.chance)


def weekday(day: int) -> int:
    """Give the weekday of a day counted from 1970-01-01; 0 is Monday."""
    return (day + 3) % 7  # 1970-01-01 was a Thursday


def scatter(seed: int, home: int, days: Ints) -> Floats:
    """Give each day of a home a number in [0, 1) that needs no other day (SplitMix64's mixer)."""
    start = (seed * 0x9E3779B97F4A7C15 + home * 0xD1B54A32D192ED03) % 2**64
    x = days.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(start)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    unit: Floats = ((x ^ (x >> np.uint64(31))) >> np.uint64(11)) / 2.0**53
    return unit

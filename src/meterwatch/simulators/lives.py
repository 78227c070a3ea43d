"""What happens in ordinary lives, undeclared: nights away, journeys, guests, illness, leaks, gaps.

Each home has its own share of each. A month of a home is drawn by itself, so any stretch of time
can be made without what came before. The figures are orders of magnitude taken from recorded
homes; how far the outcome is from them is measured in docs/reference/simulator.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from meterwatch.simulators.district import District
from meterwatch.simulators.habits import local_day, midnight
from meterwatch.simulators.mishaps import Away, HomeMishap, Ill, SlowLeak, Unheard, Visitors

MONTH = 30  # days
_LIVES = 1  # sets these draws apart from those of habits
_REACH = timedelta(days=60)  # nothing that is drawn lasts longer
_YEAR = 365.0
_ANY_HOUR = (0, 24)
_STAYS = (0.4, 0.3, 0.2, 0.1)  # of guests: an afternoon, a day, a night, some days


@dataclass(frozen=True, slots=True)
class Often:
    """How often something happens in a home, in times a year, on average over homes.

    `uneven` is the shape of the gamma distribution of homes: the smaller, the more some homes
    have it often and the others hardly ever.
    """

    a_year: float
    uneven: float


NIGHTS_AWAY = Often(4.5, 0.4)
JOURNEYS = Often(5.0, 0.4)
GUESTS = Often(10.0, 1.0)
ILLNESSES = Often(1.5, 1.0)
LEAKS = Often(0.5, 0.4)
GAPS = Often(70.0, 0.7)


def ordinary(
    district: District, seed: int, since: datetime, until: datetime
) -> tuple[HomeMishap, ...]:
    """Draw what happens in all homes from `since` to `until`, in order of its beginning.

    What began before and still lasts is given as well.
    """
    first = local_day((since - _REACH).timestamp()) // MONTH
    last = local_day(until.timestamp()) // MONTH
    drawn = (
        mishap
        for home in district.homes
        for month in range(first, last + 1)
        for mishap in _month(seed, home.number, month)
    )
    lasting = (m for m in drawn if m.since < until and m.until is not None and m.until > since)
    return tuple(sorted(lasting, key=lambda mishap: (mishap.since, mishap.home)))


def _month(seed: int, home: int, month: int) -> Iterator[HomeMishap]:
    own = np.random.default_rng((seed, home, 0, _LIVES))
    rng = np.random.default_rng((seed, home, month, _LIVES))

    def times(
        often: Often, hour: tuple[float, float], hours: Callable[[], float]
    ) -> Iterator[tuple[datetime, datetime]]:
        rate = own.gamma(often.uneven, often.a_year / often.uneven)
        for _ in range(rng.poisson(rate * MONTH / _YEAR)):
            begins = midnight(month * MONTH + int(rng.integers(MONTH)))
            since = datetime.fromtimestamp(begins + round(rng.uniform(*hour) * 3_600), UTC)
            yield since, since + timedelta(minutes=round(hours() * 60))

    for since, until in times(NIGHTS_AWAY, (9, 19), lambda: rng.uniform(20, 34)):
        yield Away(home=home, since=since, until=until)
    for since, until in times(JOURNEYS, (7, 18), lambda: _days(rng, 3.0, 1.0, 45.0)):
        yield Away(home=home, since=since, until=until)
    for since, until in times(GUESTS, (9, 18), lambda: rng.choice([4, 8, 30, 80], p=_STAYS)):
        yield Visitors(home=home, since=since, until=until, share=rng.uniform(0.4, 1.5))
    for since, until in times(ILLNESSES, _ANY_HOUR, lambda: 24 * rng.uniform(2, 9)):
        yield Ill(home=home, since=since, until=until, share=rng.uniform(0.1, 0.5))
    for since, until in times(LEAKS, _ANY_HOUR, lambda: _days(rng, 10.0, 0.8, 55.0)):
        flow = rng.lognormal(1.2, 0.9)
        yield SlowLeak(home=home, since=since, until=until, litres_per_hour=flow)
    for since, until in times(GAPS, _ANY_HOUR, lambda: _days(rng, 0.2, 1.1, 10.0)):
        yield Unheard(home=home, since=since, until=until)


def _days(rng: np.random.Generator, middle: float, spread: float, most: float) -> float:
    """Draw how long something lasts, in hours, from a lognormal of days."""
    return 24.0 * float(min(middle * rng.lognormal(0.0, spread), most))

"""What goes wrong by chance: a seeded draw of mishaps, and the scene with which a demo opens.

By chance, help comes by itself after some hours, so that a fleet can run for weeks unattended.
The draw of a day needs no other day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from meterwatch.simulators.district import District
from meterwatch.simulators.fleet import Fleet
from meterwatch.simulators.habits import local_day, midnight
from meterwatch.simulators.mishaps import Away, Fall, HubCut, Mishap, OpenTap, Press
from meterwatch.simulators.personas import USUAL

WAKING_HOURS = (6.0, 21.0)
MOST_A_DAY = 1_000.0
NO_HOME = 0  # homes count from 1: this number of the seed is the district's own


@dataclass(frozen=True, slots=True)
class Rates:
    """How often something happens in the whole district, on average, in times a day."""

    falls: float = 0.0
    taps: float = 0.0
    presses: float = 0.0
    cuts: float = 0.0
    aways: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be a rate."""
        for name in ("falls", "taps", "presses", "cuts", "aways"):
            rate = getattr(self, name)
            if not 0.0 <= rate <= MOST_A_DAY:
                raise ValueError(f"{name} is {rate}; it must be 0 to {MOST_A_DAY:.0f} times a day")


def by_chance(
    district: District, seed: int, rates: Rates, since: datetime, until: datetime
) -> tuple[Mishap, ...]:
    """Draw what goes wrong from `since` on and before `until`, in order of its beginning."""
    days = range(local_day(since.timestamp()), local_day(until.timestamp()) + 1)
    drawn = (mishap for day in days for mishap in _day(district, seed, rates, day))
    within = (mishap for mishap in drawn if since <= mishap.since < until)
    return tuple(sorted(within, key=lambda mishap: mishap.since))


def _day(district: District, seed: int, rates: Rates, day: int) -> Iterator[Mishap]:
    rng = np.random.default_rng((seed, NO_HOME, day))

    def times(rate: float, shortest: float, longest: float) -> Iterator[tuple[datetime, datetime]]:
        for _ in range(rng.poisson(rate)):
            begins = midnight(day) + round(rng.uniform(*WAKING_HOURS) * 3_600)
            since = datetime.fromtimestamp(begins, UTC)
            yield since, since + timedelta(minutes=round(rng.uniform(shortest, longest) * 60))

    def home() -> int:
        return int(rng.integers(1, len(district.homes) + 1))

    for since, until in times(rates.falls, 14.0, 40.0):
        yield Fall(home=home(), since=since, until=until)
    for since, until in times(rates.taps, 4.0, 12.0):
        yield OpenTap(home=home(), since=since, until=until)
    for since, until in times(rates.presses, 0.1, 0.5):
        yield Press(home=home(), since=since, until=until)
    for since, until in times(rates.cuts, 2.0, 8.0):
        hub = district.hubs[int(rng.integers(len(district.hubs)))]
        yield HubCut(hub=hub, since=since, until=until)
    for since, until in times(rates.aways, 24.0, 120.0):
        yield Away(home=home(), since=since, until=until)


@dataclass(frozen=True, slots=True)
class Scene:
    """The homes (by number) and the hub with which a demo opens."""

    pressed: int
    fallen: int
    running: int
    cut: str


def open_scene(fleet: Fleet, now: datetime) -> Scene:
    """Let some things have gone wrong by `now`, so that there is something to see at once.

    A bell was pressed just now; a person fell yesterday, longer ago than any usual silence; a tap
    has run since the night; and a hub was cut off some hours ago. They are in different grids.

    Raises
    ------
    ValueError
        If the district has fewer than eight homes: the four would meet in one.
    """
    homes = fleet.district.homes
    if len(homes) < len(Scene.__dataclass_fields__) * 2:
        raise ValueError(f"a scene needs at least 8 homes, not {len(homes)}")
    hubs = fleet.district.hubs
    scene = Scene(
        pressed=_home_of(fleet, hubs[0]),
        fallen=_home_of(fleet, hubs[1]),
        running=_home_of(fleet, hubs[-1]),
        cut=hubs[2],
    )
    fleet.fall(scene.fallen, now - timedelta(hours=26))
    fleet.open_tap(scene.running, now - timedelta(hours=8))
    fleet.cut(scene.cut, now - timedelta(hours=9))
    fleet.press(scene.pressed, now - timedelta(seconds=5))
    return scene


def _home_of(fleet: Fleet, hub: str) -> int:
    """Choose a home of a hub, rather one whose person is mostly at home."""
    homes = [home for home in fleet.district.homes if home.meter.hub == hub]
    at_home = [home for home in homes if home.persona is USUAL]
    return (at_home or homes)[0].number

"""Nights: what the live service would have learnt of recorded homes, night by night.

Nothing looks ahead: the profile of a night comes from what had been heard before it. All homes live
through their nights together, as they do in the service.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from meterwatch.detectors.prior import Prior
from meterwatch.detectors.profile import learn, with_limits
from meterwatch.detectors.schedule import PAST_DAYS, ROLLED_DAYS, night_begins, night_of, roll_up
from meterwatch.detectors.silences import Silences, count_days, with_recent
from meterwatch.domain.usage import HOURS, Bools, Floats, LocalTime, UsageProfile, UsageWindow
from meterwatch.evaluation.homes import Home, Indices
from meterwatch.evaluation.scenes import untouched


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What was learnt of one home: a row a night."""

    local: LocalTime
    first_night: int
    profiles: UsageProfile

    def at(self, moments: Floats) -> UsageProfile:
        """Give the profile in force at each moment, a row a moment."""
        row = night_of(self.local, moments) - self.first_night
        row = np.clip(row, 0, len(self.profiles.homes) - 1)
        return self.profiles.take(tuple(range(len(row))), row)


@dataclass(frozen=True, slots=True, eq=False)
class Nights:
    """The nights of H homes, and what had been rolled up by each.

    `windows` has an entry a night; `first` is the first night.
    """

    homes: tuple[Home, ...]
    first: int
    windows: tuple[UsageWindow, ...]

    @classmethod
    def of(cls, homes: Sequence[Home]) -> "Nights":
        """Find the nights from the first reading on, and the windows that they see."""
        local = homes[0].local
        first = int(min(night_of(local, home.heard_at[:1])[0] for home in homes)) + 1
        last = int(max(night_of(local, home.heard_at[-1:])[0] for home in homes))
        begins = np.array([night_begins(local, night) for night in range(first, last + 1)])
        width = max(home.width for home in homes)
        seen = [_seen(home, begins.astype(np.float64), width) for home in homes]
        ends, hours, litres = (np.stack(each) for each in zip(*seen, strict=True))
        steps = np.array([home.record.resolution_litres for home in homes])
        rows, since = tuple(range(len(homes))), np.full(len(homes), -np.inf)
        windows = tuple(
            UsageWindow(rows, ends[:, at], hours[:, at], litres[:, at], since, steps)
            for at in range(len(begins))
        )
        return cls(tuple(homes), first, windows)

    @property
    def opens(self) -> int:
        """The first night by whose learning anybody is judged."""
        opens_at = np.array([min(home.opens_at for home in self.homes)])
        return max(int(night_of(self.homes[0].local, opens_at)[0]), self.first)

    def silences(self) -> Silences:
        """Give what was counted in the end."""
        *_, (_, silences, _) = self.lived()
        return silences

    def lived(self) -> Iterator[tuple[int, Silences, Floats]]:
        """Give each night, the silences counted by then, and the hours of the days before it."""
        local, rows = self.homes[0].local, tuple(range(len(self.homes)))
        steps = np.array([home.record.resolution_litres for home in self.homes])
        use_litres = self.homes[0].use_litres
        silences = Silences.empty(rows)
        past = np.full((len(rows), PAST_DAYS, HOURS), np.nan)
        for night, usage in enumerate(self.windows, self.first):
            past = np.concatenate([past[:, 1:], np.full((len(rows), 1, HOURS), np.nan)], axis=1)
            _take_over(past, *roll_up(usage, local, night))
            final = past[:, -ROLLED_DAYS]
            silences = count_days(
                silences, night - ROLLED_DAYS, final, np.isfinite(final), use_litres, steps
            )
            yield night, silences, past

    def learn(
        self,
        silences: Silences,
        past: Floats,
        first_day: int,
        groups: Sequence[tuple[Prior, Indices]],
        budgets: Sequence[float],
    ) -> dict[float, UsageProfile]:
        """Learn all homes on one night; budgets differ in their limits alone."""
        learnt: dict[float, list[UsageProfile]] = {budget: [] for budget in budgets}
        use_litres = self.homes[0].use_litres
        steps = np.array([home.record.resolution_litres for home in self.homes])
        silences = with_recent(silences, first_day, past, use_litres, steps)
        for prior, rows in groups:
            part = silences.take(tuple(rows.tolist()), rows)
            alarms = np.full(len(rows), budgets[0])
            profile = learn(
                *(part, past[rows], first_day, prior, alarms),
                use_litres=use_litres,
                resolution_litres=steps[rows],
            )
            for budget in budgets:
                if budget != budgets[0]:
                    profile = with_limits(profile, part, prior, np.full(len(rows), budget))
                learnt[budget].append(profile)
        order = np.argsort(np.concatenate([rows for _, rows in groups]))
        return {budget: _joined(parts, order) for budget, parts in learnt.items()}


def learn_nights(
    nights: Nights,
    priors: Sequence[Prior],
    budgets: Sequence[float],
    tick: Callable[[], None] = lambda: None,
) -> dict[float, list[Learnt]]:
    """Learn each home night by night.

    Parameters
    ----------
    priors : sequence of Prior, length H
        What is held to be known of homes in general when a home is learnt.
    budgets : sequence of float, alarms a household-year
    tick : callable
        Told of each night.

    Returns
    -------
    For each budget what was learnt of each home.
    """
    every: dict[float, list[UsageProfile]] = {budget: [] for budget in budgets}
    groups, opens = _alike(priors), nights.opens
    for night, silences, past in nights.lived():
        tick()
        if night < opens:
            continue  # nobody is judged yet
        of_a_night = nights.learn(silences, past, night - PAST_DAYS, groups, budgets)
        for budget, profile in of_a_night.items():
            every[budget].append(profile)
    local = nights.homes[0].local
    return {
        budget: [Learnt(local, opens, _of_home(profiles, row)) for row in range(len(nights.homes))]
        for budget, profiles in every.items()
    }


def _joined(parts: Sequence[UsageProfile], order: Indices) -> UsageProfile:
    """Put the homes of all groups back into their order, as the store would give them."""
    arrays = {}
    for name in UsageProfile.shapes():
        array = np.concatenate([getattr(part, name) for part in parts])[order]
        arrays[name] = array.astype(np.float32).astype(np.float64)  # so they are kept
    return UsageProfile(tuple(range(len(order))), **arrays)


def _of_home(profiles: Sequence[UsageProfile], row: int) -> UsageProfile:
    """Give what was learnt of one home, a row a night."""
    arrays = {
        name: np.stack([getattr(profile, name)[row] for profile in profiles])
        for name in UsageProfile.shapes()
    }
    return UsageProfile(tuple(range(len(profiles))), **arrays)


def _alike(priors: Sequence[Prior]) -> list[tuple[Prior, Indices]]:
    """Group the homes by the prior that they share."""
    shared = {id(prior): prior for prior in priors}
    keys = np.array([id(prior) for prior in priors])
    return [(prior, np.flatnonzero(keys == key)) for key, prior in shared.items()]


def _seen(home: Home, begins: Floats, width: int) -> tuple[Floats, Floats, Floats]:
    """Give the window that each night sees of a home: what had been heard before it."""
    scene = untouched(home)
    newest = np.searchsorted(home.heard_at, begins) - 1
    rows = np.zeros(len(begins), dtype=np.int64)
    window = scene.windows(rows, np.maximum(newest, 0) + scene.width - 1)
    arrays = []
    for array in (window.ends_at, window.hours, window.litres):
        shown = np.full((len(begins), width), np.nan)
        shown[:, width - array.shape[1] :] = np.where(newest[:, np.newaxis] >= 0, array, np.nan)
        arrays.append(shown)
    return arrays[0], arrays[1], arrays[2]


def _take_over(past: Floats, litres: Floats, known: Bools) -> None:
    """Put the roll-ups of the last days in the place of the earlier ones."""
    heard = known.any(axis=2)
    past[:, -ROLLED_DAYS:][heard] = litres[heard]

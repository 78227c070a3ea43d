"""Silences: how often a home's taps stayed shut, by when that began and how long it lasted.

All that is kept of a home's past for its limits: counts that fade, half of them in 200 days. Whole
local days are added once they are final. Unknown hours end a silence, which counts for as long as
it was seen to last, and no silence begins in the dark: the unknown makes no home look quieter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.arrays import base_flow, used
from meterwatch.detectors.hours import hourly_window
from meterwatch.detectors.stops import LENGTHS, NEVER, Stops, Wholes
from meterwatch.domain.usage import CLASSES, HOURS, Bools, Floats

CELLS = CLASSES * HOURS * LENGTHS
HALF_LIFE_DAYS = 200.0

FORGOTTEN = np.float32(0.02)  # a count that has faded to this is nothing: after three years
_DECAY = np.float32(0.5 ** (1.0 / HALF_LIFE_DAYS))
_VERSION = 2
_HEAD = Struct("<Bffiiii")
_MOST_CELLS = (8_000 - _HEAD.size - 4 * HOURS - CELLS // 8) // 4

Counts = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Silences:
    """What N homes have shown of their silences.

    Attributes
    ----------
    homes : tuple of int, length N
    ended : (N, 4, 24, 49) float32
        Faded number of silences, by class of the local day and local hour of the use after which
        they began, and by the whole hours that they lasted or were seen to last.
    days : (N,) float32, days
        The faded number of known days.
    seen : (N,) float32, days
        The number of known days, not faded.
    next_day : (N,) int32
        The first local day not yet counted, in days since 1970-01-01; -1 before the first.
    running : (N, 3) int32
        Class, hour and length so far of the silence at the end of the last day; -1 if none.
    tail : (N, 24) float32, litres
        The last day counted, from which the base flow of the next one is told.
    """

    homes: tuple[int, ...]
    ended: Counts
    days: Counts
    seen: Counts
    next_day: Wholes
    running: Wholes
    tail: Counts

    @classmethod
    def empty(cls, homes: tuple[int, ...]) -> "Silences":
        """Give the state of homes of which no day was counted."""
        count = len(homes)
        shape = (count, CLASSES, HOURS, LENGTHS)
        return cls(
            homes,
            np.zeros(shape, np.float32),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
            np.full(count, NEVER, np.int32),
            np.full((count, 3), NEVER, np.int32),
            np.full((count, HOURS), np.nan, np.float32),
        )

    @classmethod
    def joined(cls, parts: Sequence["Silences"]) -> "Silences":
        """Put the rows of several states under one another."""
        homes = tuple(home for part in parts for home in part.homes)
        arrays = [np.concatenate([getattr(part, name) for part in parts]) for name in cls._names()]
        return cls(homes, *arrays)

    def take(self, homes: tuple[int, ...], rows: NDArray[np.int64]) -> "Silences":
        """Pick rows, one for each of `homes`."""
        return Silences(homes, *(getattr(self, name)[rows] for name in self._names()))

    def pack(self) -> list[bytes]:
        """Give each home's row as bytes, at most 8,000: only the cells that hold something."""
        return [_packed(self, row) for row in range(len(self.homes))]

    @classmethod
    def unpack(cls, homes: tuple[int, ...], blobs: Sequence[bytes]) -> "Silences":
        """Read what `pack` gave, to the last bit.

        Raises
        ------
        ValueError
            If a row was not written by this version.
        """
        state = cls.empty(homes)
        for row, blob in enumerate(blobs):
            _unpack_into(state, row, blob)
        return state

    @classmethod
    def _names(cls) -> list[str]:
        return [each.name for each in fields(cls)[1:]]


def _packed(state: Silences, row: int) -> bytes:
    counts = state.ended[row].ravel()
    if np.count_nonzero(counts) > _MOST_CELLS:  # no home known comes near: the faintest go
        faintest = np.argsort(counts, kind="stable")[:-_MOST_CELLS]
        counts = counts.copy()
        counts[faintest] = 0.0
    filled = counts > 0.0
    head = _HEAD.pack(
        _VERSION, state.days[row], state.seen[row], state.next_day[row], *state.running[row]
    )
    parts = (state.tail[row], np.packbits(filled), counts[filled])
    return head + b"".join(part.astype(part.dtype.newbyteorder("<")).tobytes() for part in parts)


def _unpack_into(state: Silences, row: int, blob: bytes) -> None:
    tail_at, cells_at = _HEAD.size, _HEAD.size + 4 * HOURS
    values_at = cells_at + CELLS // 8
    if len(blob) < values_at or blob[0] != _VERSION:
        raise ValueError("silences: not written by this version")
    _, days, seen, next_day, *running = _HEAD.unpack_from(blob)
    state.days[row], state.seen[row], state.next_day[row] = days, seen, next_day
    state.running[row] = running
    state.tail[row] = np.frombuffer(blob, "<f4", HOURS, tail_at)
    filled = np.unpackbits(np.frombuffer(blob, np.uint8, CELLS // 8, cells_at)) > 0
    counts = np.zeros(CELLS, np.float32)
    counts[filled] = np.frombuffer(blob, "<f4", offset=values_at)
    state.ended[row] = counts.reshape(CLASSES, HOURS, LENGTHS)


def count_days(
    silences: Silences,
    first_day: int,
    litres: Floats,
    known: Bools,
    use_litres: float,
    resolution_litres: Floats,
) -> Silences:
    """Add whole local days, the oldest first; one by one or at once gives the same bits.

    A home of which the days before `first_day` were left out goes on as after unknown hours.

    Parameters
    ----------
    silences : Silences
    first_day : int
        The local day of the first hour, in days since 1970-01-01.
    litres : (N, D * 24) float64, litres
    known : (N, D * 24) bool
        False where the hour is unknown, or the home was declared away.
    use_litres : float, litres
        Water in one hour above the base flow from which the hour counts as used.
    resolution_litres : (N,) float64, litres

    Raises
    ------
    ValueError
        If the arrays do not fit together, or a day was counted before.
    """
    _check(silences, first_day, litres, known)
    goes_on = silences.next_day == first_day
    past = np.where(goes_on[:, np.newaxis], silences.tail, np.nan)
    hourly = np.where(known, litres, np.nan).astype(np.float32).astype(np.float64)
    hourly = np.concatenate([past, hourly], axis=1)
    usage = hourly_window(silences.homes, hourly, resolution_litres)
    in_use = used(usage, base_flow(usage), use_litres)[:, HOURS:]
    running = np.where(goes_on[:, np.newaxis], silences.running, NEVER)
    stops = Stops.of(in_use, np.isfinite(hourly)[:, HOURS:], first_day, running)
    return replace(
        _added(silences, stops, np.isfinite(hourly)[:, HOURS:]),
        next_day=np.full(len(silences.homes), first_day + litres.shape[1] // HOURS, np.int32),
        running=stops.running(),
        tail=hourly[:, -HOURS:].astype(np.float32),
    )


def with_recent(
    silences: Silences,
    first_day: int,
    past: Floats,
    use_litres: float,
    resolution_litres: Floats,
) -> Silences:
    """Add the days of the past that were not counted yet, for this night alone: nothing keeps it.

    Late readings may still change the last days, and yet they tell more than nothing.

    Parameters
    ----------
    first_day : int
        The local day of the first column of `past`, in days since 1970-01-01.
    past : (N, D, 24) float64, litres
        NaN where unknown.
    """
    start = np.maximum(silences.next_day.astype(np.int64), first_day)
    parts, order = [], []
    for day in np.unique(start).tolist():
        rows = np.flatnonzero(start == day)
        part = silences.take(tuple(silences.homes[row] for row in rows), rows)
        hourly = past[rows, day - first_day :].reshape(len(rows), -1)
        if hourly.shape[1]:
            known, steps = np.isfinite(hourly), resolution_litres[rows]
            part = count_days(part, day, hourly, known, use_litres, steps)
        parts.append(part)
        order.append(rows)
    if not parts:
        return silences
    return Silences.joined(parts).take(silences.homes, np.argsort(np.concatenate(order)))


def _check(silences: Silences, first_day: int, litres: Floats, known: Bools) -> None:
    count = len(silences.homes)
    if litres.ndim != 2 or litres.shape[0] != count or known.shape != litres.shape:  # noqa: PLR2004  # homes by hours
        raise ValueError(f"count_days: litres has shape {litres.shape}, not ({count}, hours)")
    if litres.shape[1] == 0 or litres.shape[1] % HOURS:
        raise ValueError(f"count_days: {litres.shape[1]} hours are not whole days")
    if (silences.next_day > first_day).any():
        raise ValueError(f"count_days: day {first_day} was counted before")


def _added(silences: Silences, stops: Stops, known: Bools) -> Silences:
    """Let the counts fade day by day, and add to each day the silences that went by on it."""
    row, day, cell = stops.lasted()
    count, days = known.shape[0], known.shape[1] // HOURS
    counts = silences.ended.ravel()  # a copy follows with the first fading
    share = known.reshape(count, days, HOURS).sum(axis=2).astype(np.float32) / np.float32(HOURS)
    faded, seen = silences.days.copy(), silences.seen.copy()
    where = row * CELLS + cell
    order = np.argsort(day, kind="stable")
    bounds = np.searchsorted(day[order], np.arange(days + 1))
    for number in range(days):
        today = order[bounds[number] : bounds[number + 1]]
        counts = counts * _DECAY
        counts[counts < FORGOTTEN] = 0.0
        np.add.at(counts, where[today], np.float32(1.0))
        faded = faded * _DECAY + share[:, number]
        seen = seen + share[:, number]
    return replace(silences, ended=counts.reshape(silences.ended.shape), days=faded, seen=seen)

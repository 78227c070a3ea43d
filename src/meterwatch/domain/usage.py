"""Usage: what one home drew from the tap, and what is usual for it.

Arrays with one row a household, so that all homes are judged at once. Unknown is NaN and never
zero. Columns are the intervals between consecutive readings, the newest last; short rows are
padded on the left with NaN. Times inside arrays are epoch seconds (UTC, float64).
"""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CLASSES = 4  # Monday-Thursday, Friday, Saturday, Sunday: they begin their silences differently
HOURS = 24
WEEKDAYS = 7
MEASURES = 2  # ways in which the use of three days is added up


@dataclass(frozen=True, slots=True, eq=False)
class UsageWindow:
    """The recent use of N homes over K intervals, newest last.

    Attributes
    ----------
    homes : tuple of int, length N
        Household ids.
    ends_at : (N, K) float64, epoch seconds
        When each interval ended, that is, when its closing reading was measured; NaN if absent.
    hours : (N, K) float64, hours
        How long each interval lasted; NaN if absent.
    litres : (N, K) float64, litres
        Water drawn in the interval. NaN where it is absent, and where a gap was so long that use
        inside it cannot be placed; a gap in which the register stood still is a known zero.
    counts_from : (N,) float64, epoch seconds
        A silence is not counted before this moment (the end of an absence); -inf if none.
    resolution_litres : (N,) float64, litres
        The smallest step of the home's register.
    """

    homes: tuple[int, ...]
    ends_at: Floats
    hours: Floats
    litres: Floats
    counts_from: Floats
    resolution_litres: Floats

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together, and hold them in C order."""
        shape = (len(self.homes), *self.litres.shape[1:2])
        if shape[1:] == (0,):
            raise ValueError("UsageWindow needs at least one interval; pad it with NaN")
        for name in ("ends_at", "hours", "litres"):
            array = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            if array.shape != shape:
                raise ValueError(f"UsageWindow.{name} has shape {array.shape}, not {shape}")
            object.__setattr__(self, name, array)
        for name in ("counts_from", "resolution_litres"):
            array = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            if array.shape != shape[:1]:
                raise ValueError(f"UsageWindow.{name} has shape {array.shape}, not {shape[:1]}")
            object.__setattr__(self, name, array)

    def part(
        self, rows: NDArray[np.int64] | None = None, newest: int | None = None
    ) -> "UsageWindow":
        """Give some rows, or so many of the newest intervals, or both."""
        pick = slice(None) if rows is None else rows
        homes = self.homes if rows is None else tuple(self.homes[row] for row in rows.tolist())
        first = 0 if newest is None else max(self.litres.shape[1] - newest, 0)
        return UsageWindow(
            homes,
            self.ends_at[pick, first:],
            self.hours[pick, first:],
            self.litres[pick, first:],
            self.counts_from[pick],
            self.resolution_litres[pick],
        )

    @property
    def as_of(self) -> Floats:
        """(N,) epoch seconds of the newest reading of each home; NaN where there is none."""
        return self.ends_at[:, -1]


def _unlearnt(*shape: int) -> Any:
    """Declare an array of a profile: NaN for every home if it is left out."""
    return field(default_factory=lambda: np.empty(0), metadata={"shape": shape})


@dataclass(frozen=True, slots=True, eq=False)
class UsageProfile:
    """What is usual for N homes, learnt from their own past; NaN where nothing is learnt yet.

    Attributes
    ----------
    homes : tuple of int, length N
        Household ids, in the order of the window they are used with.
    limits_hours : (N, 4, 24) float64, hours
        How long a silence may last before somebody should look, by the class of the local day
        and the local hour in which it began.
    usual_litres : (N, 24) float64, litres per hour
        Median use by local hour of day, for charts and words.
    longest_silence_hours : (N,) float64, hours
        The longest silence of the learning period.
    days : (N,) float64, days
        How many days of knowledge stand behind the row.
    alarms_per_year : (N,) float64, alarms a household-year
        How many false alarms these limits are expected to cost.
    widened : (N,) float64
        By what the limits were multiplied because visits found the resident well.
    night_litres_per_hour : (N,) float64, litres per hour
        The flow that stands in the home anyway, seen when everybody sleeps.
    day_litres_per_hour : (N,) float64, litres per hour
        The strongest flow above it that stood for a day on end.
    usual_totals : (N, 2) float64
        What the use of three days usually adds up to: litres, and activity (`detectors.floors`).
    floors : (N, 2, 7) float64
        Below which these sums are low, by the local weekday on which the three days end.
    night_use : (N, 24) float64
        The share of the days on which water is used in each local hour.
    returning_hours : (N,) float64, hours
        How long at least a silence may last that begins just after the home was away.
    """

    homes: tuple[int, ...]
    limits_hours: Floats = _unlearnt(CLASSES, HOURS)
    usual_litres: Floats = _unlearnt(HOURS)
    longest_silence_hours: Floats = _unlearnt()
    days: Floats = _unlearnt()
    alarms_per_year: Floats = _unlearnt()
    widened: Floats = _unlearnt()
    night_litres_per_hour: Floats = _unlearnt()
    day_litres_per_hour: Floats = _unlearnt()
    usual_totals: Floats = _unlearnt(MEASURES)
    floors: Floats = _unlearnt(MEASURES, WEEKDAYS)
    night_use: Floats = _unlearnt(HOURS)
    returning_hours: Floats = _unlearnt()

    def __post_init__(self) -> None:
        """Fill in what was left out, and refuse arrays that do not fit together."""
        for name, shape in self.shapes().items():
            given = getattr(self, name)
            # What was kept as float32 is held so, by the million; `take` gives float64 of it.
            kind = np.float32 if given.dtype == np.float32 else np.float64
            array = np.ascontiguousarray(given, dtype=kind)
            if array.size == 0:
                array = np.full((len(self.homes), *shape), np.nan, dtype=kind)
            if array.shape != (len(self.homes), *shape):
                raise ValueError(
                    f"UsageProfile.{name} has shape {array.shape}, not {(len(self.homes), *shape)}"
                )
            object.__setattr__(self, name, array)

    @classmethod
    def shapes(cls) -> dict[str, tuple[int, ...]]:
        """Give the shape that each array has for one home."""
        return {each.name: each.metadata["shape"] for each in fields(cls) if each.metadata}

    @classmethod
    def unlearnt(cls, homes: tuple[int, ...]) -> "UsageProfile":
        """Give the profile of homes of which nothing is known yet."""
        return cls(homes, days=np.zeros(len(homes)))

    def as_kept(self) -> "UsageProfile":
        """Give what comes back of it when it was kept: each figure as a float32."""
        arrays = {name: getattr(self, name).astype(np.float32) for name in self.shapes()}
        return UsageProfile(self.homes, **{name: arrays[name].astype(float) for name in arrays})

    def take(self, homes: tuple[int, ...], rows: NDArray[np.int64]) -> "UsageProfile":
        """Pick rows, one for each of `homes`; a row may be taken more than once."""
        arrays = {
            name: getattr(self, name)[rows].astype(np.float64, copy=False) for name in self.shapes()
        }
        return UsageProfile(homes, **arrays)

    def silence_limit_hours(self, began_at: Floats, local: "LocalTime") -> Floats:
        """Look up, for each home, how long a silence that began then may last.

        The reading that shows a use comes after it: the hour counts in which its middle lay.

        Parameters
        ----------
        began_at : (N,) float64, epoch seconds
        local : LocalTime
            The zone of the deployment.

        Returns
        -------
        (N,) float64, hours; NaN where nothing is learnt or the beginning is unknown.
        """
        known = np.isfinite(began_at)
        day_class, hour = local.class_and_hour(np.where(known, began_at, 0.0) - 1_800.0)
        limits = self.limits_hours[np.arange(len(self.homes)), day_class, hour]
        return np.where(known, limits, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """A detector's verdict, one entry a home.

    `known` says whether there was anything to judge; an unknown home never fires. `score` is 1.0
    at the alarm line. `since` is when the worry began (epoch seconds, NaN where it does not
    apply) and `limit` the alarm line in the detector's own unit, for the sentence people read.
    `figures` holds further named arrays (N,) of evidence.
    """

    fired: Bools
    known: Bools
    score: Floats
    since: Floats
    limit: Floats
    figures: dict[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class LocalTime:
    """A zone as two arrays, so that local hours of many moments are one lookup.

    `changes` are the epoch seconds at which the offset changes, `offsets` (one longer) the
    seconds east of UTC before, between and after them.
    """

    changes: Floats
    offsets: Floats

    @classmethod
    def of(cls, zone: tzinfo, first_year: int = 2010, last_year: int = 2045) -> "LocalTime":
        """Tabulate a zone, hour by hour around each change of its offset."""
        day = 86_400
        start = int(datetime(first_year, 1, 1, tzinfo=UTC).timestamp())
        stop = int(datetime(last_year, 1, 1, tzinfo=UTC).timestamp())
        offsets, changes = [_offset(zone, start)], []
        for moment in range(start + day, stop, day):
            if _offset(zone, moment) != offsets[-1]:
                changes.append(_moment_of_change(zone, moment - day, moment))
                offsets.append(_offset(zone, moment))
        return cls(np.array(changes, dtype=np.float64), np.array(offsets, dtype=np.float64))

    def seconds(self, at: Floats) -> Floats:
        """Shift epoch seconds to local seconds (local midnight is a multiple of 86,400)."""
        return at + self.offsets[np.searchsorted(self.changes, at, side="right")]

    def class_and_hour(self, at: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the class of the local day (0-3) and the local hour (0-23) of each moment."""
        day_class = np.maximum(self.weekday(at) - 3, 0)
        return day_class, (np.floor_divide(self.seconds(at), 3_600).astype(np.int64)) % HOURS

    def weekday(self, at: Floats) -> NDArray[np.int64]:
        """Give the local weekday of each moment, 0 for Monday."""
        day = np.floor_divide(self.seconds(at), 86_400).astype(np.int64)
        return (day + 3) % WEEKDAYS  # 1970-01-01 was a Thursday


def _offset(zone: tzinfo, epoch: int) -> float:
    offset = datetime.fromtimestamp(epoch, zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def _moment_of_change(zone: tzinfo, before: int, after: int) -> int:
    old = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after

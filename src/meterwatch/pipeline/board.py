"""The usage board: the live window of all homes, in memory.

One row a meter: when its latest readings were measured and how much it had delivered by then. The
database is the truth and can rebuild every row; the board changes only after the commit, and
applying a batch twice changes nothing. Readings that simply go on from the last one are taken in
at once for all meters; whatever is odd, late or unordered sends its meter to `rebuild`, where the
rules of `domain.register` judge it slowly.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meterwatch.domain.household import DeviceKind, Swap
from meterwatch.domain.register import THIN, Oddity, cells, judge
from meterwatch.domain.signal import Heartbeat, SilenceRule
from meterwatch.domain.usage import Bools, Floats, UsageWindow
from meterwatch.store.homes import Watched
from meterwatch.store.telemetry import Row, Series, Telemetry

DAYS = 5  # the window: longer than any silence limit plus the day that shows the base flow
HORIZON = DAYS * 86_400.0
FINEST_MINUTES = 15  # what reports more often is joined: finer use says too much of a life
GAP = 1.6  # an interval this many times the meter's own is a gap
_HOUR = 3_600.0

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch did: the homes that have fresh readings, the meters that must be rebuilt."""

    homes: frozenset[int]
    odd_devices: frozenset[int]


class Board:
    """Rows of readings, one a meter, the newest in the last column.

    Parameters
    ----------
    watched : sequence of Watched
        Every device in service; buttons are left out.
    swaps : sequence of Swap
        Declared exchanges of meters.
    """

    def __init__(self, watched: Sequence[Watched], swaps: Sequence[Swap] = ()) -> None:
        self.meters = tuple(w for w in watched if w.device.kind is DeviceKind.METER)
        devices = [w.device for w in self.meters]
        self._row = {device.id: row for row, device in enumerate(devices)}
        self._homes: dict[int, list[int]] = {}
        for row, device in enumerate(devices):
            self._homes.setdefault(device.household_id, []).append(row)
        self._home_of = np.array([d.household_id for d in devices], dtype=np.int64)
        self._swaps: dict[int, list[Swap]] = {}
        for swap in swaps:
            self._swaps.setdefault(swap.device_id, []).append(swap)
        self._flow = np.array([d.max_flow_litres_per_hour for d in devices], dtype=np.float64)
        self._resolution = np.array([d.resolution_litres for d in devices], dtype=np.float64)
        minutes = [max(d.interval_minutes, FINEST_MINUTES) for d in devices]
        self._interval = np.array(minutes, dtype=np.float64) * 60.0
        self._swapped = np.array([d.id in self._swaps for d in devices], dtype=np.bool_)
        self._since = np.array([w.since.timestamp() for w in self.meters], dtype=np.float64)
        hubs = {(w.device.hub, w.device.household_id) for w in self.meters}
        self.homes_of_hub = Counter(hub for hub, _ in hubs if hub)
        shortest = min(minutes, default=60)
        columns = int(HORIZON / (60.0 * shortest) * 1.1) + 2
        self._at = np.full((len(devices), columns), np.nan)
        self._total = np.full((len(devices), columns), np.nan)
        self._broken = np.zeros((len(devices), columns), dtype=np.bool_)
        self._raw = np.full(len(devices), np.nan)
        # The newest measurement we know of: how old the data is, however late it came.
        self.heard_at = np.full(len(devices), np.nan)

    @property
    def homes(self) -> tuple[int, ...]:
        """Every home that has a meter."""
        return tuple(self._homes)

    def homes_of(self, devices: Iterable[int]) -> frozenset[int]:
        """Name the homes of these meters."""
        rows = (self._row[device] for device in devices if device in self._row)
        return frozenset(self.meters[row].device.household_id for row in rows)

    def apply(self, readings: Sequence[Row]) -> Applied:
        """Take in committed readings, in the order in which they were heard."""
        known = [(self._row[r[0]], r[1], r[2], r[3]) for r in readings if r[0] in self._row]
        if not known:
            return Applied(frozenset(), frozenset())
        columns = np.array(known, dtype=np.float64)
        rows = columns[:, 0].astype(np.int64)
        np.fmax.at(self.heard_at, rows, columns[:, 1])
        slow = np.zeros(len(self.meters), dtype=np.bool_)
        fresh = np.zeros(len(self.meters), dtype=np.bool_)
        for turn in _turns(rows):
            self._take(rows[turn], columns[turn, 1], columns[turn, 3], slow, fresh)
        homes = frozenset(self._home_of[fresh | slow].tolist())
        return Applied(homes, frozenset(self.meters[row].device.id for row in np.flatnonzero(slow)))

    def _take(self, rows: Ints, at: Floats, litres: Floats, slow: Bools, fresh: Bools) -> None:
        """Take in at most one reading a row; mark the rows that have to be judged slowly."""
        last, raw = self._at[rows, -1], self._raw[rows]
        step = litres - raw
        most = self._flow[rows] * (at - last) / _HOUR + self._resolution[rows]
        new = np.isnan(last) & np.isnan(raw)
        goes_on = (at > last) & (step >= 0) & (step <= most)
        plain = (new | goes_on) & ~self._swapped[rows] & ~slow[rows]
        held = (self._at[rows] == at[:, np.newaxis]).any(axis=1)
        stale = at < last - HORIZON
        slow[rows[~plain & ~held & ~stale]] = True
        self._append(rows[plain], at[plain], np.where(new, 0.0, step)[plain], litres[plain])
        fresh[rows[plain]] = True

    def _append(self, rows: Ints, at: Floats, step: Floats, litres: Floats) -> None:
        total = np.where(np.isnan(self._raw[rows]), 0.0, self._total[rows, -1]) + step
        least = THIN * self._interval[rows]
        joins = at // least == self._at[rows, -1] // least  # False where there is none
        moved = rows[~joins]
        for array in (self._at, self._total, self._broken):
            array[moved, :-1] = array[moved, 1:]
        self._at[rows, -1], self._total[rows, -1], self._raw[rows] = at, total, litres
        self._broken[moved, -1] = False

    def rebuild(
        self, telemetry: Telemetry, devices: Collection[int] | None, heard_until: int
    ) -> list[tuple[int, int, Oddity | None]]:
        """Read these meters (None: all) anew from the database and judge them.

        Returns
        -------
        What is judged otherwise than it is stored: device, epoch seconds of the reading, and why
        it is put aside (None: it counts after all).
        """
        # A little more than the window, so that a home's other meters are known at its beginning.
        seconds = HORIZON + GAP * float(self._interval.max(initial=0.0))
        series = telemetry.series(devices, seconds, heard_until)
        wanted = self._row if devices is None else devices
        edges = np.flatnonzero(np.diff(series.device_ids)) + 1
        starts = np.concatenate([[0], edges]) if len(series.device_ids) else np.array([], int)
        spans = {
            int(series.device_ids[start]): slice(start, end)
            for start, end in zip(starts, [*edges, len(series.device_ids)], strict=False)
        }
        changed: list[tuple[int, int, Oddity | None]] = []
        for device in wanted:
            row, span = self._row.get(device), spans.get(device)
            if row is not None:
                self._clear(row)
            if row is not None and span is not None:
                changed += self._judge(row, series, span)
        return changed

    def _clear(self, row: int) -> None:
        self._at[row], self._total[row], self._raw[row] = np.nan, np.nan, np.nan
        self._broken[row] = False

    def _judge(self, row: int, series: Series, span: slice) -> list[tuple[int, int, Oddity | None]]:
        sound = np.flatnonzero(~series.odd[span])
        if len(sound) == 0:
            return []
        span = slice(span.start + int(sound[0]), span.stop)  # a window starts with a sound reading
        at, litres = series.measured_at[span], series.litres[span]
        device = self.meters[row].device
        judged = judge(at, litres, device, self._swaps.get(device.id, ()))
        kept = judged.kept
        first, last = cells(at[kept], THIN * self._interval[row])
        broken = np.logical_or.reduceat(judged.fresh_level, first)
        last = last[-self._at.shape[1] :]
        width = len(last)
        self._at[row, -width:] = at[kept][last]
        self._total[row, -width:] = judged.total[last]
        self._broken[row, -width:] = broken[-width:]
        self._raw[row] = litres[kept[-1]]
        self.heard_at[row] = at[-1]
        odd = dict(judged.odd)
        changed = series.odd[span] ^ np.isin(np.arange(len(at)), list(odd))
        changed[[index for index, why in odd.items() if why is Oddity.NEW_LEVEL]] = True
        return [
            (device.id, int(at[index]), odd.get(int(index))) for index in np.flatnonzero(changed)
        ]

    def window(self, homes: Sequence[int], counts_from: Mapping[int, float]) -> UsageWindow:
        """Give the usage window of these homes, one row each.

        Parameters
        ----------
        counts_from : mapping
            For homes that came back from an absence, the epoch second from which a silence counts.
        """
        single = np.array([self._homes[home][0] for home in homes], dtype=np.int64)
        at, total = self._at[single], self._total[single]
        broken, interval = self._broken[single], self._interval[single]
        newest = at[:, -1].copy()
        for row, home in enumerate(homes):
            if len(self._homes[home]) > 1:
                at[row], total[row], broken[row] = self._joined(self._homes[home])
                newest[row] = np.fmax.reduce(self._at[self._homes[home], -1])
        with np.errstate(invalid="ignore"):
            at[at < newest[:, np.newaxis] - HORIZON] = np.nan
        return UsageWindow(
            homes=tuple(homes),
            **_intervals(at, total, broken, interval),
            counts_from=np.array([counts_from.get(home, -np.inf) for home in homes]),
            resolution_litres=self._resolution[single],
        )

    def _joined(self, rows: Sequence[int]) -> tuple[Floats, Floats, Bools]:
        """Add up several meters of one home, at the readings of the first one.

        A meter that had not been heard within its own gap when the first one was read makes that
        interval unknown.
        """
        at, total = self._at[rows[0]], self._total[rows[0]].copy()
        broken = self._broken[rows[0]].copy()
        for row in rows[1:]:
            times = self._at[row]
            held = np.flatnonzero(np.isfinite(times))
            before = np.searchsorted(times[held], at, side="right") - 1
            there = (before >= 0) & np.isfinite(at)
            place = held[np.maximum(before, 0)] if len(held) else np.zeros(len(at), np.int64)
            age = np.where(there, at - times[place], np.inf)
            total += np.where(there, self._total[row, place], np.nan)
            broken |= ~(age <= GAP * self._interval[row])
        return at, total, broken

    def silent(self, now: datetime, rule: SilenceRule) -> Ints:
        """Name the rows that were last heard longer ago than they may be silent."""
        heard = np.fmax(self.heard_at, self._since)
        return np.flatnonzero(heard + self._waits(rule) <= now.timestamp())

    def _waits(self, rule: SilenceRule) -> Floats:
        least = rule.at_least.total_seconds()
        return np.maximum(least, self._interval * rule.intervals)

    def heartbeat(self, row: int) -> Heartbeat:
        """Say what is known of the punctuality of one row's meter."""
        watched, heard = self.meters[row], self.heard_at[row]
        return Heartbeat(
            watched.device.id,
            watched.device.household_id,
            watched.area_id,
            watched.device.hub,
            timedelta(minutes=watched.device.interval_minutes),
            datetime.fromtimestamp(heard, UTC) if np.isfinite(heard) else None,
            watched.since,
        )


def _turns(rows: Ints) -> Iterable[Ints]:
    """Split positions so that no row comes twice in one turn, and each row's order is kept."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    start = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    rank = np.arange(len(rows)) - start
    return [order[rank == turn] for turn in range(int(rank.max()) + 1)]


def _intervals(at: Floats, total: Floats, broken: Bools, interval: Floats) -> dict[str, Any]:
    """Turn readings into intervals: their ends, lengths, and what is known of the use in them."""
    hours = np.diff(at) / _HOUR
    litres = np.diff(total)
    with np.errstate(invalid="ignore"):
        gap = hours > GAP * interval[:, np.newaxis] / _HOUR
        litres[broken[:, 1:] | (gap & (litres > 0))] = np.nan
    absent = np.isnan(hours)
    litres[absent] = np.nan
    ends = np.where(absent, np.nan, at[:, 1:])
    return {"ends_at": ends, "hours": hours, "litres": litres}

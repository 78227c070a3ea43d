"""Scenes: what the meter of a home shows at the readings that are judged.

A scene is the untouched record, one long row, or a row for each injection: the same past, and from
the moment of the injection on what the meter would have shown. The profile in force stays that of
the moment of the injection. A household is judged alone (a law of the detectors), so moments of
one home may stand as rows of one window.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from meterwatch.detectors.arrays import base_flow, used
from meterwatch.domain.usage import Bools, Floats, UsageWindow
from meterwatch.evaluation.homes import WINDOW_HOURS, Home, Indices, window_of
from meterwatch.evaluation.records import placed

_SECONDS = 3_600.0


@dataclass(frozen=True, eq=False)
class Scene:
    """R rows of readings, of which the last L columns may be judged.

    Attributes
    ----------
    home : Home
    ends_at, hours, drawn, heard_at : (R, P + L) float64
        As in `Record`; NaN where there is none.
    judged : (R, P + L) bool
        The readings at which a verdict is asked for; none of the first P columns.
    struck_at : (R,) float64, epoch seconds
        When the injection happened; NaN for the untouched record.
    width : int
        How many intervals a window holds.
    """

    home: Home
    ends_at: Floats
    hours: Floats
    drawn: Floats
    heard_at: Floats
    judged: Bools
    struck_at: Floats
    width: int

    @cached_property
    def litres(self) -> Floats:
        """(R, P + L) what can be placed."""
        return placed(self.hours, self.drawn)

    @cached_property
    def base(self) -> Floats:
        """(R, P + L) litres per hour, the standing flow."""
        return base_flow(self._whole)

    @cached_property
    def in_use(self) -> Bools:
        """(R, P + L) in which intervals somebody drew water."""
        return used(self._whole, self.base, self.home.use_litres)

    @property
    def _whole(self) -> UsageWindow:
        return window_of(self.home.record, self.ends_at, self.hours, self.litres)

    def windows(self, rows: Indices, columns: Indices) -> UsageWindow:
        """Give the window that each of these readings ends, as the live board would hold it."""
        ends, hours, litres = (
            sliding_window_view(array, self.width, axis=1)[rows, columns - self.width + 1]
            for array in (self.ends_at, self.hours, self.litres)
        )
        begins = ends - hours * _SECONDS
        with np.errstate(invalid="ignore"):
            held = begins >= ends[:, -1:] - WINDOW_HOURS * _SECONDS
        held[:, -1] = True
        return window_of(
            self.home.record,
            np.where(held, ends, np.nan),
            np.where(held, hours, np.nan),
            np.where(held, litres, np.nan),
        )

    def in_force(self, rows: Indices, columns: Indices) -> Floats:
        """Give the moment whose profile judges each of these readings."""
        struck = self.struck_at[rows]
        return np.where(np.isnan(struck), self.heard_at[rows, columns], struck)

    def hours_after(self, rows: Indices, columns: Indices) -> Floats:
        """Give the hours from the injection to the arrival of each of these readings."""
        return (self.heard_at[rows, columns] - self.struck_at[rows]) / _SECONDS


def untouched(home: Home) -> Scene:
    """Give the record as it is."""
    record, width = home.record, home.width
    judged = home.looked & (record.ends_at > home.opens_at)

    def padded(array: Floats) -> Floats:
        return np.concatenate([np.full(width - 1, np.nan), array])[np.newaxis]

    return Scene(
        home,
        padded(record.ends_at),
        padded(record.hours),
        padded(record.drawn),
        padded(home.heard_at),
        np.concatenate([np.zeros(width - 1, dtype=np.bool_), judged])[np.newaxis],
        np.array([np.nan]),
        width,
    )


def struck(home: Home, at: Floats, first: Indices, count: Indices, drawn: Floats) -> Scene:
    """Give the scenes of injections.

    Parameters
    ----------
    at : (R,) float64, epoch seconds
    first : (R,) int
        The interval in which each falls.
    count : (R,) int
        How many intervals are followed, that one included.
    drawn : (R, L) float64, litres
        What the meter shows from that interval on.
    """
    record, width = home.record, home.width
    length = drawn.shape[1]
    column = first[:, np.newaxis] + np.arange(1 - width, length)
    followed = np.arange(1 - width, length) < count[:, np.newaxis]
    there = np.clip(column, 0, len(record.ends_at) - 1)
    exists = (column >= 0) & (column < len(record.ends_at)) & followed
    shown = np.concatenate([record.drawn[there[:, : width - 1]], drawn], axis=1)
    judged = exists & home.looked[there] & (record.ends_at[there] > at[:, np.newaxis])
    judged[:, : width - 1] = False
    return Scene(
        home,
        np.where(exists, record.ends_at[there], np.nan),
        np.where(exists, record.hours[there], np.nan),
        np.where(exists, shown, np.nan),
        np.where(exists, home.heard_at[there], np.nan),
        judged,
        at,
        width,
    )

"""Stops: the hours at which no silence goes on, because water was drawn or nothing is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meterwatch.domain.usage import HOURS, Bools

LONGEST = 48  # hours; a longer silence is counted as this long
LENGTHS = LONGEST + 1
NEVER = -1

Wholes = NDArray[np.int32]


def class_of_day(day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the class of local days: 0 Monday to Thursday, 1 Friday, 2 Saturday, 3 Sunday."""
    return np.maximum((day + 3) % 7 - 3, 0)  # 1970-01-01 was a Thursday


@dataclass(frozen=True, slots=True, eq=False)
class Stops:
    """The hours at which no silence goes on: used, unknown, or before the first one.

    One entry a stop, home by home in the order of time. `column` counts hours, with the state
    carried over from the day before in column 0; `began` is class and hour of the silence that
    begins there, NEVER where none does; `carried` what it had lasted before column 0.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    is_use: Bools
    began: NDArray[np.int64]  # (S, 2)
    carried: NDArray[np.int64]
    shape: tuple[int, int]

    @classmethod
    def of(cls, in_use: Bools, known: Bools, first_day: int, running: Wholes) -> "Stops":
        """Find them in the hours of some days, behind the silence that was running before."""
        marks = np.concatenate([np.ones((len(in_use), 1), np.bool_), in_use | ~known], axis=1)
        row, column = np.nonzero(marks)
        first = column == 0
        is_use = np.concatenate([running[:, :1] >= 0, in_use], axis=1)[row, column]
        hour = np.maximum(column - 1, 0)
        began = np.stack([class_of_day(first_day + hour // HOURS), hour % HOURS], axis=1)
        began = np.where(first[:, np.newaxis], running[row, :2], began)
        began = np.where(is_use[:, np.newaxis], began, NEVER)
        carried = np.where(first & is_use, running[row, 2], 0)
        return cls(row, column, is_use, began, carried.astype(np.int64), in_use.shape)

    def running(self) -> Wholes:
        """Give the silence that the last hour leaves running in each home."""
        last = np.append(self.row[1:] != self.row[:-1], True)
        length = self.shape[1] - self.column[last] + self.carried[last]
        runs = np.concatenate([self.began[last], length[:, np.newaxis]], axis=1)
        return np.where(self.is_use[last][:, np.newaxis], runs, NEVER).astype(np.int32)

    def lasted(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give row, day and cell of each silence that went by."""
        here = np.flatnonzero(self.is_use[:-1] & (self.row[1:] == self.row[:-1]))
        after = here + 1
        length = self.column[after] - self.column[here] - 1 + self.carried[here]
        cell = (self.began[here, 0] * HOURS + self.began[here, 1]) * LENGTHS
        cell = cell + np.minimum(length, LONGEST)
        day = (self.column[after] - 1) // HOURS
        return self.row[here], day, cell

"""Patterns: the silences of each home, counted day by day as the days become final.

What was counted is kept with the day up to which it was. A home without it, or of which a time
turned out to teach nothing after its days were counted, is counted anew from its roll-ups.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors.schedule import Past
from meterwatch.detectors.silences import Silences, count_days
from meterwatch.domain.usage import HOURS, Bools, Floats
from meterwatch.pipeline.excluded import Excluded
from meterwatch.store.learnt import Learnt, Pattern

_ANEW_AT_ONCE = 50  # homes, a year of each
_EPOCH = date(1970, 1, 1).toordinal()


def day_of(date_: date) -> int:
    """Give the number of a day since 1970-01-01."""
    return date_.toordinal() - _EPOCH


def date_of(day: int) -> date:
    """Give the date of a day since 1970-01-01."""
    return date.fromordinal(day + _EPOCH)


def read_days(
    learnt: Learnt, excluded: Excluded, homes: Sequence[int], first_day: int, days: int
) -> Floats:
    """Give (N, days, 24) litres by local hour; NaN where unknown or left out."""
    litres, known = learnt.rollups(homes, date_of(first_day), days)
    litres = np.where(known, litres, np.nan)
    litres[excluded.marks(homes, litres, first_day)] = np.nan
    return litres


def count_final(learnt: Learnt, excluded: Excluded, past: Past) -> Silences:
    """Count every final day that was not counted yet, keep the counts, and give them."""
    kept = _still_right(learnt.patterns(past.homes), excluded, past)
    parts: list[tuple[NDArray[np.int64], Silences]] = []
    lost = [row for row, home in enumerate(past.homes) if home not in kept]
    for next_day, rows in _together(kept, past):
        state = _unpacked(kept, past, rows)
        if state is None:
            lost += rows.tolist()
            continue
        counted = past.count(state, next_day, past.final_day)
        if counted is not state:
            _keep(learnt, excluded, counted, past.final_day)
        parts.append((rows, counted))
    for start in range(0, len(lost), _ANEW_AT_ONCE):
        rows = np.array(lost[start : start + _ANEW_AT_ONCE], dtype=np.int64)
        parts.append((rows, _anew(learnt, excluded, past, rows)))
    return _in_order(parts, past.homes)


def _unpacked(kept: Mapping[int, Pattern], past: Past, rows: NDArray[np.int64]) -> Silences | None:
    """Read the counts of some homes; None where another version wrote them, or half of them."""
    homes = tuple(past.homes[row] for row in rows)
    try:
        return Silences.unpack(homes, [kept[home].state for home in homes])
    except ValueError:
        return None


def _still_right(kept: Mapping[int, Pattern], excluded: Excluded, past: Past) -> dict[int, Pattern]:
    """Leave out what has to be counted anew."""
    return {
        home: pattern
        for home, pattern in kept.items()
        if past.first_day <= day_of(pattern.until) + 1 <= past.final_day + 1
        and pattern.left_out == excluded.sum_of(home, day_of(pattern.until))
    }


def _together(kept: Mapping[int, Pattern], past: Past) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Give the rows of homes that were counted up to the same day, with the day after it."""
    groups: dict[int, list[int]] = {}
    for row, home in enumerate(past.homes):
        if home in kept:
            groups.setdefault(day_of(kept[home].until) + 1, []).append(row)
    for next_day, rows in groups.items():
        yield next_day, np.array(rows, dtype=np.int64)


def _anew(learnt: Learnt, excluded: Excluded, past: Past, rows: NDArray[np.int64]) -> Silences:
    """Count all days of some homes of which there are roll-ups."""
    homes = tuple(past.homes[row] for row in rows)
    state, oldest = Silences.empty(homes), learnt.first_rollup(homes)
    if oldest is None or day_of(oldest) > past.final_day:
        return state
    first = day_of(oldest)
    litres = read_days(learnt, excluded, homes, first, past.final_day + 1 - first)
    hourly = litres.reshape(len(homes), litres.shape[1] * HOURS)
    known: Bools = np.isfinite(hourly)
    steps = past.resolution_litres[rows]
    state = count_days(state, first, hourly, known, past.use_litres, steps)
    _keep(learnt, excluded, state, past.final_day)
    return state


def _keep(learnt: Learnt, excluded: Excluded, state: Silences, until_day: int) -> None:
    until = date_of(until_day)
    learnt.put_patterns(
        {
            home: Pattern(until, excluded.sum_of(home, until_day), packed)
            for home, packed in zip(state.homes, state.pack(), strict=True)
        }
    )


def _in_order(
    parts: Sequence[tuple[NDArray[np.int64], Silences]], homes: tuple[int, ...]
) -> Silences:
    if not parts:
        return Silences.empty(homes)
    rows = np.concatenate([rows for rows, _ in parts])
    return Silences.joined([state for _, state in parts]).take(homes, np.argsort(rows))

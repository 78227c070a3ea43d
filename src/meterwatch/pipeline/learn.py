"""Learn: the night's work, what each home drew by the hour and what is usual for it.

The last days are rolled up anew each night, because late readings change them; limits come from
the roll-ups of four weeks. Nothing here looks past `now`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from meterwatch.detectors.hours import by_local_hour
from meterwatch.detectors.profile import DAYS, USE_LITRES, learn_longest
from meterwatch.domain.household import Absence
from meterwatch.domain.usage import HOURS, Bools, LocalTime
from meterwatch.pipeline.board import Board
from meterwatch.store import Store
from meterwatch.store.house import NIGHT, PROFILES_REVISION

NIGHT_HOUR = 3  # local: late readings of the evening are in, and few people are up
ROLLED_DAYS = 3  # days that late readings may still change
_EPOCH = date(1970, 1, 1)


def night_due(local: LocalTime, last: datetime | None, now: datetime) -> bool:
    """Tell whether the hour of the night's work has passed since it was done last."""
    return last is None or _night(local, now) > _night(local, last)


def _night(local: LocalTime, moment: datetime) -> int:
    seconds = local.seconds(np.array([moment.timestamp()]))[0]
    return int((seconds - NIGHT_HOUR * 3_600) // 86_400)


def night(
    store: Store, board: Board, local: LocalTime, now: datetime, use_litres: float = USE_LITRES
) -> None:
    """Roll up the last whole days of every home on the board, and learn the limits anew.

    Parameters
    ----------
    board : Board
        Rebuilt from what had been heard by `now`.
    use_litres : float, litres
        Water in an hour from which it counts as used.
    """
    today = int(local.seconds(np.array([now.timestamp()]))[0] // 86_400)
    homes = board.homes
    usage = board.window(homes, {})
    litres, known = by_local_hour(usage, local, today - ROLLED_DAYS, ROLLED_DAYS)
    for number in range(ROLLED_DAYS):
        hours = slice(number * HOURS, (number + 1) * HOURS)
        day = _EPOCH + timedelta(days=today - ROLLED_DAYS + number)
        rows = np.flatnonzero(known[:, hours].any(axis=1))
        store.telemetry.put_rollups(
            day, ((homes[row], litres[row, hours], known[row, hours]) for row in rows)
        )
    first = _EPOCH + timedelta(days=today - DAYS)
    past, past_known = store.telemetry.rollups(homes, first, DAYS)
    with store.transaction(read_only=True) as tx:
        absences = tx.homes.absences(now - timedelta(days=DAYS + 1))
    past_known &= ~_away(homes, absences, local, today - DAYS)
    profile = learn_longest(
        homes,
        past.reshape(len(homes), DAYS * HOURS),
        past_known.reshape(len(homes), DAYS * HOURS),
        use_litres=use_litres,
        resolution_litres=usage.resolution_litres,
    )
    store.telemetry.put_profiles(profile, int(now.timestamp()))
    with store.transaction() as tx:
        tx.house.bump(PROFILES_REVISION)
        tx.house.set_mark(NIGHT, int(now.timestamp()))


def last_night(store: Store) -> datetime | None:
    """Say when the night's work was done last."""
    with store.transaction(read_only=True) as tx:
        return tx.house.moment(NIGHT)


@dataclass(frozen=True, slots=True)
class Kept:
    """How long things are kept."""

    readings: timedelta
    rollups: timedelta
    replies: timedelta


def forget(store: Store, kept: Kept, now: datetime) -> None:
    """Delete what has been kept long enough: readings, roll-ups, the words of replies."""
    store.telemetry.forget_readings(int((now - kept.readings).timestamp()))
    store.telemetry.forget_rollups((now - kept.rollups).date())
    with store.transaction() as tx:
        tx.replies.forget(now - kept.replies)


def _away(
    homes: tuple[int, ...],
    absences: Mapping[int, tuple[Absence, ...]],
    local: LocalTime,
    first: int,
) -> Bools:
    """Mark the hours in which a home was declared away: they teach nothing."""
    marks = np.zeros((len(homes), DAYS * HOURS), dtype=np.bool_)
    for row, home in enumerate(homes):
        for absence in absences.get(home, ()):
            end = min(absence.until, absence.ended_at or absence.until)
            bounds = np.array([absence.since.timestamp(), end.timestamp()])
            begin, stop = np.clip(local.seconds(bounds) / 3_600.0 - first * HOURS, 0, DAYS * HOURS)
            marks[row, int(begin) : int(np.ceil(stop))] = True
    return marks.reshape(len(homes), DAYS, HOURS)

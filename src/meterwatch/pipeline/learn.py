"""Learn: the night's work, what each home drew by the hour and what is usual for it.

The last days are rolled up anew each night, because late readings change them; a day that is final
goes into the patterns of silences, from which the limits come. A night knows what was heard before
it began and nothing else, so that done late, or twice, or in a replay, it comes to the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from meterwatch.detectors.budgets import Budget
from meterwatch.detectors.prior import Prior
from meterwatch.detectors.profile import USE_LITRES
from meterwatch.detectors.schedule import (
    PAST_DAYS,
    ROLLED_DAYS,
    Past,
    night_begins,
    night_of,
    nights_between,
    roll_up,
)
from meterwatch.domain.household import Grade
from meterwatch.domain.usage import Floats, LocalTime, UsageWindow
from meterwatch.pipeline.board import Board
from meterwatch.pipeline.excluded import Excluded, excluded_periods
from meterwatch.pipeline.flows import flows_told, running_since
from meterwatch.pipeline.lessons import Answers, answers, note_widening, widen
from meterwatch.pipeline.patterns import count_final, date_of, read_days
from meterwatch.store import Store
from meterwatch.store.house import NIGHT, PROFILES_REVISION

HOMES_AT_ONCE = 500  # so that a night needs little memory, and no transaction is long
KEPT = timedelta(days=400)  # no roll-up is older
_MOST_NIGHTS = 31  # that are made up for


@dataclass(frozen=True, slots=True)
class Schooling:
    """How a night learns.

    Attributes
    ----------
    local : LocalTime
        The zone of the deployment.
    prior : Prior
        What homes do in general.
    budget : Budget
        How many false alarms a home may cost.
    use_litres : float, litres
        Water in an hour from which it counts as used.
    """

    local: LocalTime
    prior: Prior
    budget: Budget = field(default_factory=Budget)
    use_litres: float = USE_LITRES


@dataclass(frozen=True, slots=True)
class _Told:
    """What people said of homes, as far as a night learns from it."""

    answers: Answers
    running: Mapping[int, datetime]
    excluded: Excluded
    budgets: Mapping[int, tuple[Grade, float | None]]


def nights_due(local: LocalTime, last: datetime | None, now: datetime) -> tuple[datetime, ...]:
    """Name the nights to be worked, the oldest first: those begun since it was done last."""
    after = None if last is None else last.timestamp()
    nights = nights_between(local, after, now.timestamp())[-_MOST_NIGHTS:]
    return tuple(datetime.fromtimestamp(night_begins(local, one), UTC) for one in nights)


def night(store: Store, boards: Iterable[Board], schooling: Schooling, now: datetime) -> None:
    """Roll up the last whole days of every home on the boards, and learn the limits anew.

    Parameters
    ----------
    boards : iterable of Board
        Each with homes of its own, and what had been heard of them before the night.
    now : datetime
        In the night that is worked, which began at three in the morning.
    """
    told = _told(store, schooling, now)
    number = int(night_of(schooling.local, np.array([now.timestamp()]))[0])
    for board in boards:
        for homes in _portions(board.homes):
            _learn(store, board.window(homes, {}), schooling, told, number, now)
    with store.transaction() as tx:
        tx.house.bump(PROFILES_REVISION)
        tx.house.set_mark(NIGHT, int(now.timestamp()))


def boards_before(store: Store, moment: datetime) -> Iterator[Board]:
    """Give boards of some homes each, with what was heard before a moment."""
    with store.transaction(read_only=True) as tx:
        watched, swaps = tx.homes.watched(), tx.homes.swaps()
    homes = sorted({one.device.household_id for one in watched})
    for portion in _portions(homes):
        some = frozenset(portion)
        board = Board([one for one in watched if one.device.household_id in some], swaps)
        devices = [one.device.id for one in board.meters]
        board.rebuild(store.telemetry, devices, int(moment.timestamp()) - 1)
        yield board


def _portions(homes: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(homes), HOMES_AT_ONCE):
        yield homes[start : start + HOMES_AT_ONCE]


def _told(store: Store, schooling: Schooling, now: datetime) -> _Told:
    with store.transaction(read_only=True) as tx:
        periods = excluded_periods(tx, now - KEPT, now)
        running = running_since(tx)
        budgets = tx.homes.budgets()
    excluded = Excluded(periods, schooling.local, schooling.use_litres)
    return _Told(answers(store, now), running, excluded, budgets)


def _learn(
    store: Store, usage: UsageWindow, schooling: Schooling, told: _Told, number: int, now: datetime
) -> None:
    """Learn what is usual for some homes; done again, it comes to the same."""
    telemetry, homes = store.telemetry, usage.homes
    _roll_up(store, usage, schooling.local, number)
    litres = read_days(telemetry, told.excluded, homes, number - PAST_DAYS, PAST_DAYS)
    flows = flows_told(store, homes, told.answers, told.running, schooling.local)
    past = Past(homes, number, litres, schooling.use_litres, usage.resolution_litres, flows)
    silences = count_final(telemetry, told.excluded, past)
    budgets = _budgets(homes, schooling.budget, told)
    profile = past.profile(silences, schooling.prior, budgets)
    widened = widen(profile, told.answers, now)
    if any(home in told.answers for home in homes):
        note_widening(store, telemetry.profiles(homes), widened, told.answers, now)
    telemetry.put_profiles(widened, int(now.timestamp()))


def _roll_up(store: Store, usage: UsageWindow, local: LocalTime, number: int) -> None:
    litres, known = roll_up(usage, local, number)
    heard = np.flatnonzero(known.any(axis=(1, 2)))
    for day in range(ROLLED_DAYS):
        rows = ((usage.homes[row], litres[row, day], known[row, day]) for row in heard)
        store.telemetry.put_rollups(date_of(number - ROLLED_DAYS + day), rows)


def _budgets(homes: Sequence[int], budget: Budget, told: _Told) -> Floats:
    """Give the false alarms a year that each home may cost."""
    unsaid = (Grade.GREEN, None)
    return np.array([budget.of(*told.budgets.get(home, unsaid)) for home in homes])


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

"""Lessons: what visits say of silences goes into the night's learning, home by home.

Nothing is kept of it but the ledger itself: each night reads anew what was found, so that a
correction, or time, takes a lesson back. No home learns from another's visits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from meterwatch.domain.lesson import Answered, LeftOut, found_well, left_out, widening
from meterwatch.domain.usage import HOURS, Bools, Floats, LocalTime, UsageProfile
from meterwatch.store import Store

Answers = Mapping[int, Sequence[Answered]]
KEPT = timedelta(days=400)  # no roll-up is older


def answers(store: Store, now: datetime) -> Answers:
    """Give what visits found, by home."""
    with store.transaction(read_only=True) as tx:
        return tx.visits.answered(now - KEPT)


def teach_nothing(
    homes: Sequence[int],
    answers: Answers,
    litres: Floats,
    local: LocalTime,
    first_day: int,
    use_litres: float,
) -> Bools:
    """Mark the hours that visits take out of what is usual: away, in hospital, a broken meter.

    Parameters
    ----------
    homes : sequence of int, length N
    answers : mapping of home to what was found
    litres : (N, D, 24) float64, litres
        Water by local hour, the oldest day first; NaN where unknown.
    local : LocalTime
    first_day : int
        The first local day, in days since 1970-01-01.
    use_litres : float, litres
        Water in an hour from which it counts as used: a time that ends by use ends there.

    Returns
    -------
    (N, D, 24) bool
    """
    marks = np.zeros((len(homes), litres.shape[1] * HOURS), dtype=np.bool_)
    hourly = litres.reshape(marks.shape)
    for row, home in enumerate(homes):
        for one in left_out(answers.get(home, ())):
            begin, end = _hours(one, local, first_day)
            stop = max(end, begin + 1, 0)
            if one.until_use:
                stop += _first(hourly[row, stop:] >= use_litres)
            marks[row, max(begin, 0) : stop] = True
    return marks.reshape(litres.shape)


def _hours(one: LeftOut, local: LocalTime, first_day: int) -> tuple[int, int]:
    """Give the first hour of a time and the one after its last, counted from the first day."""
    bounds = np.array([one.since.timestamp(), one.until.timestamp()])
    begin, end = local.seconds(bounds) / 3_600.0 - first_day * HOURS
    return int(np.floor(begin)), int(np.ceil(end))


def _first(flags: Bools) -> int:
    return int(np.argmax(flags)) if flags.any() else len(flags)


def widen(profile: UsageProfile, answers: Answers, now: datetime) -> UsageProfile:
    """Widen the limits of homes whose residents were found well again and again."""
    factor = np.ones(len(profile.homes))
    for row, home in enumerate(profile.homes):
        if home in answers:
            factor[row] = widening(answers[home], now)
    limits = profile.limits_hours * factor[:, np.newaxis, np.newaxis]
    return replace(profile, limits_hours=limits, widened=factor)


def note_widening(
    store: Store, before: UsageProfile, after: UsageProfile, answers: Answers, now: datetime
) -> None:
    """Write into the audit trail which homes' limits visits have moved this night, and why."""
    old, new = (np.nan_to_num(one.widened, nan=1.0).astype("<f4") for one in (before, after))
    moved = np.flatnonzero(old != new)
    if not len(moved):
        return
    with store.transaction() as tx:
        for row in moved:
            home = after.homes[row]
            detail = {
                "percent": round(100 * float(new[row]) - 100),
                "found_well": len(found_well(answers.get(home, ()), now)),
            }
            tx.accounts.audit("system", "widen", f"household:{home}", now, detail)

"""Lessons: what visits say of silences goes into the night's learning, home by home.

Nothing is kept of it but the ledger itself: each night reads anew what was found, so that a
correction, or time, takes a lesson back. No home learns from another's visits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from meterwatch.domain.lesson import Answered, found_well, widening
from meterwatch.domain.usage import UsageProfile
from meterwatch.store import Store

Answers = Mapping[int, Sequence[Answered]]
KEPT = timedelta(days=400)  # no roll-up is older


def answers(store: Store, now: datetime) -> Answers:
    """Give what visits found, by home."""
    with store.transaction(read_only=True) as tx:
        return tx.visits.answered(now - KEPT)


def widen(profile: UsageProfile, answers: Answers, now: datetime) -> UsageProfile:
    """Widen the limits of homes whose residents were found well again and again."""
    factor = np.ones(len(profile.homes))
    for row, home in enumerate(profile.homes):
        if home in answers:
            factor[row] = widening(answers[home], now)
    return replace(
        profile,
        limits_hours=profile.limits_hours * factor[:, np.newaxis, np.newaxis],
        returning_hours=profile.returning_hours * factor,
        widened=factor,
    )


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

"""Explained: worries of homes that an outage around them explains are not raised yet.

Bells are never among them. What a spell explains and for how long is in `domain.outage`; here the
spells are found for the homes that are about to alarm, afresh each time, so nothing is forgotten.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from meterwatch.detectors.common_cause import Cause
from meterwatch.domain.outage import EXPLAINED, Silence, Spell, holds
from meterwatch.domain.signal import Condition, Signal, SubjectKind
from meterwatch.domain.usage import LocalTime, UsageProfile
from meterwatch.store import Store

Subject = tuple[SubjectKind, int, str]
LimitAfter = Callable[[datetime], timedelta | None]
_STILL_FELT = timedelta(days=3)  # no limit is longer, and no sum of hours
_UNLIMITED = 24.0  # hours; where evidence names no limit


@dataclass(frozen=True, slots=True)
class CommonCause:
    """How common causes are looked for, and for how long one explains the silence of a home."""

    enabled: bool = True
    cause: Cause = field(default_factory=Cause)
    longest: timedelta = timedelta(hours=12)


def unexplained(
    store: Store,
    signals: list[Signal],
    standing: Collection[Subject],
    limits: Callable[[int], LimitAfter],
    longest: timedelta,
    now: datetime,
) -> list[Signal]:
    """Leave out new worries of homes whose silence an outage explains now.

    Parameters
    ----------
    standing : collection of subjects
        A worry that stands is not held back.
    limits : callable
        Gives, for a home, how long a silence may last that begins at a moment.
    longest : timedelta
        How long an outage that nobody announced explains at most.
    """
    fresh = {signal.subject_id for signal in signals if _may_wait(signal, standing)}
    if not fresh:
        return signals
    with store.transaction(read_only=True) as tx:
        spells = tx.areas.spells(now - _STILL_FELT)
        keys = tx.areas.keys_of(fresh) if spells else {}
    if not spells:
        return signals
    return [
        signal
        for signal in signals
        if not _may_wait(signal, standing)
        or not _is_explained(signal, spells, keys, limits, longest, now)
    ]


def limit_after(profile: UsageProfile, local: LocalTime, spell_end: datetime) -> timedelta | None:
    """Give how long a silence of one home may last that begins then, if that is learnt."""
    hours = profile.silence_limit_hours(np.array([spell_end.timestamp()]), local)[0]
    return timedelta(hours=float(hours)) if np.isfinite(hours) else None


def _may_wait(signal: Signal, standing: Collection[Subject]) -> bool:
    return (
        signal.kind in EXPLAINED
        and signal.subject_kind is SubjectKind.HOUSEHOLD
        and signal.condition is Condition.ACTIVE
        and signal.subject not in standing
    )


def _is_explained(
    signal: Signal,
    spells: Collection[Spell],
    keys: Mapping[int, frozenset[str]],
    limits: Callable[[int], LimitAfter],
    longest: timedelta,
    now: datetime,
) -> bool:
    hours = float(signal.evidence.get("limit_hours", _UNLIMITED))
    limit = timedelta(hours=hours if np.isfinite(hours) else _UNLIMITED)
    mine = [spell for spell in spells if spell.key in keys.get(signal.subject_id, ())]
    after = limits(signal.subject_id)
    known = [(spell, (after(spell.until) if spell.until else None) or limit) for spell in mine]
    return holds(known, Silence(signal.kind, signal.at, signal.as_of, limit), longest, now)

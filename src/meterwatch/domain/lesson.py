"""What a visit teaches: whether a worry was right, what is no ordinary day, which limit is short.

Rule 1. Away, hospital, a fall, a broken meter: the silence says nothing of the home's own days.
Rule 2. Who was found well at home twice within 60 days is waited for longer: a tenth more, a tenth
        of that again with each further time, never more than three tenths, and less again by
        itself as the visits grow old. One who was found in need counts from there anew.
Rule 3. Each home learns from its own visits alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from meterwatch.domain.signal import (
    BATTERY,
    BUTTON_SILENT,
    EXPLAINED_BY_ABSENCE,
    FLAT_FLOW,
    HUB_SILENT,
    METER_SILENT,
    NO_USE,
    SLOW_LEAK,
)
from meterwatch.domain.visit import UNREACHED, Mode, Outcome

WITHIN = timedelta(days=60)
ENOUGH = 2  # once may be chance
STEP, MOST = 1.1, 1.3


class Verdict(StrEnum):
    """What an outcome says of the worry that it answers."""

    TRUE = "true"  # somebody needed help, or it was what it said it was
    FALSE = "false"  # well, and at home
    AWAY = "away"  # nobody was there
    DEVICE = "device"  # the meter, the bell, the pipes
    UNKNOWN = "unknown"  # nobody has said what was found


_IN_NEED = frozenset({Outcome.FALL, Outcome.ILLNESS, Outcome.NEEDS_HELP, Outcome.DECEASED})
_AWAY = frozenset({Outcome.AWAY_FAMILY, Outcome.AWAY_HOSPITAL, Outcome.AWAY_TRAVEL, Outcome.MOVED})
_DEVICE = frozenset(
    {
        Outcome.LEAK,
        Outcome.OUTAGE,
        Outcome.METER_FAULT,
        Outcome.METER_SWAPPED,
        Outcome.BUTTON_FAULT,
    }
)
_OF_DEVICES = frozenset({METER_SILENT, HUB_SILENT, BATTERY, BUTTON_SILENT})
_WELL = frozenset({Outcome.SAFE, Outcome.QUIET_DAY})
# After these the person may not be there for a while: the first use is news to those who know.
LEFT = frozenset({*_AWAY, Outcome.FALL, Outcome.ILLNESS})


@dataclass(frozen=True, slots=True)
class Answered:
    """One alert about a home, and what the last word of the ledger on it is."""

    kind: str
    began_at: datetime
    outcome: Outcome
    mode: Mode
    found_at: datetime

    @property
    def verdict(self) -> Verdict:
        """Whether the worry was right."""
        return verdict(self.kind, self.outcome)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A time that teaches nothing: until somebody looked, or until the first use after that."""

    since: datetime
    until: datetime
    until_use: bool


def verdict(kind: str, outcome: Outcome | None) -> Verdict:
    """Judge a worry of this kind by what was found; None where nobody has said it."""
    family = kind.partition(":")[0]
    if outcome is None or outcome in UNREACHED:
        return Verdict.UNKNOWN
    if outcome in _IN_NEED or (outcome in _DEVICE and family in _OF_DEVICES):
        return Verdict.TRUE
    if outcome in _DEVICE:
        runs = outcome is Outcome.LEAK and family not in EXPLAINED_BY_ABSENCE
        return Verdict.TRUE if runs else Verdict.DEVICE
    return Verdict.AWAY if outcome in _AWAY else Verdict.FALSE


def left_out(answers: Iterable[Answered]) -> tuple[LeftOut, ...]:
    """Name the times of one home that its visits take out of what is usual for it."""
    return tuple(
        LeftOut(one.began_at, max(one.began_at, one.found_at), one.kind in EXPLAINED_BY_ABSENCE)
        for one in answers
        if one.verdict not in {Verdict.FALSE, Verdict.UNKNOWN}
    )


def flow_left_at(answers: Iterable[Answered]) -> datetime | None:
    """Say when people last answered for a leak of one home that they may have left running."""
    left = [
        one.found_at
        for one in answers
        if one.outcome not in UNREACHED
        and (one.kind == SLOW_LEAK or (one.kind == FLAT_FLOW and one.outcome is Outcome.LEAK))
    ]
    return max(left, default=None)


def found_well(answers: Iterable[Answered], now: datetime) -> tuple[datetime, ...]:
    """Say when silences of one home ended with its resident found well at home, and still count.

    A silence counts once, whoever looked; a word that nobody has explained yet does not count. Low
    use that was harmless lowers its floors by being past, and says nothing of silences.
    """
    worries = [one for one in answers if one.kind in EXPLAINED_BY_ABSENCE]
    since = max(
        (one.found_at for one in worries if one.verdict is Verdict.TRUE), default=now - WITHIN
    )
    well = {
        one.began_at: one.found_at
        for one in worries
        if one.kind == NO_USE
        and one.outcome in _WELL
        and one.mode is not Mode.UNSTATED
        and max(since, now - WITHIN) < one.found_at <= now
    }
    return tuple(sorted(well.values()))


def widening(answers: Iterable[Answered], now: datetime) -> float:
    """Say by what the limits of one home are multiplied, from 1.0 to 1.3."""
    times = len(found_well(answers, now))
    return 1.0 if times < ENOUGH else min(STEP ** (times - ENOUGH + 1), MOST)

"""Signals: reasons to look.

Every source of worry enters here in one of three ways: we were told (heard), a detector inferred
it (seen), or something due did not happen (missed). Later sources add a kind, never a shape.
"""

from meterwatch.domain.signal.heard import heard, placed, strange
from meterwatch.domain.signal.missed import Heartbeat, SilenceRule, lost, missed
from meterwatch.domain.signal.nouns import (
    AREA_KINDS,
    AREA_QUIET,
    AREA_WILD,
    BATTERY,
    BELL,
    BELL_KINDS,
    BELL_MISSED,
    BUTTON_SILENT,
    EXPLAINED_BY_ABSENCE,
    FLAT_FLOW,
    HUB_SILENT,
    LIFE_KINDS,
    LOW_USE,
    METER_SILENT,
    NO_USE,
    SILENCE_KINDS,
    SLOW_LEAK,
    UNKNOWN_BELL,
    USE_KINDS,
    VISITED_KINDS,
    Condition,
    Origin,
    Signal,
    SubjectKind,
)
from meterwatch.domain.signal.seen import flow_of, seen, worries

__all__ = [
    "AREA_KINDS",
    "AREA_QUIET",
    "AREA_WILD",
    "BATTERY",
    "BELL",
    "BELL_KINDS",
    "BELL_MISSED",
    "BUTTON_SILENT",
    "EXPLAINED_BY_ABSENCE",
    "FLAT_FLOW",
    "HUB_SILENT",
    "LIFE_KINDS",
    "LOW_USE",
    "METER_SILENT",
    "NO_USE",
    "SILENCE_KINDS",
    "SLOW_LEAK",
    "UNKNOWN_BELL",
    "USE_KINDS",
    "VISITED_KINDS",
    "Condition",
    "Heartbeat",
    "Origin",
    "Signal",
    "SilenceRule",
    "SubjectKind",
    "flow_of",
    "heard",
    "lost",
    "missed",
    "placed",
    "seen",
    "strange",
    "worries",
]

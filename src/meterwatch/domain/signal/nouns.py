"""What a signal is, and the kinds of worry there are."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Origin(StrEnum):
    """How we came to know."""

    HEARD = "heard"
    SEEN = "seen"
    MISSED = "missed"


class SubjectKind(StrEnum):
    """What a worry is about."""

    HOUSEHOLD = "household"
    AREA = "area"


class Condition(StrEnum):
    """What the sensor says now."""

    ACTIVE = "active"
    CLEARED = "cleared"
    UNKNOWN = "unknown"


# Kinds of worry are text, so that a new one needs no change in every module.
BELL = "bell"
BELL_MISSED = "bell_missed"  # a press from a retained message or a bridge's memory
NO_USE = "no_use"
LOW_USE = "low_use"
FLAT_FLOW = "flat_flow"
SLOW_LEAK = "slow_leak"  # a weak flow that stands: it wants a plumber, and hides small uses
ODD_HOURS = "odd_hours"  # water in the quiet hours of several nights
METER_SILENT = "meter_silent"
HUB_SILENT = "hub_silent"
BATTERY = "battery"
BUTTON_SILENT = "button_silent"
AREA_QUIET = "area_quiet"  # homes of one group use no water together
AREA_WILD = "area_wild"  # homes of one group draw water together
UNKNOWN_BELL = "unknown_bell"  # a bell that nobody registered was pressed: of whom, is not known

LIFE_KINDS = frozenset({BELL, BELL_MISSED, NO_USE, LOW_USE, FLAT_FLOW})
BELL_KINDS = frozenset({BELL, BELL_MISSED})
SILENCE_KINDS = frozenset({METER_SILENT, HUB_SILENT})
USE_KINDS = frozenset({NO_USE, LOW_USE, FLAT_FLOW, SLOW_LEAK})
CONCERN_KINDS = frozenset({ODD_HOURS})  # for the next visit to a red home; nobody is texted
VISITED_KINDS = LIFE_KINDS | CONCERN_KINDS | {SLOW_LEAK}  # what was found at a visit answers them
AREA_KINDS = frozenset({AREA_QUIET, AREA_WILD})
EXPLAINED_BY_ABSENCE = frozenset({NO_USE, LOW_USE})


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to look.

    `at` is when the worry began (the press, the last use), `as_of` the newest fact behind it.
    `condition` says whether the worry is there, over, or no longer to be known; only one that is
    there opens an alert. `key` tells this signal from a repetition of itself: it is stored once.
    """

    origin: Origin
    kind: str
    subject_kind: SubjectKind
    subject_id: int
    at: datetime
    as_of: datetime
    key: str
    condition: Condition = Condition.ACTIVE
    evidence: dict[str, float | int | str] = field(default_factory=dict)

    @property
    def subject(self) -> tuple[SubjectKind, int, str]:
        """The key of the one standing alert that this signal belongs to."""
        return (self.subject_kind, self.subject_id, self.kind)

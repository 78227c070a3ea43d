"""Visits: somebody went, or reached the person otherwise, and says what they found.

A visit is a line of the ledger (探视台账). It is never changed; a correction is a new line that
names the one it corrects.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Mode(StrEnum):
    """How the person was reached."""

    HOME = "home"
    PHONE = "phone"
    VIDEO = "video"
    NEIGHBOUR = "neighbour"
    UNSTATED = "unstated"  # "3/平安" by SMS until the sender says went or phoned


class Seen(StrEnum):
    """Whether the person was seen or heard, and how."""

    WELL = "well"
    UNWELL = "unwell"
    NO_ANSWER = "no_answer"
    NOT_HOME = "not_home"
    ENTRY_FORCED = "entry_forced"


class Outcome(StrEnum):
    """What was found, in codes (reference: the visit record of the domain research, section 5)."""

    SAFE = "safe"
    QUIET_DAY = "quiet_day"
    AWAY_FAMILY = "away_family"
    AWAY_HOSPITAL = "away_hospital"
    AWAY_TRAVEL = "away_travel"
    MOVED = "moved"
    DECEASED = "deceased"
    FALL = "fall"
    ILLNESS = "illness"
    NEEDS_HELP = "needs_help"
    LEAK = "leak"
    OUTAGE = "outage"
    METER_FAULT = "meter_fault"
    METER_SWAPPED = "meter_swapped"
    BUTTON_ACCIDENTAL = "button_accidental"
    BUTTON_TEST = "button_test"
    BUTTON_FAULT = "button_fault"
    VISITORS = "visitors"
    NO_ACCESS = "no_access"  # nobody opened
    UNKNOWN = "unknown"


# These did not reach the person: the alert reopens one step wider.
UNREACHED = frozenset({Outcome.NO_ACCESS, Outcome.UNKNOWN})


class Need(StrEnum):
    """What the visitor saw that the person needs; listed for follow-up."""

    HEALTH = "health"
    MIND = "mind"
    FOOD = "food"
    MONEY = "money"
    HOME_SAFETY = "home_safety"
    HYGIENE = "hygiene"
    REPAIR = "repair"
    COMPANY = "company"
    CARE = "care"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Visit:
    """One line of the ledger.

    `visitor` names who went, by kind and id (`contact:7`, `user:2`); `note` is free text and can
    be erased without touching the line. `corrects` is the id of an earlier line.
    """

    household_id: int
    visitor: str
    role: str
    mode: Mode
    outcome: Outcome
    seen: Seen
    logged_at: datetime
    dispatched_at: datetime | None = None
    arrived_at: datetime | None = None
    saw_person_at: datetime | None = None
    needs: tuple[Need, ...] = ()
    note: str = field(default="", repr=False)
    corrects: int | None = None

    @property
    def found_at(self) -> datetime:
        """When the visitor looked."""
        return self.saw_person_at or self.arrived_at or self.logged_at

    def answers(self, raised_at: datetime) -> bool:
        """Tell whether a worry raised then was there when this visitor looked.

        Visits are written down by the minute: a bell rung within the same one is answered too.
        """
        return raised_at < self.found_at + timedelta(minutes=1)

    @property
    def reached(self) -> bool:
        """Whether the person was reached; if not, the alert goes on."""
        return self.outcome not in UNREACHED

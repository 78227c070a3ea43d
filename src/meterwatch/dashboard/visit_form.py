"""What somebody says about a visit in the form, checked, as a line of the ledger."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from meterwatch.dashboard.moments import moment_of
from meterwatch.dashboard.tongue import mark
from meterwatch.domain.visit import Mode, Need, Outcome, Seen, Visit

Short = Annotated[str, Field(max_length=60)]

AWAY = {
    Outcome.AWAY_FAMILY: "family",
    Outcome.AWAY_HOSPITAL: "hospital",
    Outcome.AWAY_TRAVEL: "travel",
}
MODES = tuple(mode for mode in Mode if mode is not Mode.UNSTATED)
COMPLAINTS = {
    "visitor": mark("Say who went."),
    "mode": mark("Say how the person was reached."),
    "seen": mark("Say whether the person was seen or heard."),
    "outcome": mark("Choose what was found."),
    "contradiction": mark("What was found does not go with whether the person was met."),
    "time": mark("A time cannot be read; write it like 2026-11-21 06:40."),
    "future": mark("A time lies in the future."),
    "past": mark("A time lies more than a year back."),
    "order": mark("The times are not in order: set out, arrived, met the person."),
    "needs": mark("One of the needs is not known."),
    "away": mark("The absence must end in the future, within a year."),
}
_MET = {Seen.WELL, Seen.UNWELL}
_ONLY_IF_MET = {Outcome.SAFE, Outcome.QUIET_DAY, Outcome.FALL, Outcome.ILLNESS}
_CLOCK_SLACK = timedelta(minutes=2)
_LONGEST_AGO = timedelta(days=366)
_LONGEST_ABSENCE = timedelta(days=366)


class VisitFields(BaseModel):
    """The fields of the form, as they were typed."""

    visitor: Short = "me"
    mode: Short = ""
    seen: Short = ""
    outcome: Short = ""
    dispatched_at: Short = ""
    arrived_at: Short = ""
    saw_person_at: Short = ""
    needs: Annotated[list[Short], Field(max_length=20)] = []
    note: Annotated[str, Field(max_length=2_000)] = ""
    away_until: Short = ""
    quick: Short = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was filled in: a line of the ledger, or complaints about it."""

    visit: Visit | None
    complaints: tuple[str, ...] = ()
    away_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known before the form is read: whose home, who may have gone, when, where.

    A correction may name the times of its day: `logged_at` is when the first line was written.
    """

    household_id: int
    visitors: dict[str, tuple[str, str]]  # choice -> (signature, role)
    now: datetime
    zone: ZoneInfo
    logged_at: datetime | None = None


def fill(fields: VisitFields, asked: Asked) -> Filled:
    """Read a form."""
    if fields.quick in {Mode.HOME, Mode.PHONE}:
        late = tuple(_times(fields, asked))
        return Filled(None, late) if late else Filled(_all_is_well(fields, asked))
    wrong = [*_choices(fields, asked), *_times(fields, asked)]
    away = moment_of(fields.away_until, asked.zone) if fields.outcome in AWAY else None
    if away and not asked.now < away <= asked.now + _LONGEST_ABSENCE:
        wrong.append("away")
    if wrong:
        return Filled(None, tuple(dict.fromkeys(wrong)))
    signature, role = asked.visitors[fields.visitor]
    moments = [moment_of(text, asked.zone) for text in _typed(fields)]
    return Filled(
        Visit(
            household_id=asked.household_id,
            visitor=signature,
            role=role,
            mode=Mode(fields.mode),
            outcome=Outcome(fields.outcome),
            seen=Seen(fields.seen),
            logged_at=asked.now,
            dispatched_at=moments[0],
            arrived_at=moments[1],
            saw_person_at=moments[2],
            needs=tuple(Need(need) for need in fields.needs),
            note=note_of(fields.note),
        ),
        away_until=away,
    )


def note_of(text: str) -> str:
    """Keep of a note what can be stored and read; line breaks stay."""
    return "".join(sign for sign in text if sign.isprintable() or sign == "\n").strip()


def _all_is_well(fields: VisitFields, asked: Asked) -> Visit:
    """Make the commonest line of all from one tap: the person was met and is well."""
    mode = Mode(fields.quick)
    signature, role = asked.visitors.get(fields.visitor, asked.visitors["me"])
    return Visit(
        household_id=asked.household_id,
        visitor=signature,
        role=role,
        mode=mode,
        outcome=Outcome.SAFE,
        seen=Seen.WELL,
        logged_at=asked.now,
        dispatched_at=moment_of(fields.dispatched_at, asked.zone),
        arrived_at=asked.now if mode is Mode.HOME else None,
        saw_person_at=asked.now,
        note=note_of(fields.note),
    )


def _choices(fields: VisitFields, asked: Asked) -> list[str]:
    wrong = []
    for name, allowed in (
        ("visitor", asked.visitors.keys()),
        ("mode", MODES),
        ("seen", list(Seen)),
        ("outcome", list(Outcome)),
    ):
        if getattr(fields, name) not in allowed:
            wrong.append(name)
    if any(need not in list(Need) for need in fields.needs):
        wrong.append("needs")
    met, outcome = fields.seen in _MET, fields.outcome
    unheard = fields.seen == Seen.NO_ANSWER and outcome in _ONLY_IF_MET
    if unheard or (met and outcome == Outcome.NO_ACCESS):
        wrong.append("contradiction")
    return wrong


def _times(fields: VisitFields, asked: Asked) -> list[str]:
    typed = [text for text in _typed(fields) if text.strip()]
    moments = [moment_of(text, asked.zone) for text in typed]
    known = [moment for moment in moments if moment is not None]
    wrong = ["time"] if len(known) < len(typed) else []
    if any(moment > asked.now + _CLOCK_SLACK for moment in known):
        wrong.append("future")
    if any(moment < (asked.logged_at or asked.now) - _LONGEST_AGO for moment in known):
        wrong.append("past")
    if known != sorted(known):
        wrong.append("order")
    return wrong


def _typed(fields: VisitFields) -> tuple[str, str, str]:
    return (fields.dispatched_at, fields.arrived_at, fields.saw_person_at)

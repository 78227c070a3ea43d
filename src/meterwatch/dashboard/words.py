"""What the console says: names of codes, and one sentence for why somebody should look.

The sentence is made from the kind and the evidence of an alert. Evidence that is missing makes
it shorter and never breaks a page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from meterwatch.dashboard import area_words, use_words
from meterwatch.dashboard.flow_words import flow_title, running
from meterwatch.dashboard.tongue import Tongue, mark
from meterwatch.domain.alert import Alert, Condition, State
from meterwatch.domain.escalation import is_bell
from meterwatch.domain.household import Grade
from meterwatch.domain.signal import (
    AREA_QUIET,
    AREA_WILD,
    BATTERY,
    BELL,
    BELL_MISSED,
    BUTTON_SILENT,
    FLAT_FLOW,
    HUB_SILENT,
    LOW_USE,
    METER_SILENT,
    NO_USE,
    ODD_HOURS,
    SLOW_LEAK,
    UNKNOWN_BELL,
    USE_KINDS,
    flow_of,
)
from meterwatch.store.views.queue import QueueRow


class Severity(StrEnum):
    """How urgent a worry is on a screen, the most urgent first."""

    URGENT = "urgent"
    IMPORTANT = "important"
    NOTICE = "notice"
    NO_DATA = "no_data"


KINDS: Mapping[str, str] = {
    BELL: mark("Bell pressed"),
    BELL_MISSED: mark("Possible missed bell"),
    NO_USE: mark("No water used"),
    LOW_USE: use_words.LOW_USE_TITLE,
    FLAT_FLOW: mark("Water runs without a pause"),
    SLOW_LEAK: mark("Slow leak"),
    ODD_HOURS: use_words.ODD_HOURS_TITLE,
    METER_SILENT: mark("Meter silent"),
    HUB_SILENT: mark("Gateway silent"),
    BATTERY: mark("Battery low"),
    BUTTON_SILENT: mark("Bell silent"),
    UNKNOWN_BELL: mark("Unregistered bell pressed"),
    AREA_QUIET: mark("Many homes without water"),
    AREA_WILD: mark("Many homes drawing water"),
}
ROLES: Mapping[str, str] = {
    "bells": mark("Bells"),
    "meters": mark("Water meters"),
    "people": mark("Messages and web"),
    "night": mark("Learning at night"),
}
BEATS: Mapping[str, str] = {
    "deliver": mark("sending"),
    "sweep": mark("looking through"),
    "learn": mark("learning"),
    "escalate": mark("urging on"),
    "daily": mark("daily messages"),
    "demo": mark("demonstration"),
}
_SEVERITIES: Mapping[str, Severity] = {
    BELL: Severity.URGENT,
    BELL_MISSED: Severity.URGENT,
    METER_SILENT: Severity.NO_DATA,
    HUB_SILENT: Severity.NO_DATA,
    BATTERY: Severity.NOTICE,
    BUTTON_SILENT: Severity.NOTICE,
    UNKNOWN_BELL: Severity.IMPORTANT,
    AREA_QUIET: Severity.IMPORTANT,
    AREA_WILD: Severity.NOTICE,
}
_LARGEST_FIGURE = 1e10  # past this it is no moment and no length; NaN fails the comparison too
_STILL_HEARD = timedelta(hours=2)  # a meter that spoke longer ago is not "still" speaking


def family(kind: str) -> str:
    """Give the kind without what follows the colon: `hub_silent:north` is `hub_silent`."""
    return kind.partition(":")[0]


def severity(alert: Alert) -> Severity:
    """Say how urgent an alert is: red homes, and alerts nobody answered, count as urgent."""
    known = _SEVERITIES.get(family(alert.kind))
    if known is not None:
        return known
    if not alert.life:
        return Severity.NOTICE
    if alert.kind == FLAT_FLOW and flow_of(alert.evidence) == "burst":
        return Severity.URGENT
    return Severity.URGENT if alert.grade is Grade.RED or alert.exhausted else Severity.IMPORTANT


def rank(alert: Alert) -> tuple[int, datetime, int]:
    """Order alerts as people should look at them: by severity, bells first, then the oldest."""
    urgency = 2 * list(Severity).index(severity(alert)) + (not is_bell(alert.kind))
    return (urgency, alert.opened_at, alert.id)


def kind(tongue: Tongue, code: str) -> str:
    """Name a kind of worry; one not known here yet is shown as it is."""
    return tongue.say(KINDS[family(code)]) if family(code) in KINDS else code


def title(tongue: Tongue, alert: Alert) -> str:
    """Name the worry of one alert, as exactly as its evidence allows."""
    return flow_title(tongue, alert) or kind(tongue, alert.kind)


@dataclass(frozen=True, slots=True)
class _Case:
    """One alert as its sentence needs it."""

    tongue: Tongue
    alert: Alert
    heard_at: datetime | None
    judged_at: datetime | None
    now: datetime

    @property
    def as_of(self) -> datetime:
        """The newest reading of which the worry is known to hold."""
        told = max(self.alert.as_of, self.moment("as_of") or self.alert.as_of)
        if self.alert.condition is not Condition.ACTIVE or self.alert.state is State.CLOSED:
            return told
        return max(told, self.judged_at or told)

    def figure(self, name: str) -> float | None:
        value = self.alert.evidence.get(name)
        if isinstance(value, int | float) and abs(value) < _LARGEST_FIGURE:
            return float(value)
        return None

    def moment(self, name: str) -> datetime | None:
        epoch = self.figure(name)
        return None if epoch is None else datetime.fromtimestamp(epoch, UTC)

    def since_began(self) -> str:
        return self.tongue.span(self.now - self.alert.began_at)


def why(tongue: Tongue, row: QueueRow, now: datetime) -> str:
    """Say in one sentence why somebody should look."""
    case = _Case(tongue, row.alert, row.heard_at, row.judged_at, now)
    sentence = _SENTENCES.get(family(row.alert.kind), _other)
    parts = [_cleared(case), *sentence(case), _hearing(case)]
    return tongue.say("; ").join(part for part in parts if part)


def _cleared(case: _Case) -> str:
    if case.alert.condition is not Condition.CLEARED or case.alert.state is State.CLOSED:
        return ""
    if case.alert.life:
        return case.tongue.say("The sensor is at ease again, but nobody has said what was found")
    return case.tongue.say("It is over")


def _no_use(case: _Case) -> list[str]:
    say, last = case.tongue.say, case.moment("last_use_at")
    hours = case.figure("silence_hours")
    silence = case.as_of - last if last else timedelta(hours=hours or 0.0)
    if silence <= timedelta(0):
        return [say("No water has been used for an unusually long time")]
    said = [say("No water for %(span)s", span=case.tongue.span(silence))]
    limit = case.figure("limit_hours")
    if limit:
        text = mark("after a use at that time of day this home usually pauses for %(span)s at most")
        said.append(say(text, span=case.tongue.hours(limit)))
    return said


def _flat_flow(case: _Case) -> list[str]:
    return running(case.tongue, case.alert, case.as_of)


def _bell(case: _Case) -> list[str]:
    at = case.tongue.at(case.alert.began_at, case.now)
    said = [case.tongue.say("The bell was pressed at %(time)s", time=at)]
    if case.alert.evidence.get("suspect"):
        said.append(
            case.tongue.say("the signal looks odd, and counts as a real call until somebody looked")
        )
    return said


def _bell_missed(case: _Case) -> list[str]:
    at = case.tongue.at(case.alert.began_at, case.now)
    text = mark("A press of %(time)s came late from a gateway's memory; nobody may have seen it")
    return [case.tongue.say(text, time=at)]


def _meter_silent(case: _Case) -> list[str]:
    say = case.tongue.say
    if case.figure("never_heard"):
        return [say("The meter has never been heard, so the use of water is unknown")]
    text = mark("The meter has been silent for %(span)s: the use of water is unknown")
    return [say(text, span=case.since_began())]


def _hub_silent(case: _Case) -> list[str]:
    say = case.tongue.say
    hub = str(case.alert.evidence.get("hub") or case.alert.kind.partition(":")[2] or "?")
    said = [say("Gateway %(hub)s has been silent for %(span)s", hub=hub, span=case.since_began())]
    homes = case.figure("homes")
    if homes:
        text = mark("the use of water in %(homes)s homes is unknown, which is not the same as none")
        said.append(say(text, homes=int(homes)))
    return said


def _low_use(case: _Case) -> list[str]:
    return use_words.little(case.tongue, case.alert)


def _odd_hours(case: _Case) -> list[str]:
    return use_words.restless(case.tongue, case.alert)


def _battery(case: _Case) -> list[str]:
    percent = case.figure("battery_percent")
    if percent is None:
        return [case.tongue.say("A battery is low")]
    return [case.tongue.say("A battery is at %(percent)s %%", percent=int(percent))]


def _button_silent(case: _Case) -> list[str]:
    text = mark("The bell has not been heard for %(span)s")
    return [case.tongue.say(text, span=case.since_began())]


def _unknown_bell(case: _Case) -> list[str]:
    say, device = case.tongue.say, case.alert.kind.partition(":")[2]
    at = case.tongue.at(case.alert.began_at, case.now)
    text = mark("Bell %(device)s was pressed at %(time)s, and no home is registered for it")
    return [say(text, device=device, time=at), say("find out whose it is, and register it")]


def _together(case: _Case) -> list[str]:
    return area_words.together(case.tongue, case.alert)


def _other(case: _Case) -> list[str]:
    return [kind(case.tongue, case.alert.kind)]


def _hearing(case: _Case) -> str:
    """Say whether the meter still speaks: a silence is only as good as the newest reading."""
    if family(case.alert.kind) not in USE_KINDS:
        return ""
    if case.alert.state is State.CLOSED or case.heard_at is None:
        return ""
    ago = case.tongue.ago(case.heard_at, case.now)
    stale = case.now - case.heard_at > _STILL_HEARD
    if stale or case.alert.condition is Condition.UNKNOWN:
        return case.tongue.say("the meter was last heard %(ago)s and is unknown since", ago=ago)
    return case.tongue.say("the meter was heard %(ago)s", ago=ago)


_SENTENCES = {
    BELL: _bell,
    BELL_MISSED: _bell_missed,
    NO_USE: _no_use,
    LOW_USE: _low_use,
    ODD_HOURS: _odd_hours,
    FLAT_FLOW: _flat_flow,
    SLOW_LEAK: _flat_flow,
    METER_SILENT: _meter_silent,
    HUB_SILENT: _hub_silent,
    BATTERY: _battery,
    BUTTON_SILENT: _button_silent,
    UNKNOWN_BELL: _unknown_bell,
    AREA_QUIET: _together,
    AREA_WILD: _together,
}

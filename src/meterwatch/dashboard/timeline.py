"""What happened to an alert, line by line, as sentences."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from meterwatch.dashboard import codes, words
from meterwatch.dashboard.tongue import Tongue, mark
from meterwatch.domain.alert import Alert, Condition, State
from meterwatch.domain.notification import Channel
from meterwatch.domain.signal import BELL, BELL_MISSED
from meterwatch.store.views.alerts import LineRow

_PLAIN: Mapping[str, str] = {
    "acknowledged": mark("%(who)s has it"),
    "going": mark("%(who)s is on the way"),
    "declined": mark("%(who)s cannot come"),
    "not_reached": mark("%(who)s did not reach the person"),
    "said_safe": mark("%(who)s says the person is safe, and was asked how they know"),
    "condition_active": mark("The sensor reports it again"),
    "condition_cleared": mark("The sensor is at ease"),
    "condition_unknown": mark("The sensor has fallen silent"),
    "came_back": mark("Water is used again; those who were told hear of it"),
    "nobody_to_tell": mark("There is nobody to tell; please add contacts"),
    "corrected": mark("%(who)s corrected a visit"),
    "closed": mark("Closed by %(who)s"),
}


def line(tongue: Tongue, row: LineRow, alert: Alert) -> str:
    """Say one line of the timeline of an alert; a code not known here yet is shown as it is."""
    if row.what == "step" and _channel(row, alert) is Channel.CONSOLE:
        return tongue.say("Shown on this console")
    special = _SPECIAL.get(row.what)
    if special is not None:
        return special(tongue, row.detail)
    if row.what == "visit":
        found = codes.name(tongue, codes.OUTCOMES, str(row.detail.get("outcome", "")))
        text = mark("%(who)s reported a visit: %(found)s")
        return tongue.say(text, who=who(tongue, row.actor, row.name), found=found)
    if row.what == "closed" and row.actor == "system":
        return tongue.say("Closed, because the condition ended")
    if row.what not in _PLAIN:
        return row.what
    return tongue.say(_PLAIN[row.what], who=who(tongue, row.actor, row.name))


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the history; `again` is when the same was said once more, the last time last."""

    at: datetime
    what: str
    text: str
    again: tuple[datetime, ...] = ()


def history(
    tongue: Tongue,
    rows: Iterable[LineRow],
    alert: Alert,
    kept: Collection[tuple[int, int]] = (),
) -> tuple[Told, ...]:
    """Tell what happened, with what the service says again and again folded into its first line.

    A deed of a person is never folded, and what comes after it stands on its own again. `kept` are
    the rounds and steps whose messages all stayed in this house.
    """
    found: list[Told] = []
    first: dict[str, int] = {}
    for row in rows:
        text = line(tongue, row, alert)
        if row.what == "step" and (row.detail.get("round"), row.detail.get("step")) in kept:
            text = tongue.say(
                "Kept here, sent to nobody: %(roles)s", roles=_roles(tongue, row.detail)
            )
        if row.what not in _REPEATED:
            first.clear()
        elif text in first:
            known = found[first[text]]
            found[first[text]] = replace(known, again=(*known.again, row.at))
            continue
        else:
            first[text] = len(found)
        found.append(Told(row.at, row.what, text))
    return tuple(found)


_REPEATED = frozenset(
    {
        "signal",
        "step",
        "skipped",
        "nobody_to_tell",
        *(f"condition_{condition}" for condition in Condition),
    }
)


def _channel(row: LineRow, alert: Alert) -> Channel | None:
    """Look up by which way a step told people."""
    number = row.detail.get("step")
    steps = alert.policy.steps
    return steps[number].channel if isinstance(number, int) and number < len(steps) else None


def who(tongue: Tongue, actor: str, name: str) -> str:
    """Name who did something."""
    if actor == "system":
        return tongue.say("the system")
    return name or tongue.say("somebody whose name was erased")


def next_step(tongue: Tongue, alert: Alert, now: datetime) -> str:
    """Say what comes next and when, if nobody does anything."""
    if alert.next_due_at is None or alert.state is State.CLOSED:
        return tongue.say("Nothing is due any more.")
    left = alert.next_due_at - now
    if left.total_seconds() <= 0:
        return tongue.say("The next step is due now.")
    text = _again(alert) if alert.state is State.OPEN else ""
    return tongue.say(text or _NEXT[alert.state], span=tongue.span(left))


def _again(alert: Alert) -> str:
    """Say who is asked again where no step of the policy is left; empty if one is."""
    steps, policy = len(alert.policy.steps), alert.policy
    cleared = alert.life and alert.condition is Condition.CLEARED
    if alert.step + 1 < steps and not alert.exhausted and not cleared:
        return ""
    if cleared or steps == 1 or alert.round + 1 >= policy.rounds:
        return mark("If nobody takes it, the same people are reminded in %(span)s.")
    return mark("If nobody takes it, everybody is told again from the first on in %(span)s.")


_NEXT: Mapping[State, str] = {
    State.OPEN: mark("If nobody takes it, the next people are told in %(span)s."),
    State.ACKNOWLEDGED: mark("If nobody goes or reports, it comes back in %(span)s."),
    State.VISITING: mark("If nobody reports what was found, it comes back in %(span)s."),
}


@dataclass(frozen=True, slots=True)
class Pressing:
    """How much time is left for the next deed of a person."""

    text: str
    overdue: bool


def pressing(tongue: Tongue, alert: Alert, now: datetime) -> Pressing:
    """Say how long people still have, or by how much they are late, against the policy."""
    if alert.next_due_at is None:
        return Pressing("", overdue=False)
    due = alert.next_due_at
    if alert.state is State.OPEN:
        due = alert.opened_at + alert.policy.steps[0].wait
    soon, late = _PRESSING[alert.state]
    if now <= due:
        return Pressing(tongue.say(soon, span=tongue.span(due - now)), overdue=False)
    return Pressing(tongue.say(late, span=tongue.span(now - due)), overdue=True)


_PRESSING: Mapping[State, tuple[str, str]] = {
    State.OPEN: (
        mark("to be claimed within %(span)s"),
        mark("claim overdue by %(span)s"),
    ),
    State.ACKNOWLEDGED: (
        mark("to set out within %(span)s"),
        mark("setting out overdue by %(span)s"),
    ),
    State.VISITING: (
        mark("to report within %(span)s"),
        mark("report overdue by %(span)s"),
    ),
}


def _opened(tongue: Tongue, detail: Mapping[str, Any]) -> str:
    worry = words.kind(tongue, str(detail.get("kind", "")))
    return tongue.say("Alert raised: %(kind)s", kind=worry)


def _signal(tongue: Tongue, detail: Mapping[str, Any]) -> str:
    if words.family(str(detail.get("kind", ""))) in {BELL, BELL_MISSED}:
        return tongue.say("The bell was pressed again")
    return tongue.say("It was reported again")


def _step(tongue: Tongue, detail: Mapping[str, Any]) -> str:
    return tongue.say("Told: %(roles)s", roles=_roles(tongue, detail))


def _skipped(tongue: Tongue, detail: Mapping[str, Any]) -> str:
    return tongue.say("Nobody to reach among: %(roles)s", roles=_roles(tongue, detail))


def _lapsed(tongue: Tongue, detail: Mapping[str, Any]) -> str:
    if detail.get("state") == State.VISITING:
        return tongue.say("The time for the visit ran out without a report; it comes back")
    return tongue.say("The time to go ran out; it comes back")


def _roles(tongue: Tongue, detail: Mapping[str, Any]) -> str:
    said = (codes.name(tongue, codes.ROLES, str(role)) for role in detail.get("roles", ()))
    return tongue.say(", ").join(said)


_SPECIAL: Mapping[str, Callable[[Tongue, Mapping[str, Any]], str]] = {
    "opened": _opened,
    "signal": _signal,
    "step": _step,
    "skipped": _skipped,
    "lapsed": _lapsed,
}

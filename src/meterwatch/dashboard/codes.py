"""The names of codes: states, roles, outcomes, refusals, each in plain words with its mend."""

from collections.abc import Mapping

from meterwatch.dashboard.tongue import Tongue, mark
from meterwatch.domain.alert import State
from meterwatch.domain.fact import Refusal
from meterwatch.domain.household import VACANT, DeviceKind, Grade, Level, Role
from meterwatch.domain.lesson import Verdict
from meterwatch.domain.notification import Answer, Delivery, MessageKind
from meterwatch.domain.register import Oddity
from meterwatch.domain.visit import Mode, Need, Outcome, Seen

Names = Mapping[str, str]

STATES: Names = {
    State.OPEN: mark("Nobody has it yet"),
    State.ACKNOWLEDGED: mark("Somebody has it"),
    State.VISITING: mark("Somebody is on the way"),
    State.CLOSED: mark("Closed"),
}
GRADES: Names = {
    Grade.RED: mark("Red grade"),
    Grade.YELLOW: mark("Yellow grade"),
    Grade.GREEN: mark("Green grade"),
}
ROLES: Names = {
    Role.GUARDIAN: mark("Guardian"),
    Role.COMMUNITY: mark("Community contact"),
    Role.NEIGHBOUR: mark("Neighbour"),
    Role.VOLUNTEER: mark("Volunteer"),
    Role.STREET_DUTY: mark("Street duty officer"),
    Role.DISTRICT_DUTY: mark("District duty officer"),
    "operator": mark("Operator"),
}
LEVELS: Names = {
    Level.DISTRICT: mark("District"),
    Level.STREET: mark("Street"),
    Level.COMMUNITY: mark("Community"),
    Level.GRID: mark("Grid"),
}
DEVICES: Names = {DeviceKind.METER: mark("Water meter"), DeviceKind.BUTTON: mark("Bell")}
MODES: Names = {
    Mode.HOME: mark("Went to the home"),
    Mode.PHONE: mark("By phone"),
    Mode.VIDEO: mark("By video"),
    Mode.NEIGHBOUR: mark("Through a neighbour"),
    Mode.UNSTATED: mark("How is not said yet"),
}
SEEN: Names = {
    Seen.WELL: mark("Met, and well"),
    Seen.UNWELL: mark("Met, and unwell"),
    Seen.NO_ANSWER: mark("No answer"),
    Seen.NOT_HOME: mark("Not at home, confirmed by others"),
    Seen.ENTRY_FORCED: mark("Entry had to be forced"),
}
OUTCOMES: Names = {
    Outcome.SAFE: mark("Safe at home"),
    Outcome.QUIET_DAY: mark("A quiet day, slept late"),
    Outcome.AWAY_FAMILY: mark("Away with family"),
    Outcome.AWAY_HOSPITAL: mark("In hospital"),
    Outcome.AWAY_TRAVEL: mark("Travelling"),
    Outcome.MOVED: mark("Moved away"),
    Outcome.DECEASED: mark("Deceased"),
    Outcome.FALL: mark("Fall or injury"),
    Outcome.ILLNESS: mark("Acute illness"),
    Outcome.NEEDS_HELP: mark("Needs help, not urgent"),
    Outcome.LEAK: mark("Leak, or a tap left open"),
    Outcome.OUTAGE: mark("Water or power outage"),
    Outcome.METER_FAULT: mark("Meter faulty or offline"),
    Outcome.METER_SWAPPED: mark("Meter exchanged"),
    Outcome.BUTTON_ACCIDENTAL: mark("Bell pressed by accident"),
    Outcome.BUTTON_TEST: mark("Bell tested"),
    Outcome.BUTTON_FAULT: mark("Bell faulty"),
    Outcome.VISITORS: mark("Visitors or cleaning"),
    Outcome.NO_ACCESS: mark("Nobody opened"),
    Outcome.UNKNOWN: mark("Not known"),
}
VERDICTS: Names = {
    Verdict.TRUE: mark("Was right"),
    Verdict.FALSE: mark("Well, and at home"),
    Verdict.AWAY: mark("Away or in hospital"),
    Verdict.DEVICE: mark("Meter, bell or pipes"),
    Verdict.UNKNOWN: mark("Nobody has said"),
}
NEEDS: Names = {
    Need.HEALTH: mark("Health"),
    Need.MIND: mark("State of mind"),
    Need.FOOD: mark("Food and daily life"),
    Need.MONEY: mark("Money and benefits"),
    Need.HOME_SAFETY: mark("Safety at home"),
    Need.HYGIENE: mark("Hygiene"),
    Need.REPAIR: mark("Repairs"),
    Need.COMPANY: mark("Company"),
    Need.CARE: mark("Care"),
    Need.OTHER: mark("Other needs"),
}
MESSAGES: Names = {
    MessageKind.ALERT: mark("Asked to look"),
    MessageKind.GOOD_NEWS: mark("Told that water is used again"),
    MessageKind.GOING: mark("Told that somebody is going"),
    MessageKind.CLOSED: mark("Told that it is answered"),
    MessageKind.ANSWER: mark("Answer to a reply"),
    MessageKind.ABSENCE: mark("Told of an absence"),
    MessageKind.COMING_BACK: mark("Told that the home is used again"),
    MessageKind.FIRST_USE: mark("Told that water was used today"),
    MessageKind.VACANT: mark("Told how many homes are taken for empty"),
}
DELIVERIES: Names = {
    Delivery.PENDING: mark("waiting to go out"),
    Delivery.SUBMITTING: mark("going out"),
    Delivery.UNKNOWN: mark("unclear, asking the carrier"),
    Delivery.ACCEPTED: mark("accepted by the carrier"),
    Delivery.SENT: mark("sent"),
    Delivery.DELIVERED: mark("delivered"),
    Delivery.REJECTED: mark("refused by the carrier"),
    Delivery.UNDELIVERED: mark("not delivered"),
    Delivery.SUPPRESSED: mark("not needed any more"),
}
ANSWERS: Names = {
    Answer.ACKNOWLEDGE: mark("I have it"),
    Answer.GOING: mark("I am going"),
    Answer.SAFE: mark("She or he is safe"),
    Answer.CANNOT: mark("I cannot"),
    Answer.AWAY: mark("The home is empty"),
    Answer.CANCEL_AWAY: mark("The home is not empty"),
    Answer.UNCLEAR: mark("not understood"),
}
ABSENCE_REASONS: Names = {
    "family": mark("Staying with family"),
    "hospital": mark("In hospital"),
    "travel": mark("Travelling"),
    "other": mark("Another reason"),
    VACANT: mark("Nobody lives there"),
}
ENDED_BY: Names = {
    "first_use": mark("first use of water"),
    "system": mark("the system"),
    "time": mark("its end was reached"),
}
NOT_ALLOWED: Names = {
    "closed": mark("This alert is closed already."),
    "taken": mark("Somebody else has it already."),
    "yours_already": mark("You have it already."),
    "had_it": mark("You have had it once without a visit; go, or let somebody else take it."),
    "say_how": mark("Please say how you know: did you go there, or phone?"),
}
OUTAGES: Names = {
    "repair": mark("Pipes are repaired"),
    "works": mark("Works"),
    "flushing": mark("Pipes are flushed"),
    "power": mark("No power for the pumps"),
    "other": mark("Other"),
}
DONE: Names = {
    "outage": mark("The outage is noted; it ends by itself."),
    "outage_ended": mark("The outage has ended; silences there count anew."),
    "acknowledge": mark("You have it now. Go, or report what was found, before the time is up."),
    "go": mark("It is noted that somebody is on the way, and the others are told."),
    "decline": mark("It is noted, and the next people are being told."),
    "visit": mark("The visit is in the ledger."),
    "corrected": mark("The correction is in the ledger as a new line."),
    "absence": mark("The absence is noted; it ends by itself."),
    "daily": mark("It is noted who wants to hear each day that water was used."),
    "absence_ended": mark("The absence has ended; the home is watched again."),
    "budget": mark("It is noted; the next night learns by it how long to wait."),
    "replied": mark("The reply was handed in."),
    "moved": mark("Time was moved on."),
    "acted": mark("It has happened. Watch the queue."),
    "acted_slowly": mark(
        "It has happened; it shows only after some hours. Press “A night on” to see it."
    ),
}
REFUSALS: Mapping[str, tuple[str, str]] = {
    Refusal.BROKEN: (
        mark("Cannot be read: broken JSON, wrong encoding or cut short"),
        mark("Look at the gateway's output; update or restart it."),
    ),
    Refusal.SHAPE: (
        mark("Readable, but not what this gateway speaks"),
        mark("Check that the topic belongs to this kind of gateway, or map the device's field."),
    ),
    Refusal.VALUE: (
        mark("A number that cannot be: negative, infinite or far too large"),
        mark("Check the unit and the factor of the device, or the meter itself."),
    ),
    Refusal.CLOCK: (
        mark("The device's clock is wrong"),
        mark("Set the clock of the device or of the gateway that stamps its telegrams."),
    ),
    Refusal.NO_REGISTER: (
        mark("A telegram without a total"),
        mark("Check the decryption key of the meter and the driver of the gateway."),
    ),
    Refusal.TOO_LARGE: (
        mark("The message is too large"),
        mark("Let the gateway send fewer readings at once."),
    ),
    Refusal.TOPIC: (
        mark("No gateway listens to this topic"),
        mark("Correct the topic in the gateway's settings."),
    ),
    Refusal.UNKNOWN_DEVICE: (
        mark("The device is not registered"),
        mark("Add it to a household by the import, or correct its address."),
    ),
    Refusal.WRONG_KIND: (
        mark("A bell that sends registers, or a meter that presses"),
        mark("Correct the kind or the address of the device."),
    ),
    Refusal.CONTENT: (
        mark("The database would not take it, even alone"),
        mark("Please report it with the message below."),
    ),
}
ODDITIES: Mapping[str, tuple[str, str]] = {
    Oddity.STEP_BACK: (
        mark("The register went back"),
        mark("If the meter was exchanged, declare the exchange; else have it looked at."),
    ),
    Oddity.JUMP: (
        mark("A jump larger than the pipe can deliver"),
        mark("Check the unit and the factor; if the meter was exchanged, declare it."),
    ),
    Oddity.SAME_TIME: (
        mark("A second value for one instant"),
        mark("Two gateways may forward the same meter with different units."),
    ),
    Oddity.NEW_LEVEL: (
        mark("The register goes on at a new level"),
        mark("Most likely the meter was exchanged: please declare it."),
    ),
}


def name(tongue: Tongue, names: Names, code: str) -> str:
    """Name a code; one that is not known here yet is shown as it is."""
    return tongue.say(names[code]) if code in names else code


def pair(tongue: Tongue, pairs: Mapping[str, tuple[str, str]], code: str) -> tuple[str, str]:
    """Say what a code means and how to mend it."""
    what, mend = pairs.get(code, (code, ""))
    return tongue.say(what) if what else "", tongue.say(mend) if mend else ""

"""English: letters of the GSM alphabet only, so that 160 of them are one segment."""

from meterwatch.domain.household import Role
from meterwatch.domain.notification import Answer, MessageKind
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
    SLOW_LEAK,
    UNKNOWN_BELL,
)
from meterwatch.notify.texts.language import Language

_FOUR = "Reply 1 got it, 2 going, 3 safe, 4 cannot + code"

EN = Language(
    drill="DRILL: ",
    first="Home safety: ",
    again="Reminder {ordinal}: ",
    home=("home {code}", "a home"),
    yours=("home {code}", "the home you asked about"),
    area=("area {code}", "an area"),
    it=("Alert {code}", "This alert"),
    reasons={
        "repeat": "",
        "no_report": "no report yet, ",
        "declined": "somebody cannot go, ",
        "not_reached": "person not reached, ",
    },
    worries={
        BELL: "pressed the bell at {at}",
        BELL_MISSED: "may have pressed the bell at {at}",
        NO_USE: "has used no water for long",
        LOW_USE: "has used very little water",
        FLAT_FLOW: "has water running all the time",
        f"{FLAT_FLOW}.tap": "may have a tap left on",
        f"{FLAT_FLOW}.burst": "may have a burst pipe",
        SLOW_LEAK: "may have a slow leak; we see less",
        METER_SILENT: "has a silent water meter, state unknown",
        HUB_SILENT: "has many silent meters, state unknown",
        BATTERY: "has a device with a low battery",
        BUTTON_SILENT: "has a silent call button",
        AREA_QUIET: "has many homes without water",
        AREA_WILD: "has many homes drawing water",
        UNKNOWN_BELL: "has an unregistered bell that was pressed",
    },
    timeless={BELL: "pressed the bell", BELL_MISSED: "may have pressed the bell"},
    other="needs a check",
    eased={"": "uses water again", FLAT_FLOW: "no longer has water running"},
    urge={
        "bell": "Phone or go now",
        "life": "Please phone or go",
        "upkeep": "Please have it checked",
    },
    how={"bell": _FOUR, "life": _FOUR, "upkeep": "Reply 1 got it, 2 going, 4 cannot + code"},
    messages={
        MessageKind.ALERT: "{reason}{home} {worry}. {urge}. {how}",
        MessageKind.GOOD_NEWS: (
            "{home} {eased}. We keep asking until somebody reports: "
            "reply 3 + code once you saw or spoke to the person"
        ),
        MessageKind.GOING: "{it}: {by} is on the way. You will hear the result",
        MessageKind.CLOSED: "{it} is answered, nobody else needs to go. Thank you",
        MessageKind.ABSENCE: (
            "{home} is said to be away until {until}; its water is not watched. "
            "If that is wrong reply HOME + code"
        ),
        MessageKind.COMING_BACK: "{home} used water while away: the absence has ended",
        MessageKind.FIRST_USE: "{yours} used water today, before {used}",
        MessageKind.VACANT: (
            "Homes taken for empty in your area: {count}. Their water is not watched. "
            "Please tell the office of any that is lived in"
        ),
    },
    variants={
        "absence.vacant": (
            "{home} is taken for empty; its water is not watched. "
            "If that is wrong reply HOME + code"
        ),
        "coming_back.left": "{home} uses water again, somebody may be back",
        "coming_back.vacant": "{home} was taken for empty and uses water: we watch it again",
    },
    answers={
        "taken": "{it} is already with {by}. Thank you",
        "yours_already": "{it} is yours. Reply 3 + code once you saw or spoke to the person",
        "had_it": "{it}: you had it once. Reply 2 going, 3 safe, 4 cannot + code",
        "closed": "{it} is closed, nobody needs to go. Thank you",
        "unclear": "We did not understand. " + _FOUR,
        "which": "Your open alerts{codes}: please reply again, number and code together",
        "say_how": "{it}: how do you know? Reply 1 went, 2 phoned + code",
        "not_allowed": "{it} is not for this number, nothing was recorded. Please call the office",
        "away": "{it}: away until {until} is recorded. Back early? Reply HOME + code",
        "home": "{it}: the absence is cancelled, we watch again",
        "away_days": "Please say how many days, 1 to 7, like: AWAY 3 + code",
        "away_refused": "{it}: an absence cannot be recorded by text. Please call the office",
        "noted": "We have your message, somebody will read it",
    },
    recorded={
        Answer.ACKNOWLEDGE: "{it}: you have it. Reply 2 + code when you go, 3 + code when safe",
        Answer.GOING: "{it}: you are going. Reply 3 + code once you saw the person",
        Answer.SAFE: "{it}: safe is recorded. Thank you",
        Answer.CANNOT: "{it}: you cannot. We are telling others now",
    },
    roles={
        Role.GUARDIAN: "the guardian",
        Role.COMMUNITY: "the community contact",
        Role.NEIGHBOUR: "the neighbour",
        Role.VOLUNTEER: "the volunteer",
        Role.STREET_DUTY: "the street duty officer",
        Role.DISTRICT_DUTY: "the district duty officer",
        "operator": "the duty desk",
    },
    someone="somebody else",
)

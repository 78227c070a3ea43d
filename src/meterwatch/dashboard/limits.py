"""How long a home is waited for, in words: by the part of the day in which its taps were shut.

A wait that goes through a night is said as the time of the clock at which it ends, any other in
hours: "after an evening use we wait until about 10:40; after a morning use 9 hours".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from meterwatch.dashboard.tongue import Tongue, mark
from meterwatch.domain.usage import CLASSES, HOURS, Floats, UsageProfile

OWN_DAYS = 28  # from so many days on a home is known by itself
LEAST_DAYS = 7  # with fewer it is homes like it that are known
WIDE_HOURS = 2.0  # limits further apart than this are said from the first to the last
ALIKE_HOURS = 0.75
_MORNING = 4  # o'clock: a wait that ends later than this on the next day went through a night
_UNTIL = 12  # hours after that: who is waited for longer is waited for a day
_WEEK, _END = range(1), range(1, CLASSES)  # Monday to Thursday; Friday to Sunday
CLASS_NAMES = (mark("Mon–Thu"), mark("Friday"), mark("Saturday"), mark("Sunday"))
# Hours after the midnight before the use; the last one of the night before belongs to the night.
_PARTS: Mapping[str, range] = {
    mark("after a morning use"): range(5, 11),
    mark("after a midday use"): range(11, 17),
    mark("after an evening use"): range(17, 23),
    mark("after a use at night"): range(-1, 5),
}


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a home is waited for after a use in one part of the day.

    `first` and `last` are hours of the clock, counted from the midnight before the use, if the
    wait goes `overnight`; else hours of waiting.
    """

    part: str
    first: float
    last: float
    overnight: bool

    @property
    def middle(self) -> float:
        """The middle of it."""
        return (self.first + self.last) / 2.0

    def like(self, other: "Wait") -> bool:
        """Tell whether two waits read alike."""
        apart = max(abs(self.first - other.first), abs(self.last - other.last))
        return self.overnight == other.overnight and apart <= ALIKE_HOURS


def waits(limits_hours: Floats, classes: Sequence[int]) -> tuple[Wait, ...]:
    """Sum up a home's limits (4, 24) over some classes of days; none where they are not learnt."""
    found = []
    for part, hours in _PARTS.items():
        limits = limits_hours[np.ix_(list(classes), [hour % HOURS for hour in hours])]
        if not np.isfinite(limits).all():
            return ()
        ends = np.array(hours) + 0.5 + limits  # from the middle of the hour
        next_morning = _MORNING if hours[0] < 0 else HOURS + _MORNING
        overnight = next_morning <= float(np.median(ends)) < next_morning + _UNTIL
        chosen = ends if overnight else limits
        found.append(Wait(part, float(chosen.min()), float(chosen.max()), overnight))
    return tuple(found)


def sentences(tongue: Tongue, limits_hours: Floats) -> tuple[str, ...]:
    """Say how long a home is waited for: one sentence, or two where the week's end differs."""
    week, end = waits(limits_hours, _WEEK), waits(limits_hours, _END)
    if not week or not end:
        return ()
    if all(one.like(other) for one, other in zip(week, end, strict=True)):
        return (_sentence(tongue, mark("Every day"), week),)
    return (
        _sentence(tongue, mark("Monday to Thursday"), week),
        _sentence(tongue, mark("Friday to Sunday"), end),
    )


def _sentence(tongue: Tongue, days: str, found: Sequence[Wait]) -> str:
    said = tongue.say("; ").join(_wait(tongue, one) for one in found)
    return tongue.say("%(days)s: %(waits)s.", days=tongue.say(days), waits=said)


def _wait(tongue: Tongue, one: Wait) -> str:
    part, wide = tongue.say(one.part), one.last - one.first > WIDE_HOURS
    if not one.overnight and wide:
        text = mark("%(part)s we wait %(first)s to %(last)s")
        return tongue.say(text, part=part, first=_hours(one.first), last=_span(tongue, one.last))
    if not one.overnight:
        return tongue.say("%(part)s we wait %(span)s", part=part, span=_span(tongue, one.middle))
    next_day = one.middle >= HOURS
    text = _OVERNIGHT[wide, next_day]
    clock = {"first": _clock(one.first), "last": _clock(one.last), "time": _clock(one.middle)}
    return tongue.say(text, part=part, **clock)


_OVERNIGHT: Mapping[tuple[bool, bool], str] = {
    (False, False): mark("%(part)s until about %(time)s"),
    (False, True): mark("%(part)s until about %(time)s of the next day"),
    (True, False): mark("%(part)s until between %(first)s and %(last)s"),
    (True, True): mark("%(part)s until between %(first)s and %(last)s of the next day"),
}


def _hours(hours: float) -> str:
    """Write hours to the half.

    >>> _hours(9.2), _hours(9.3)
    ('9', '9.5')
    """
    return f"{round(hours * 2) / 2:g}"


def _span(tongue: Tongue, hours: float) -> str:
    return tongue.hours(round(hours * 2) / 2)


def _clock(hours: float) -> str:
    """Write an hour of the clock to ten minutes.

    >>> _clock(34.7), _clock(23.95), _clock(9.0)
    ('10:40', '00:00', '09:00')
    """
    minutes = round(hours * 6) * 10
    return f"{minutes // 60 % HOURS:02}:{minutes % 60:02}"


@dataclass(frozen=True, slots=True)
class HourRow:
    """The limits of silences that begin in one hour, in hours, one a class of days."""

    hour: int
    limits: tuple[float, ...]


def by_hour(limits_hours: Floats) -> tuple[HourRow, ...]:
    """Give a home's limits (4, 24) by the hour; none where they are not learnt."""
    if not np.isfinite(limits_hours).all():
        return ()
    return tuple(
        HourRow(hour, tuple(float(limits_hours[day, hour]) for day in range(CLASSES)))
        for hour in range(HOURS)
    )


def returning(tongue: Tongue, profile: UsageProfile) -> str:
    """Say how long at least it is waited for who has just come home; nothing if not longer."""
    least = float(profile.returning_hours[0])
    if not least > float(np.nan_to_num(profile.limits_hours[0]).min()):  # NaN: not learnt
        return ""
    text = mark(
        "Who came home just before, after many hours without any use, has %(span)s at least."
    )
    return tongue.say(text, span=_span(tongue, least))


def source(tongue: Tongue, profile: UsageProfile) -> str:
    """Say from what the limits of the one home of a profile come."""
    days = int(np.nan_to_num(profile.days[0]))
    if not np.isfinite(profile.limits_hours).all():
        return tongue.say("Nothing is learnt of this home yet: the limit of the rule counts.")
    if days < LEAST_DAYS:
        return tongue.count(
            "From homes like it: only %(num)s day of this one is known yet.",
            "From homes like it: only %(num)s days of this one are known yet.",
            days,
        )
    if days < OWN_DAYS:
        return tongue.say("From %(num)s days of its own, and from homes like it.", num=days)
    return tongue.say("From %(num)s days of its own.", num=days)


def cost(tongue: Tongue, profile: UsageProfile) -> str:
    """Say what the limits are expected to cost; nothing where it is not known."""
    alarms = float(profile.alarms_per_year[0])
    if not np.isfinite(alarms):
        return ""
    text = mark("They are set so that about %(num)s false alarms a year are to be expected.")
    return tongue.say(text, num=tongue.number(alarms))


def widened(tongue: Tongue, profile: UsageProfile, times: int) -> str:
    """Say by what visits have widened the limits; nothing where they have not."""
    factor = float(np.nan_to_num(profile.widened[0], nan=1.0))
    if factor <= 1.0:
        return ""
    text = mark(
        "They are %(percent)s %% longer than learnt, because visits found the resident well "
        "%(times)s times within 60 days; that passes by itself."
    )
    return tongue.say(text, percent=round(100 * factor - 100), times=times)


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that a page says of how long a home is waited for."""

    waits: tuple[str, ...]
    returning: str
    source: str
    cost: str
    widened: str
    rows: tuple[HourRow, ...]


def told(tongue: Tongue, profile: UsageProfile, found_well: int) -> Told:
    """Put the limits of the one home of a profile in words.

    `found_well` is how often visits ended a silence with its resident well, and still count.
    """
    limits = profile.limits_hours[0]
    return Told(
        sentences(tongue, limits),
        returning(tongue, profile),
        source(tongue, profile),
        cost(tongue, profile),
        widened(tongue, profile, found_well),
        by_hour(limits),
    )

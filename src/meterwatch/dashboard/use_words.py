"""What the console says of use that is too little, or at hours when a home sleeps."""

import numpy as np

from meterwatch.dashboard.tongue import Tongue, mark
from meterwatch.domain.alert import Alert
from meterwatch.domain.usage import UsageProfile

LOW_USE_TITLE = mark("Very little water used")
ODD_HOURS_TITLE = mark("Water at unusual hours of the night")
_ALIKE = 0.15  # floors of weekdays nearer to one another are said as one
_LARGEST = 1e10  # past this it is no sum; NaN fails the comparison too


def little(tongue: Tongue, alert: Alert) -> list[str]:
    """Say how little was drawn in three days, and what is usual there."""
    say = tongue.say
    litres, usual = _figure(alert, "litres"), _figure(alert, "usual_litres")
    if litres is None or usual is None:
        return [say("Much less water is used than usual")]
    text = mark("%(litres)s L in the last three days, where about %(usual)s L are usual")
    said = [say(text, litres=tongue.number(round(litres)), usual=tongue.number(round(usual)))]
    share = _figure(alert, "share")
    if share is not None and litres > 0.6 * usual:  # it is the taps that stand still more often
        text = mark("taps are used at about %(percent)s %% of what is usual")
        said.append(say(text, percent=round(100.0 * share)))
    unknown = _figure(alert, "unknown_hours")
    if unknown is not None and unknown >= 1.0:
        text = mark("%(hours)s h of it are unknown and count as usual")
        said.append(say(text, hours=round(unknown)))
    return said


def floors_told(tongue: Tongue, profile: UsageProfile) -> str:
    """Say below how much water in three days the one home of a profile is looked after.

    Nothing where its floors are not learnt.
    """
    litres, usual = profile.floors[0, 0], profile.usual_totals[0, 0]
    if not (np.isfinite(litres).all() and np.isfinite(usual)):
        return ""
    low, high = (round(float(edge)) for edge in (litres.min(), litres.max()))
    about = tongue.number(round(float(usual)))
    if high - low <= _ALIKE * high:
        text = mark("Three days with less than %(low)s L, where about %(usual)s L are usual")
        return tongue.say(text, low=tongue.number(high), usual=about)
    text = mark(
        "Three days with less than %(low)s to %(high)s L, by the weekday, "
        "where about %(usual)s L are usual"
    )
    return tongue.say(text, low=tongue.number(low), high=tongue.number(high), usual=about)


def restless(tongue: Tongue, alert: Alert) -> list[str]:
    """Say on how many nights a home was up that usually sleeps."""
    nights = _figure(alert, "odd_nights")
    said = [tongue.say("Water was drawn at hours of the night when this home usually sleeps")]
    if nights is not None and nights >= 1.0:
        said.append(tongue.say("%(nights)s nights in a row", nights=round(nights)))
    said.append(tongue.say("a concern to ask about at the next visit; nobody was sent a message"))
    return said


def _figure(alert: Alert, name: str) -> float | None:
    value = alert.evidence.get(name)
    return float(value) if isinstance(value, int | float) and abs(value) < _LARGEST else None

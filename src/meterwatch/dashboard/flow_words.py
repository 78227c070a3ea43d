"""What the console says of water that runs: an open tap, a burst pipe, a slow leak."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from meterwatch.dashboard.tongue import Tongue, mark
from meterwatch.domain.alert import Alert
from meterwatch.domain.signal import FLAT_FLOW, SLOW_LEAK, flow_of

_TITLES: Mapping[str, str] = {
    "tap": mark("Tap possibly left on"),
    "burst": mark("Pipe possibly burst"),
}
_LARGEST = 1e10  # past this it is no flow; NaN fails the comparison too


def flow_title(tongue: Tongue, alert: Alert) -> str:
    """Name what runs by its size; nothing where it is no flow, or its size is unknown."""
    flow = flow_of(alert.evidence) if alert.kind == FLAT_FLOW else ""
    return tongue.say(_TITLES[flow]) if flow else ""


def running(tongue: Tongue, alert: Alert, as_of: datetime) -> list[str]:
    """Say how much runs, for how long by `as_of`, and what it has come to."""
    say, litres, hours = tongue.say, _figure(alert, "litres_per_hour"), _figure(alert, "run_hours")
    if litres is None or hours is None:
        return [say("Water runs without a pause")]
    span = timedelta(hours=hours) + as_of - alert.as_of
    said = [
        say(
            "Water has run for %(span)s without a pause, never below %(litres)s L an hour",
            litres=tongue.number(litres),
            span=tongue.span(span),
        )
    ]
    usual = _figure(alert, "night_litres_per_hour") or 0.0
    if usual > 0.0:
        said.append(say("%(litres)s L an hour of it run here always", litres=tongue.number(usual)))
    lost = max(litres - usual, 0.0) * max(span.total_seconds(), 0.0) / 3_600.0
    if "lost_litres" in alert.evidence and lost >= 1.0:
        said.append(say("at least %(litres)s L so far", litres=tongue.number(round(lost))))
    if alert.kind == SLOW_LEAK:
        said.append(say("small uses hide in it, so this home is watched less well"))
    return said


def _figure(alert: Alert, name: str) -> float | None:
    value = alert.evidence.get(name)
    return float(value) if isinstance(value, int | float) and abs(value) < _LARGEST else None

"""What the console says of groups of homes: buildings, areas, pressure zones, gateways."""

from collections.abc import Mapping

from meterwatch.dashboard.tongue import Tongue, mark
from meterwatch.domain.alert import Alert
from meterwatch.domain.outage import GroupKind
from meterwatch.domain.signal import AREA_QUIET

_NAMED: Mapping[str, str] = {
    GroupKind.BUILDING: mark("Building %(name)s"),
    GroupKind.ZONE: mark("Pressure zone %(name)s"),
    GroupKind.HUB: mark("Gateway %(name)s"),
}


def group_name(tongue: Tongue, kind: str, name: str) -> str:
    """Name a group of homes; an area has its name already, and gives nothing."""
    return tongue.say(_NAMED[kind], name=name) if kind in _NAMED else ""


def together(tongue: Tongue, alert: Alert) -> list[str]:
    """Say how many homes of a group used water, how many do on other days, and what it may be."""
    said = [group_name(tongue, str(alert.evidence.get("group")), str(alert.evidence.get("name")))]
    figures = [_figure(alert, name) for name in ("used", "homes", "expected")]
    if None not in figures:
        text = mark("%(used)s of %(homes)s homes used water in %(span)s, where about %(usual)s do")
        used, homes, usual = (round(figure or 0.0) for figure in figures)
        span = tongue.hours(_figure(alert, "window_hours") or 1.0)
        said.append(tongue.say(text, used=used, homes=homes, span=span, usual=usual))
    quiet = alert.kind.partition(":")[0] == AREA_QUIET
    cause = mark("perhaps an outage, or works") if quiet else mark("perhaps a burst, or flushing")
    return [*said, tongue.say(cause)]


def _figure(alert: Alert, name: str) -> float | None:
    value = alert.evidence.get(name)
    return float(value) if isinstance(value, int | float) and abs(value) < _LARGEST else None


_LARGEST = 1e10  # past this it is no count; NaN fails the comparison too

"""Seen: what the detectors inferred from the use of water."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from meterwatch.domain.signal.nouns import (
    FLAT_FLOW,
    SLOW_LEAK,
    Condition,
    Origin,
    Signal,
    SubjectKind,
)
from meterwatch.domain.usage import Findings, UsageWindow

_GOES_ON = ("severity", "begins_unseen")
_OPEN_TAP, _BURST = 2.0, 3.0  # the severities of a flow


def worries(detector: str, found: Findings) -> Iterator[tuple[str, Findings]]:
    """Part the verdict of a detector by kind of worry: a slow leak is not looked after as a tap."""
    severity = found.figures.get("severity")
    if detector != FLAT_FLOW or severity is None:
        yield detector, found
        return
    slow = found.fired & (severity < _OPEN_TAP)
    yield FLAT_FLOW, replace(found, fired=found.fired & ~slow)
    yield SLOW_LEAK, replace(found, fired=slow)


def flow_of(evidence: Mapping[str, float | int | str]) -> str:
    """Name the flow behind a worry: an open tap, or a burst pipe; nothing where it is unsaid."""
    severity = evidence.get("severity")
    if not isinstance(severity, int | float):
        return ""
    return "burst" if severity >= _BURST else "tap"


def seen(
    kind: str, usage: UsageWindow, found: Findings, standing: Mapping[int, datetime]
) -> tuple[Signal, ...]:
    """Turn a detector's verdict into signals.

    A home that fired is a worry. For a home in `standing`, whose alert of this kind stands with
    a worry that began then, its end is news too; what is unknown for an hour is not (see `lost`).
    """
    signals = [_seen(kind, usage, found, row) for row in np.flatnonzero(found.fired)]
    for row, home in enumerate(usage.homes):
        if home in standing and found.known[row] and _is_over(found, row, standing[home]):
            over = _seen(kind, usage, found, row)
            # With a key of its own: the silence that begins here may become a worry itself.
            over = replace(over, key=f"{over.key}:over", condition=Condition.CLEARED)
            signals.append(over)
    return tuple(signals)


def _is_over(found: Findings, row: int, began: datetime) -> bool:
    """Tell a worry that ended from a limit that moved: a silence ends by use, by nothing else.

    A flow ends where it is seen to stop: neither by turning into a weaker one that is a worry as
    well, nor by hours of which nothing is known.
    """
    last_use = found.figures.get("last_use_at")
    used = last_use is None or bool(last_use[row] > began.timestamp())
    still = any(found.figures[name][row] > 0.0 for name in _GOES_ON if name in found.figures)
    return used and not still and not found.fired[row]


def _seen(kind: str, usage: UsageWindow, found: Findings, row: np.intp | int) -> Signal:
    home, as_of = usage.homes[row], _moment(usage.as_of[row])
    began = _moment(found.since[row]) if np.isfinite(found.since[row]) else as_of
    figures = {
        name: round(float(values[row]), 3)
        for name, values in found.figures.items()
        if np.isfinite(values[row])
    }
    figures["limit_hours"] = round(float(found.limit[row]), 3)
    figures["as_of"] = int(as_of.timestamp())
    return Signal(
        Origin.SEEN,
        kind,
        SubjectKind.HOUSEHOLD,
        home,
        began,
        as_of,
        f"{kind}:{home}:{int(began.timestamp())}",
        evidence=dict(figures),
    )


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(float(epoch) if np.isfinite(epoch) else 0.0, UTC)

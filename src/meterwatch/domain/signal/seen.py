"""Seen: what the detectors inferred from the use of water."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from meterwatch.domain.signal.nouns import Condition, Origin, Signal, SubjectKind
from meterwatch.domain.usage import Findings, UsageWindow


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
            signals.append(replace(over, condition=Condition.CLEARED))
    return tuple(signals)


def _is_over(found: Findings, row: int, began: datetime) -> bool:
    """Tell a worry that ended from a limit that moved: a silence ends by use, by nothing else."""
    last_use = found.figures.get("last_use_at")
    used = last_use is None or bool(last_use[row] > began.timestamp())
    return used and not found.fired[row]


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

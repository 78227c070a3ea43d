"""Heard: what people told us by pressing a bell, also one that nobody knows."""

from collections.abc import Iterable
from datetime import datetime

from meterwatch.domain.fact import ButtonPress
from meterwatch.domain.signal.nouns import (
    BELL,
    BELL_MISSED,
    UNKNOWN_BELL,
    Condition,
    Origin,
    Signal,
    SubjectKind,
)


def heard(presses: Iterable[tuple[int, ButtonPress]]) -> tuple[Signal, ...]:
    """Turn presses (with their household) into signals: a press is never judged away."""
    return tuple(_pressed(household, press) for household, press in presses)


def _pressed(household: int, press: ButtonPress) -> Signal:
    evidence: dict[str, float | int | str] = {"device": press.device}
    if press.suspect:
        evidence["suspect"] = press.suspect
    kind = BELL_MISSED if press.cached else BELL
    key = f"{kind}:{press.device}:{press.ref}"
    return Signal(
        Origin.HEARD,
        kind,
        SubjectKind.HOUSEHOLD,
        household,
        press.measured_at,
        press.received_at,
        key,
        evidence=evidence,
    )


def _of_nobody(device: str) -> str:
    return f"{UNKNOWN_BELL}:{device[:64]}"


def strange(presses: Iterable[ButtonPress], area: int) -> tuple[Signal, ...]:
    """Turn presses of bells that nobody registered into signals about the area above all others."""
    return tuple(
        Signal(
            Origin.HEARD,
            _of_nobody(press.device),
            SubjectKind.AREA,
            area,
            press.measured_at,
            press.received_at,
            f"{UNKNOWN_BELL}:{press.device}:{press.ref}",
            evidence={"device": press.device},
        )
        for press in presses
    )


def placed(devices: Iterable[str], area: int, now: datetime) -> tuple[Signal, ...]:
    """Say that these devices spoke and are known: a bell among them is nobody's no more."""
    return tuple(
        Signal(
            Origin.HEARD,
            _of_nobody(device),
            SubjectKind.AREA,
            area,
            now,
            now,
            f"{UNKNOWN_BELL}:{device}:over:{int(now.timestamp())}",
            Condition.CLEARED,
        )
        for device in devices
    )

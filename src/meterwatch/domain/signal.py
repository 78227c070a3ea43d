"""Signals: reasons to look.

Every source of worry enters here in one of three ways: we were told (heard), a detector inferred
it (seen), or something due did not happen (missed). Later sources add a kind, never a shape.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np

from meterwatch.domain.fact import ButtonPress
from meterwatch.domain.usage import Findings, UsageWindow


class Origin(StrEnum):
    """How we came to know."""

    HEARD = "heard"
    SEEN = "seen"
    MISSED = "missed"


class SubjectKind(StrEnum):
    """What a worry is about."""

    HOUSEHOLD = "household"
    AREA = "area"


class Condition(StrEnum):
    """What the sensor says now."""

    ACTIVE = "active"
    CLEARED = "cleared"
    UNKNOWN = "unknown"


# Kinds of worry are text, so that a new one needs no change in every module.
BELL = "bell"
BELL_MISSED = "bell_missed"  # a press from a retained message or a bridge's memory
NO_USE = "no_use"
LOW_USE = "low_use"
FLAT_FLOW = "flat_flow"
METER_SILENT = "meter_silent"
HUB_SILENT = "hub_silent"
BATTERY = "battery"
BUTTON_SILENT = "button_silent"
UNKNOWN_BELL = "unknown_bell"  # a bell that nobody registered was pressed: of whom, is not known

LIFE_KINDS = frozenset({BELL, BELL_MISSED, NO_USE, LOW_USE, FLAT_FLOW})
BELL_KINDS = frozenset({BELL, BELL_MISSED})
SILENCE_KINDS = frozenset({METER_SILENT, HUB_SILENT})
USE_KINDS = frozenset({NO_USE, LOW_USE, FLAT_FLOW})
EXPLAINED_BY_ABSENCE = frozenset({NO_USE, LOW_USE})


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to look.

    `at` is when the worry began (the press, the last use), `as_of` the newest fact behind it.
    `condition` says whether the worry is there, over, or no longer to be known; only one that is
    there opens an alert. `key` tells this signal from a repetition of itself: it is stored once.
    """

    origin: Origin
    kind: str
    subject_kind: SubjectKind
    subject_id: int
    at: datetime
    as_of: datetime
    key: str
    condition: Condition = Condition.ACTIVE
    evidence: dict[str, float | int | str] = field(default_factory=dict)

    @property
    def subject(self) -> tuple[SubjectKind, int, str]:
        """The key of the one standing alert that this signal belongs to."""
        return (self.subject_kind, self.subject_id, self.kind)


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


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What is known of one meter's punctuality. `last_heard` is None if it never spoke."""

    device_id: int
    household_id: int
    area_id: int
    hub: str
    interval: timedelta
    last_heard: datetime | None
    watched_since: datetime


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """When a silent meter is a worry, and when many silent meters are one worry.

    A meter is silent after `intervals` missed reports, and never before `at_least`. When at least
    `hub_homes` homes of one hub, and `hub_share` of all its homes, are silent together, the hub
    is the worry and its homes are not named one by one.
    """

    intervals: float = 3.0
    at_least: timedelta = timedelta(hours=6)
    hub_homes: int = 3
    hub_share: float = 0.6

    def wait(self, interval: timedelta) -> timedelta:
        """Say how long a meter that reports this often may be silent."""
        return max(self.at_least, interval * self.intervals)


def missed(
    silent: Sequence[Heartbeat],
    homes_of_hub: Mapping[str, int],
    rule: SilenceRule,
    now: datetime,
) -> tuple[Signal, ...]:
    """Say what the silence of these meters means: single homes, or whole hubs that are down."""
    down = _hubs_down(silent, homes_of_hub, rule)
    homes = tuple(_silent_meter(beat, now) for beat in silent if beat.hub not in down)
    hubs = tuple(
        _silent_hub([b for b in silent if b.hub == hub], area, now)
        for hub, area in sorted(down.items())
    )
    return homes + hubs


def _hubs_down(
    silent: Sequence[Heartbeat], homes_of_hub: Mapping[str, int], rule: SilenceRule
) -> dict[str, int]:
    """Name the hubs that are down, each with the area of most of its silent homes."""
    down: dict[str, int] = {}
    for hub in sorted({beat.hub for beat in silent if beat.hub}):
        gone = [beat for beat in silent if beat.hub == hub]
        homes = len({beat.household_id for beat in gone})
        if homes >= max(rule.hub_homes, rule.hub_share * homes_of_hub.get(hub, 0)):
            areas = [beat.area_id for beat in gone]
            down[hub] = max(sorted(set(areas)), key=areas.count)
    return down


def lost(
    silent: Sequence[Heartbeat],
    standing: Collection[tuple[SubjectKind, int, str]],
    now: datetime,
) -> tuple[Signal, ...]:
    """Say of which standing worries, inferred from use, the silent meters took the sight."""
    homes = {beat.household_id for beat in silent}
    return tuple(
        Signal(
            Origin.MISSED,
            name,
            kind,
            number,
            now,
            now,
            f"{name}:{number}:lost:{int(now.timestamp())}",
            Condition.UNKNOWN,
        )
        for kind, number, name in standing
        if kind is SubjectKind.HOUSEHOLD and number in homes and name in USE_KINDS
    )


def _silent_meter(beat: Heartbeat, now: datetime) -> Signal:
    began = beat.last_heard or beat.watched_since
    return Signal(
        Origin.MISSED,
        METER_SILENT,
        SubjectKind.HOUSEHOLD,
        beat.household_id,
        began,
        now,
        f"{METER_SILENT}:{beat.device_id}:{int(began.timestamp())}",
        evidence={"device_id": beat.device_id, "never_heard": int(beat.last_heard is None)},
    )


def _silent_hub(beats: Sequence[Heartbeat], area: int, now: datetime) -> Signal:
    began = min(beat.last_heard or beat.watched_since for beat in beats)
    hub = beats[0].hub
    return Signal(
        Origin.MISSED,
        f"{HUB_SILENT}:{hub}",
        SubjectKind.AREA,
        area,
        began,
        now,
        f"{HUB_SILENT}:{hub}:{int(began.timestamp())}",
        evidence={"hub": hub, "homes": len({beat.household_id for beat in beats})},
    )

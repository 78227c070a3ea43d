"""Missed: what should have reported and did not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from meterwatch.domain.signal.nouns import (
    HUB_SILENT,
    METER_SILENT,
    USE_KINDS,
    Condition,
    Origin,
    Signal,
    SubjectKind,
)


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

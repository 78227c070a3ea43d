"""Every device in service, and when it was last heard: the list that an installer works through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from meterwatch.domain.household import DeviceKind
from meterwatch.domain.signal import BELL_KINDS, SilenceRule
from meterwatch.store import View
from meterwatch.store.tables import alerts as a
from meterwatch.store.tables import people as p
from meterwatch.store.tables import telemetry as m
from meterwatch.store.views.queue import moment


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device: whose it is, and how fresh. `silent` is a meter that should have spoken.

    A reading, a press and a word about its battery all count as heard.
    """

    household: str
    kind: DeviceKind
    address: str
    gateway: str
    hub: str
    heard_at: datetime | None
    litres: float | None
    battery_percent: float | None
    silent: bool


def devices(view: View, now: datetime, rule: SilenceRule) -> tuple[DeviceLine, ...]:
    """Give every device in service, by household."""
    device, state = p.devices, p.device_states
    query = (
        select(device, p.households.c.code, state.c.heard_at, state.c.battery_percent)
        .join(p.households)
        .join(state, state.c.device_id == device.c.id, isouter=True)
        .where(device.c.retired_at.is_(None))
        .order_by(p.households.c.code, device.c.kind, device.c.address)
    )
    newest = {head.device_id: head for head in view.telemetry.execute(select(m.heads))}
    pressed = _presses(view)
    return tuple(
        _line(row, newest.get(row.id), pressed.get(row.address), now, rule)
        for row in view.people.execute(query)
    )


def _presses(view: View) -> Mapping[str, datetime]:
    """Say when each bell was last pressed."""
    signal = a.signals.c
    device = signal.evidence["device"].as_string()
    query = (
        select(device, func.max(signal.as_of, type_=signal.as_of.type))
        .where(signal.kind.in_(BELL_KINDS))
        .group_by(device)
    )
    return {row[0]: row[1] for row in view.people.execute(query)}


def _line(
    row: Any, head: Any, pressed: datetime | None, now: datetime, rule: SilenceRule
) -> DeviceLine:
    read_at = moment(head.received_at) if head else None
    heard = max((at for at in (row.heard_at, read_at, pressed) if at is not None), default=None)
    spoke: datetime = read_at or row.watched_since
    late = spoke + rule.wait(timedelta(minutes=row.interval_minutes)) <= now
    return DeviceLine(
        row.code,
        DeviceKind(row.kind),
        row.address,
        row.gateway,
        row.hub,
        heard,
        head.litres if head else None,
        row.battery_percent,
        row.kind == DeviceKind.METER and late,
    )

"""The last hours of one home against its usual, hour by hour; what is unknown stays unknown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import select

from meterwatch.detectors.hours import by_local_hour
from meterwatch.domain.household import Device, DeviceKind, Swap
from meterwatch.domain.register import judge
from meterwatch.domain.usage import HOURS, Floats, LocalTime, UsageWindow
from meterwatch.store import View
from meterwatch.store.rows import device_from, swap_from
from meterwatch.store.tables import people as p
from meterwatch.store.tables import telemetry as m

_HOUR = 3_600.0
_DAY = 86_400
_PLACED_WITHIN_HOURS = 2.0  # use inside a longer gap cannot be given an hour


@dataclass(frozen=True, slots=True)
class Hour:
    """One local hour: what was drawn and what is usual; None is unknown."""

    start: datetime
    litres: float | None
    usual: float | None


def last_hours(
    view: View, household: int, now: datetime, local: LocalTime, hours: int
) -> tuple[Hour, ...]:
    """Give the last whole hours of a home and the one that runs, the oldest first."""
    last = int(np.floor(local.seconds(np.array([now.timestamp()]))[0] / _HOUR))
    first = last - hours + 1
    first_day = first // HOURS
    days = last // HOURS - first_day + 1
    litres = _by_hour(view, household, first_day, days, local)
    usual = _usual(view, household)
    start = first_day * HOURS
    return tuple(
        Hour(
            _moment(hour, now, last),
            _known(litres[hour - start]),
            _known(usual[hour % HOURS]),
        )
        for hour in range(first, last + 1)
    )


def _moment(hour: int, now: datetime, last: int) -> datetime:
    whole = now.replace(minute=0, second=0, microsecond=0)
    return whole - timedelta(hours=last - hour)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 1)


def _by_hour(view: View, household: int, first_day: int, days: int, local: LocalTime) -> Floats:
    """Add up the meters of a home; an hour that one of them does not know is unknown."""
    total: Floats | None = None
    for device, swaps in _meters(view, household):
        window = _window(view, device, swaps, (first_day - 2) * _DAY)
        litres, _ = by_local_hour(window, local, first_day, days)
        total = litres[0] if total is None else total + litres[0]
    return np.full(days * HOURS, np.nan) if total is None else total


def _meters(view: View, household: int) -> Sequence[tuple[Device, tuple[Swap, ...]]]:
    query = select(p.devices).where(
        p.devices.c.household_id == household,
        p.devices.c.kind == DeviceKind.METER,
        p.devices.c.retired_at.is_(None),
    )
    devices = [device_from(row) for row in view.people.execute(query).mappings()]
    ids = [device.id for device in devices]
    asked = select(p.swaps).where(p.swaps.c.device_id.in_(ids))
    swaps = [swap_from(row) for row in view.people.execute(asked).mappings()]
    return [(d, tuple(swap for swap in swaps if swap.device_id == d.id)) for d in devices]


def _window(view: View, device: Device, swaps: Sequence[Swap], since: int) -> UsageWindow:
    query = (
        select(m.readings.c.measured_at, m.readings.c.litres)
        .where(m.readings.c.device_id == device.id, m.readings.c.measured_at >= since)
        .where(m.readings.c.odd == "")
        .order_by(m.readings.c.measured_at)
    )
    rows = view.telemetry.execute(query).all()
    at = np.array([row.measured_at for row in rows], dtype=np.float64)
    verdict = judge(at, np.array([row.litres for row in rows], dtype=np.float64), device, swaps)
    ends = at[verdict.kept]
    hours = np.diff(ends) / _HOUR
    litres = np.diff(verdict.total)
    most = max(_PLACED_WITHIN_HOURS, 2.0 * device.interval_minutes / 60.0)
    hidden = verdict.fresh_level[1:] | ((litres > 0) & (hours > most))
    return UsageWindow(
        (device.household_id,),
        ends[np.newaxis, 1:],
        hours[np.newaxis, :],
        np.where(hidden, np.nan, litres)[np.newaxis, :],
        np.array([-np.inf]),
        np.array([device.resolution_litres]),
    )


def _usual(view: View, household: int) -> Floats:
    query = select(m.profiles.c.usual_litres).where(m.profiles.c.household_id == household)
    raw = view.telemetry.execute(query).scalar_one_or_none()
    if raw is None:
        return np.full(HOURS, np.nan)
    return np.frombuffer(raw, "<f4").astype(np.float64)

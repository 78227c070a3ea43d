"""Ingest: keep what arrived, and act at once on what people told us.

If it returns, nothing in the batch can be lost, and the caller acknowledges the broker; if it
raises, the broker delivers the batch again, and a fact that arrives twice is kept once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from meterwatch.domain.alert import raise_alerts
from meterwatch.domain.escalation import Policies
from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact, Reading, Refusal, Refused
from meterwatch.domain.household import DeviceKind
from meterwatch.domain.signal import heard
from meterwatch.gateways.base import FieldMap
from meterwatch.gateways.wire import press_ref
from meterwatch.pipeline.moves import keep_raised, surroundings
from meterwatch.store import Store
from meterwatch.store.homes import Watched
from meterwatch.store.house import RefusedPayload
from meterwatch.store.telemetry import Row

_STALE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Directory:
    """Who speaks under which address. Read anew when the revision of the homes grows."""

    by_address: Mapping[str, Watched]

    @classmethod
    def of(cls, watched: Sequence[Watched]) -> "Directory":
        """Make the directory of the devices in service."""
        return cls({one.device.address: one for one in watched})

    def field_maps(self) -> Mapping[str, FieldMap]:
        """Give the per-device settings that decoders need."""
        return {address: one.fields for address, one in self.by_address.items() if one.fields}


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a batch came to.

    `rows` are its readings in the order in which they were heard, `alerts` the number of alerts
    that opened, `refused` the number of facts of devices that nobody registered.
    """

    rows: tuple[Row, ...]
    alerts: int
    refused: int


def ingest(
    store: Store, directory: Directory, policies: Policies, facts: Sequence[Fact], now: datetime
) -> Ingested:
    """Take in one batch of facts: readings to telemetry, presses to alerts in one transaction."""
    sorted_facts = _sort(directory, facts)
    store.telemetry.add(sorted_facts.rows)
    new = 0
    if sorted_facts.presses or sorted_facts.statuses or sorted_facts.refused:
        new = _hear(store, policies, sorted_facts, now)
    return Ingested(tuple(sorted_facts.rows), new, len(sorted_facts.refused))


@dataclass(frozen=True, slots=True)
class _Sorted:
    rows: list[Row]
    presses: list[tuple[int, ButtonPress]]
    statuses: list[tuple[int, DeviceStatus]]
    refused: list[RefusedPayload]


def _sort(directory: Directory, facts: Sequence[Fact]) -> _Sorted:
    """Give each fact to its device; refuse those of nobody's device and of the wrong kind."""
    found = _Sorted([], [], [], [])
    for fact in facts:
        watched = directory.by_address.get(fact.device)
        if watched is None:
            found.refused.append(_refused(fact, Refusal.UNKNOWN_DEVICE))
        elif isinstance(fact, DeviceStatus):
            found.statuses.append((watched.device.id, fact))
        elif isinstance(fact, ButtonPress):
            # A meter that presses is odd, but a press is never judged away.
            found.presses.append((watched.device.household_id, _named(fact)))
        elif watched.device.kind is not DeviceKind.METER:
            found.refused.append(_refused(fact, Refusal.WRONG_KIND))
        else:
            found.rows.append(_row(watched.device.id, fact))
    return found


def _named(press: ButtonPress) -> ButtonPress:
    """Name an old press by when it came, if its own clock named it.

    A clock that stands gives every press the same time, and so the same name: the second one
    would be taken for a repetition of the first.
    """
    old = press.received_at - press.measured_at > _STALE
    if not old or press.cached or press.ref != press_ref(press.measured_at):
        return press
    return replace(press, ref=press_ref(press.received_at))


def _row(device_id: int, fact: Reading) -> Row:
    measured, received = fact.measured_at.timestamp(), fact.received_at.timestamp()
    return (device_id, int(measured), int(received), fact.litres)


def _refused(fact: Fact, reason: Refusal) -> RefusedPayload:
    what = type(fact).__name__
    said = {
        Refusal.UNKNOWN_DEVICE: f"no device is registered under {fact.device!r}; import it first",
        Refusal.WRONG_KIND: f"{fact.device!r} is registered as a button but sent a {what}",
    }
    return RefusedPayload(
        Refused(reason, said[reason]), "", fact.device, repr(fact).encode(), fact.received_at
    )


def _hear(store: Store, policies: Policies, found: _Sorted, now: datetime) -> int:
    with store.transaction() as tx:
        signals = tx.alerts.unheard(heard(found.presses))
        standing = tx.alerts.standing_of([signal.subject for signal in signals])

        raised = raise_alerts(signals, standing, surroundings(tx, policies), now)

        new = keep_raised(tx, raised, now)
        tx.homes.note_statuses(found.statuses)
        tx.house.refuse(found.refused)
    return len(new)

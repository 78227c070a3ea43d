"""Ingest: keep what arrived, and act at once on what people told us.

If it returns, nothing in the batch can be lost, and the caller acknowledges the broker; if it
raises, the broker delivers the batch again, and a fact that arrives twice is kept once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from meterwatch.domain.alert import raise_alerts
from meterwatch.domain.escalation import Policies
from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact, Reading, Refusal, Refused
from meterwatch.domain.household import DeviceKind
from meterwatch.domain.signal import UNKNOWN_BELL, Signal, heard, placed, strange
from meterwatch.gateways.base import FieldMap
from meterwatch.gateways.wire import press_ref
from meterwatch.pipeline.moves import keep_raised, surroundings
from meterwatch.store import Store, Transaction
from meterwatch.store.homes import Watched
from meterwatch.store.house import RefusedPayload
from meterwatch.store.telemetry import Row

_STALE = timedelta(days=1)
_STRANGERS = 20  # so many bells of nobody are named one by one: a stranger may invent addresses


@dataclass(frozen=True, slots=True)
class Directory:
    """Who speaks under which address. Read anew when the revision of the homes grows."""

    by_address: Mapping[str, Watched]
    retired: Mapping[str, Watched] = field(default_factory=dict)

    @classmethod
    def of(cls, watched: Sequence[Watched], retired: Sequence[Watched] = ()) -> "Directory":
        """Make the directory of the devices in service, and of those that were."""
        return cls(
            {one.device.address: one for one in watched},
            {one.device.address: one for one in retired},
        )

    def home_of(self, address: str) -> int | None:
        """Name the home of a device, in service or not."""
        found = self.by_address.get(address) or self.retired.get(address)
        return found.device.household_id if found else None

    def field_maps(self) -> Mapping[str, FieldMap]:
        """Give the per-device settings that decoders need."""
        both = {**self.retired, **self.by_address}
        return {address: one.fields for address, one in both.items() if one.fields}


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
    strangers: list[ButtonPress]
    statuses: list[tuple[int, DeviceStatus]]
    refused: list[RefusedPayload]


def _sort(directory: Directory, facts: Sequence[Fact]) -> _Sorted:
    """Give each fact to its device; refuse those of nobody's device and of the wrong kind."""
    found = _Sorted([], [], [], [], [])
    for fact in facts:
        watched = directory.by_address.get(fact.device)
        if isinstance(fact, ButtonPress):
            _sort_press(found, directory.home_of(fact.device), fact)
        elif watched is None:
            found.refused.append(_refused(fact, Refusal.UNKNOWN_DEVICE))
        elif isinstance(fact, DeviceStatus):
            found.statuses.append((watched.device.id, fact))
        elif watched.device.kind is not DeviceKind.METER:
            found.refused.append(_refused(fact, Refusal.WRONG_KIND))
        else:
            found.rows.append(_row(watched.device.id, fact))
    return found


def _sort_press(found: _Sorted, home: int | None, press: ButtonPress) -> None:
    """Give a press to its home: a meter's, or that of a bell out of service, is not judged away.

    What a gateway remembers of a bell of nobody is shown among the refused, and calls nobody.
    """
    if home is not None:
        found.presses.append((home, _named(press)))
        return
    found.refused.append(_refused(press, Refusal.UNKNOWN_DEVICE))
    if not press.cached:
        found.strangers.append(_named(press))


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
        told = (*heard(found.presses), *_of_strangers(tx, found, now))
        signals = tx.alerts.unheard(told)
        standing = tx.alerts.standing_of([signal.subject for signal in signals])

        raised = raise_alerts(signals, standing, surroundings(tx, policies), now)

        new = keep_raised(tx, raised, now)
        tx.homes.note_statuses(found.statuses)
        tx.house.refuse(found.refused)
    return len(new)


def _of_strangers(tx: Transaction, found: _Sorted, now: datetime) -> tuple[Signal, ...]:
    """Say which bells of nobody were pressed, and which devices are somebody's by now."""
    there = tx.alerts.standing_like(UNKNOWN_BELL)
    area = tx.homes.top_area() if there or found.strangers else None
    if area is None:
        return ()
    known = {press.device for _, press in found.presses} | {s.device for _, s in found.statuses}
    room = max(0, _STRANGERS - there)
    return strange(found.strangers[:room], area) + placed(sorted(known), area, now)

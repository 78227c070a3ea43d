"""Deliver: send what the outbox holds, outside any transaction, and write down what came back.

A row is claimed and its try written down before a socket opens. If the sender dies in between, or
neither yes nor no comes back, the row is UNKNOWN: the carrier is asked whether it has the message
before it is ever sent again, and only a proof of absence, given twice, sends it again. Nothing
here delays the next person: steps have their own clock.

`now` is decision time and goes into texts and lines; `machine` is machine time and rules leases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from meterwatch.domain.alert import Alert, State
from meterwatch.domain.household import Contact
from meterwatch.domain.notification import EXPIRES, FAILED, Delivery, MessageKind, merge
from meterwatch.domain.signal import BELL_KINDS, FLAT_FLOW, flow_of
from meterwatch.notify.provider import (
    Absent,
    CannotTell,
    Failed,
    Found,
    Outgoing,
    Provider,
    Sent,
    Unclear,
)
from meterwatch.notify.wording import say, template
from meterwatch.pipeline.respond.receipts import give_up_step_in, settle
from meterwatch.store import Store, Transaction
from meterwatch.store.outbox import Parcel

_AFTER_THE_END = frozenset({MessageKind.CLOSED, MessageKind.COMING_BACK})
_LONGEST_PAUSE = timedelta(seconds=30)  # between tries while a carrier refuses for the moment
_ABSENCES = 2  # proofs of absence before an unclear message is sent again
_QUESTIONS = 20  # unanswered questions to the carrier before an unclear message is let lie


@dataclass(frozen=True, slots=True)
class Carriage:
    """How messages are carried.

    Attributes
    ----------
    lease : timedelta
        How long a sender has for one message; longer than the carrier's own time-out.
    settles : timedelta
        How long after an unclear send the carrier's word that it has nothing can be trusted.
    """

    provider: Provider
    zone: tzinfo
    lease: timedelta = timedelta(seconds=60)
    settles: timedelta = timedelta(seconds=35)


def deliver(
    store: Store,
    carriage: Carriage,
    now: Callable[[], datetime],
    machine: Callable[[], datetime],
    *,
    bells_only: bool = False,
) -> int:
    """Send or clear up the next message that is awake; count what was looked at, 1 or 0.

    One at a time: a lease that covered several would be over before the last of them was sent.
    """
    with store.transaction() as tx:
        parcels = tx.outbox.awake(machine(), 1, bells_only=bells_only)
        if not parcels:
            return 0
        number = parcels[0].notification.alert_id
        alert = tx.alerts.get(number) if number is not None else None
        claimed = _claim(tx, parcels[0], alert, carriage, now(), machine())
    if claimed is not None:
        parcel, outgoing = claimed
        if parcel.state is Delivery.UNKNOWN:
            found = carriage.provider.find(outgoing, parcel.created_at)
            _clear_up(store, carriage, parcel, found, now(), machine())
        else:
            result = carriage.provider.send(outgoing)
            _write_result(store, carriage, parcel, result, now(), machine())
    return 1


def _claim(
    tx: Transaction,
    parcel: Parcel,
    alert: Alert | None,
    carriage: Carriage,
    now: datetime,
    machine: datetime,
) -> tuple[Parcel, Outgoing] | None:
    """Take a row into hand, or put it away: what nobody needs any more is not sent."""
    if parcel.state is Delivery.SUBMITTING:  # its sender died: nobody knows what came of it
        tx.outbox.mark(parcel.id, Delivery.UNKNOWN, machine + carriage.settles, changed_at=now)
        return None
    note = parcel.notification
    contact = tx.homes.contacts([note.contact_id]).get(note.contact_id)
    if parcel.state is Delivery.PENDING and (why := _needless(tx, parcel, alert, contact, now)):
        tx.outbox.mark(parcel.id, Delivery.SUPPRESSED, None, changed_at=now, error=why)
        give_up_step_in(tx, note, now)
        return None
    if contact is None:  # erased while its message was unclear: nobody may be asked about it
        tx.outbox.mark(parcel.id, parcel.state, None, changed_at=now, error="contact_removed")
        return None
    lease = machine + carriage.lease
    if parcel.state is Delivery.PENDING:
        tx.outbox.start_attempt(parcel, carriage.provider.name, machine)
        tx.outbox.mark(
            parcel.id,
            Delivery.SUBMITTING,
            lease,
            changed_at=now,
            attempts=parcel.attempts + 1,
            provider=carriage.provider.name,
        )
    else:
        tx.outbox.mark(parcel.id, parcel.state, lease)
    return parcel, _outgoing(parcel, alert, contact.phone, contact.language, carriage.zone)


def _needless(
    tx: Transaction, parcel: Parcel, alert: Alert | None, contact: Contact | None, now: datetime
) -> str:
    """Say why a message is not needed any more; nothing if it is."""
    note = parcel.notification
    if contact is None or not contact.can_text:
        return "contact_removed"
    if EXPIRES in note.params and now >= datetime.fromisoformat(str(note.params[EXPIRES])):
        return "too_late"
    if alert is None or note.kind is MessageKind.ANSWER:
        return ""
    return _answered_meanwhile(tx, parcel, alert)


def _answered_meanwhile(tx: Transaction, parcel: Parcel, alert: Alert) -> str:
    note = parcel.notification
    if note.kind is MessageKind.ALERT:
        if alert.state is not State.OPEN:
            return str(alert.state)
        return "superseded" if tx.outbox.superseded(parcel) else ""
    if alert.state is State.CLOSED and note.kind not in _AFTER_THE_END:
        return str(alert.state)
    return "" if tx.outbox.went_out(alert.id, note.contact_id) else "not_told"


def _outgoing(
    parcel: Parcel, alert: Alert | None, phone: str, language: str, zone: tzinfo
) -> Outgoing:
    note = parcel.notification
    params = _params(parcel, alert, zone)
    worry = alert.kind if alert is not None else ""
    return Outgoing(
        notification_id=parcel.id,
        ref=parcel.ref,
        to=phone,
        text=say(note.kind, worry, language, params),
        template=template(note.kind, worry, language, params),
        params=params,
        language=language,
        channel=note.channel,
    )


def _params(parcel: Parcel, alert: Alert | None, zone: tzinfo) -> dict[str, str | int]:
    """Fill what a text needs, as things stand when it is sent."""
    note = parcel.notification
    params = {name: value for name, value in note.params.items() if name != EXPIRES}
    if "until_at" in params:
        until = datetime.fromisoformat(str(params.pop("until_at"))).astimezone(zone)
        params["until"] = f"{until:%m-%d %H:%M}"
    if alert is None:
        return params
    params["code"] = alert.code
    if note.kind is MessageKind.ALERT:
        params |= {"reason": alert.reason, "ordinal": _ordinal(note.round, note.step, alert)}
    if alert.kind == FLAT_FLOW:
        params["flow"] = flow_of(alert.evidence)
    if alert.kind in BELL_KINDS:
        params["pressed_at"] = f"{alert.began_at.astimezone(zone):%H:%M}"
    return params


def _ordinal(on_round: int, step: int, alert: Alert) -> int:
    """Count messages of an alert from one, so that no two texts are the same."""
    return on_round * len(alert.policy.steps) + step + 1


def _write_result(
    store: Store,
    carriage: Carriage,
    parcel: Parcel,
    result: Sent | Failed | Unclear,
    now: datetime,
    machine: datetime,
) -> None:
    with store.transaction() as tx:
        ordinal = parcel.attempts + 1
        mine = tx.outbox.stands(parcel.id, Delivery.SUBMITTING, ordinal)
        match result:
            case Sent(provider_id, delivery):
                tx.outbox.end_attempt(parcel.id, ordinal, "sent", "", machine)
                _accept(tx, carriage, parcel, provider_id, delivery, now)
            case Unclear(reason):
                tx.outbox.end_attempt(parcel.id, ordinal, "unclear", reason, machine)
                later = machine + carriage.settles
                if mine:
                    tx.outbox.mark(parcel.id, Delivery.UNKNOWN, later, changed_at=now, error=reason)
            case Failed(reason, permanent, code):
                error = f"{reason}:{code}" if code else str(reason)
                tx.outbox.end_attempt(parcel.id, ordinal, "failed", error, machine)
                if not mine:  # the lease was over, or a receipt came first: that one knows better
                    return
                if permanent:
                    settle(tx, parcel, Delivery.REJECTED, error, now)
                else:  # the carrier is down or busy: try on, as long as anybody needs the message
                    later = machine + min(timedelta(seconds=2 ** min(ordinal, 9)), _LONGEST_PAUSE)
                    tx.outbox.mark(parcel.id, Delivery.PENDING, later, changed_at=now, error=error)


def _accept(
    tx: Transaction,
    carriage: Carriage,
    parcel: Parcel,
    provider_id: str,
    delivery: Delivery,
    now: datetime,
) -> None:
    """Keep the carrier's number, and what it may have reported before we knew that number."""
    name, state, error = carriage.provider.name, delivery, ""
    for receipt in tx.outbox.receipts_of(name, provider_id):
        if merge(state, receipt.delivery) is not state:
            state, error = receipt.delivery, receipt.error
    # One change of the row: a second one locks its alert weakly, and two senders each other out.
    tx.outbox.mark(
        parcel.id, state, None, changed_at=now, provider=name, provider_id=provider_id, error=error
    )
    if state in FAILED:
        give_up_step_in(tx, parcel.notification, now)


def _clear_up(
    store: Store,
    carriage: Carriage,
    parcel: Parcel,
    found: Found | Absent | CannotTell,
    now: datetime,
    machine: datetime,
) -> None:
    """Act on the carrier's answer about a message of which nobody knows."""
    later = machine + carriage.settles
    with store.transaction() as tx:
        if not tx.outbox.stands(parcel.id, Delivery.UNKNOWN, parcel.attempts):
            return  # a receipt cleared it up meanwhile
        match found:
            case Found(provider_id, delivery):
                _accept(tx, carriage, parcel, provider_id, delivery, now)
            case Absent() if parcel.absences_proved + 1 >= _ABSENCES:
                tx.outbox.mark(
                    parcel.id, Delivery.PENDING, machine, changed_at=now, absences_proved=0
                )
            case Absent():
                proved = parcel.absences_proved + 1
                tx.outbox.mark(parcel.id, Delivery.UNKNOWN, later, absences_proved=proved)
            case CannotTell(reason):
                asked = parcel.questions + 1
                wake = later if asked < _QUESTIONS else None
                tx.outbox.mark(parcel.id, Delivery.UNKNOWN, wake, error=reason, questions=asked)

"""Receipts: what a carrier says became of a message, in any order and any number of times."""

from datetime import datetime

from meterwatch.domain.alert import give_up_step
from meterwatch.domain.notification import (
    FAILED,
    Delivery,
    MessageKind,
    Notification,
    Receipt,
    merge,
)
from meterwatch.store import Store, Transaction
from meterwatch.store.outbox import Parcel


def take_receipt(store: Store, receipt: Receipt, now: datetime) -> None:
    """Keep a receipt and let its message move on; one for a message not known yet is kept too."""
    with store.transaction() as tx:
        tx.outbox.keep_receipt(receipt, now)
        parcel = tx.outbox.of_receipt(receipt)
        if parcel is not None:
            named = {"provider": receipt.provider, "provider_id": receipt.provider_id}
            settle(tx, parcel, receipt.delivery, receipt.error, now, **named)


def settle(
    tx: Transaction, parcel: Parcel, reported: Delivery, error: str, now: datetime, **named: str
) -> None:
    """Join a report with what is known of a message; a step of which all failed is over at once.

    `named` is the carrier's number for the message, if it came with the report.
    """
    state = merge(parcel.state, reported)
    if state is parcel.state:
        return
    tx.outbox.mark(parcel.id, state, None, changed_at=now, error=error, **named)
    if state in FAILED:
        give_up_step_in(tx, parcel.notification, now)


def give_up_step_in(tx: Transaction, note: Notification, now: datetime) -> None:
    """Let an alert come back at once if nobody can be reached by the step of this message."""
    if note.alert_id is None or note.kind is not MessageKind.ALERT:
        return
    alert = tx.alerts.get(note.alert_id)
    if alert is not None and tx.outbox.step_failed(note):
        tx.alerts.save(give_up_step(alert, note.round, note.step, now))

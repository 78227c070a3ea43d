"""Receipts: what a carrier says became of a message, in any order and any number of times."""

from datetime import datetime

from meterwatch.domain.notification import FAILED, Delivery, MessageKind, Receipt, merge
from meterwatch.store import Store, Transaction
from meterwatch.store.outbox import Parcel


def take_receipt(store: Store, receipt: Receipt, now: datetime) -> None:
    """Keep a receipt and let its message move on; one for a message not known yet is kept too."""
    with store.transaction() as tx:
        tx.outbox.keep_receipt(receipt, now)
        parcel = tx.outbox.of_receipt(receipt)
        if parcel is not None and not parcel.provider_id:
            tx.outbox.name(parcel.id, receipt)
        if parcel is not None:
            settle(tx, parcel, receipt.delivery, receipt.error, now)


def settle(
    tx: Transaction, parcel: Parcel, reported: Delivery, error: str, now: datetime
) -> Delivery:
    """Join a report with what is known of a message; a step of which all failed is over at once."""
    state = merge(parcel.state, reported)
    if state is not parcel.state:
        tx.outbox.mark(parcel.id, state, None, changed_at=now, error=error)
    note = parcel.notification
    failed = state in FAILED and state is not parcel.state and note.kind is MessageKind.ALERT
    if failed and note.alert_id is not None and tx.outbox.step_failed(note):
        tx.alerts.hasten(note.alert_id, note.round, note.step, now)
    return state

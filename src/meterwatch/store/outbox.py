"""The outbox: what shall be said to whom, and how far each message has come.

A row wakes at `wake_at` (machine time): to be sent, to be asked after at the carrier, or because
the lease of a sender that died is over. A row that needs nothing more has none.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, or_, select, update

from meterwatch.domain.notification import (
    TOLD,
    Channel,
    Delivery,
    MessageKind,
    Notification,
    Receipt,
)
from meterwatch.domain.signal import BELL_KINDS
from meterwatch.store.dialects import insert_into
from meterwatch.store.tables import alerts as t

_LETTERS = "BCDFGHJKMNPQRSTVWXZ23456789"  # no word, and none that is read for another
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A row of the outbox on its way, with what is needed to judge whether it still should go."""

    id: int
    notification: Notification
    ref: str
    state: Delivery
    attempts: int
    absences_proved: int
    questions: int
    created_at: datetime
    provider: str
    provider_id: str
    alert_state: str
    worry: str


class Outbox:
    """Notifications and their attempts, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, notifications: Iterable[Notification], now: datetime) -> int:
        """Lay messages ready; one whose key is there already changes nothing. Count the new."""
        put = 0
        for note in notifications:
            row = insert_into(self._connection, t.notifications).values(
                alert_id=note.alert_id,
                about=note.about,
                round=note.round,
                step=note.step,
                contact_id=note.contact_id,
                channel=note.channel,
                kind=note.kind,
                params=note.params,
                ref=self._free_ref(),
                state=Delivery.PENDING,
                created_at=now,
                changed_at=now,
                wake_at=AT_ONCE,
                attempts=0,
                absences_proved=0,
                questions=0,
                provider="",
                provider_id="",
                error="",
            )
            kept = row.on_conflict_do_nothing(**_key(note)).returning(t.notifications.c.id)
            put += len(self._connection.execute(kept).all())
        return put

    def _free_ref(self) -> str:
        """Draw a code that no message has: one that is taken would swallow the new message."""
        while True:
            # A letter and a digit are in every one, so that no word quoted after # looks like it.
            ref = "".join(secrets.choice(_LETTERS) for _ in range(6))
            if ref.isalpha() or ref.isdigit():
                continue
            taken = select(t.notifications.c.id).where(t.notifications.c.ref == ref)
            if self._connection.execute(taken).first() is None:
                return ref

    def awake(self, machine: datetime, limit: int, *, bells_only: bool) -> tuple[Parcel, ...]:
        """Take the rows whose time has come, bells first; nobody else gets them meanwhile."""
        n, bell = t.notifications, t.alerts.c.kind.in_(BELL_KINDS)
        query = (
            select(n, t.alerts.c.state.label("alert_state"), t.alerts.c.kind.label("worry"))
            .join(t.alerts, isouter=True)
            .where(n.c.wake_at <= machine)
            .order_by(bell.desc().nulls_last(), n.c.wake_at, n.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=n)
        )
        if bells_only:
            query = query.where(bell)
        rows = self._connection.execute(query).mappings()
        return tuple(_parcel(row) for row in rows)

    def mark(
        self, parcel_id: int, state: Delivery, wake_at: datetime | None, **values: object
    ) -> None:
        """Move a row on."""
        row = update(t.notifications).where(t.notifications.c.id == parcel_id)
        self._connection.execute(row.values(state=state, wake_at=wake_at, **values))

    def stands(self, parcel_id: int, state: Delivery, attempts: int) -> bool:
        """Tell whether a row is still as its holder left it; locked for this change."""
        n = t.notifications.c
        query = select(n.id).where(n.id == parcel_id, n.state == state, n.attempts == attempts)
        row = self._connection.execute(query.with_for_update()).scalar_one_or_none()
        return row is not None

    def went_out(self, alert_id: int, contact_id: int) -> bool:
        """Tell whether a contact was told of an alert, as far as anybody knows."""
        n = t.notifications.c
        query = select(n.id).where(
            n.alert_id == alert_id,
            n.contact_id == contact_id,
            n.kind == MessageKind.ALERT,
            n.state.in_([*TOLD, Delivery.SUBMITTING]),
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def superseded(self, parcel: Parcel) -> bool:
        """Tell whether a later step tells the same contact of the same alert anew."""
        n, note = t.notifications.c, parcel.notification
        query = select(n.id).where(
            n.alert_id == note.alert_id,
            n.contact_id == note.contact_id,
            n.kind == MessageKind.ALERT,
            n.id > parcel.id,
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def start_attempt(self, parcel: Parcel, provider: str, machine: datetime) -> None:
        """Write down that a try begins, before any socket is opened."""
        self._connection.execute(
            t.attempts.insert().values(
                notification_id=parcel.id,
                ordinal=parcel.attempts + 1,
                provider=provider,
                started_at=machine,
                result="",
                error="",
            )
        )

    def end_attempt(
        self, parcel_id: int, ordinal: int, result: str, error: str, machine: datetime
    ) -> None:
        """Write down what came of a try."""
        a = t.attempts
        row = update(a).where(a.c.notification_id == parcel_id, a.c.ordinal == ordinal)
        self._connection.execute(row.values(finished_at=machine, result=result, error=error))

    def of_receipt(self, receipt: Receipt) -> Parcel | None:
        """Find the message a carrier reports on, locked for this change."""
        n = t.notifications
        query = (
            select(n, t.alerts.c.state.label("alert_state"), t.alerts.c.kind.label("worry"))
            .join(t.alerts, isouter=True)
            .where(_reported_on(receipt))
            .with_for_update(of=n)
        )
        row = self._connection.execute(query).mappings().first()
        return _parcel(row) if row else None

    def keep_receipt(self, receipt: Receipt, now: datetime) -> None:
        """Keep what a carrier reported; the same report twice is kept once."""
        row = insert_into(self._connection, t.receipts).values(
            provider=receipt.provider,
            provider_id=receipt.provider_id,
            state=receipt.delivery,
            error=receipt.error,
            received_at=now,
        )
        self._connection.execute(row.on_conflict_do_nothing())

    def receipts_of(self, provider: str, provider_id: str) -> tuple[Receipt, ...]:
        """Give what was reported on a message, perhaps before we knew its id."""
        r = t.receipts
        query = select(r).where(r.c.provider == provider, r.c.provider_id == provider_id)
        rows = self._connection.execute(query.order_by(r.c.id)).mappings()
        return tuple(
            Receipt(row["provider"], row["provider_id"], Delivery(row["state"]), row["error"])
            for row in rows
        )

    def step_failed(self, note: Notification) -> bool:
        """Tell whether every message of a step has failed for good."""
        n = t.notifications
        hopeful = n.c.state.not_in([Delivery.REJECTED, Delivery.UNDELIVERED, Delivery.SUPPRESSED])
        query = select(func.count()).where(
            n.c.alert_id == note.alert_id,
            n.c.round == note.round,
            n.c.step == note.step,
            n.c.kind == MessageKind.ALERT,
            hopeful,
        )
        return self._connection.execute(query).scalar_one() == 0


def _key(note: Notification) -> dict[str, Any]:
    """Name the index by which a message exists once."""
    if note.alert_id is None:
        key = ["contact_id", "channel", "kind", "about"]
        return {"index_elements": key, "index_where": t.OF_NO_ALERT}
    key = ["alert_id", "round", "step", "contact_id", "channel", "kind", "about"]
    return {"index_elements": key}


def _reported_on(receipt: Receipt) -> ColumnElement[bool]:
    """Match by the carrier's number, or by our own code where it came before that number."""
    n = t.notifications.c
    known = and_(n.provider == receipt.provider, n.provider_id == receipt.provider_id)
    if not receipt.ref:
        return known
    return or_(known, and_(n.ref == receipt.ref, n.provider_id == ""))


def _parcel(row: RowMapping) -> Parcel:
    note = Notification(
        row["alert_id"],
        row["round"],
        row["step"],
        row["contact_id"],
        Channel(row["channel"]),
        MessageKind(row["kind"]),
        row["params"],
        row["about"],
    )
    return Parcel(
        id=row["id"],
        notification=note,
        ref=row["ref"],
        state=Delivery(row["state"]),
        attempts=row["attempts"],
        absences_proved=row["absences_proved"],
        questions=row["questions"],
        created_at=row["created_at"],
        provider=row["provider"],
        provider_id=row["provider_id"],
        alert_state=row["alert_state"] or "",
        worry=row["worry"] or "",
    )

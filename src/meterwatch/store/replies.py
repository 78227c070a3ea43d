"""Messages that people send us: kept raw, taken once, with what became of each."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from meterwatch.domain.notification import MessageKind, Reply
from meterwatch.store.dialects import insert_into
from meterwatch.store.tables import alerts as t
from meterwatch.store.types import storable


class Replies:
    """Inbound messages, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, reply: Reply) -> bool:
        """Keep a message; tell whether it is new. The same carrier number is kept once."""
        row = insert_into(self._connection, t.replies).values(
            ref=reply.ref,
            sender=reply.sender,
            text=storable(reply.text),
            received_at=reply.received_at,
            answer="",
            result="",
        )
        kept = row.on_conflict_do_nothing(index_elements=["ref"]).returning(t.replies.c.id)
        return self._connection.execute(kept).first() is not None

    def settled(self, ref: str) -> bool:
        """Tell whether a message has led to anything yet; nobody else settles it meanwhile."""
        query = select(t.replies.c.result).where(t.replies.c.ref == ref).with_for_update()
        return bool(self._connection.execute(query).scalar_one())

    def settle(
        self, ref: str, contact: int | None, answer: str, alert_id: int | None, result: str
    ) -> None:
        """Write down how a message was understood and what it led to."""
        row = update(t.replies).where(t.replies.c.ref == ref)
        self._connection.execute(
            row.values(contact_id=contact, answer=answer, alert_id=alert_id, result=result)
        )

    def forget(self, before: datetime) -> int:
        """Empty the words and numbers of messages received before a moment; count them."""
        old = (t.replies.c.received_at < before, t.replies.c.erased_at.is_(None))
        row = update(t.replies).where(*old)
        return self._connection.execute(row.values(text="", sender="", erased_at=before)).rowcount

    def asked_how(self, contacts: Collection[int], now: datetime, within: timedelta) -> int | None:
        """Name the visit of which these contacts were asked last whether they went or phoned.

        The question ends when they were told of an alert since: "1" is about that one then.
        """
        query = (
            select(t.replies.c.result, t.replies.c.received_at)
            .where(
                t.replies.c.contact_id.in_(contacts),
                t.replies.c.received_at >= now - within,
                t.replies.c.answer != "",
            )
            .order_by(t.replies.c.id.desc())
            .limit(1)
        )
        last = self._connection.execute(query).first()
        word, _, visit = (last.result if last else "").partition(":")
        if last is None or word != "asked_how" or self._told_since(contacts, last.received_at):
            return None
        return int(visit)

    def _told_since(self, contacts: Collection[int], moment: datetime) -> bool:
        n = t.notifications.c
        query = select(n.id).where(
            n.contact_id.in_(contacts), n.kind == MessageKind.ALERT, n.created_at > moment
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def answered_lately(self, contact: int, now: datetime, within: timedelta) -> int:
        """Count the unclear messages of a contact that were answered lately."""
        query = select(t.replies.c.id).where(
            t.replies.c.contact_id == contact,
            t.replies.c.received_at >= now - within,
            t.replies.c.result == "unclear",
        )
        return len(self._connection.execute(query).all())

"""What the service keeps of itself: marks, beats, refused payloads, the console's inbox."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select

from meterwatch.domain.fact import Refused
from meterwatch.store.dialects import insert_into
from meterwatch.store.tables import house as t
from meterwatch.store.types import storable

KEPT_PER_REASON = 1_000
_PAYLOAD_BYTES = 2_048  # of a refused payload: enough to see what it was

SWEPT = "swept"  # every reading received up to here has been judged
HOMES_REVISION = "homes_revision"  # grows with every edit of homes, devices, absences, swaps
PROFILES_REVISION = "profiles_revision"  # grows when limits were learnt
NIGHT = "night"  # the night's work is done up to here


@dataclass(frozen=True, slots=True)
class RefusedPayload:
    """A payload that was not taken in, and where it came from."""

    refused: Refused
    gateway: str
    topic: str
    payload: bytes
    received_at: datetime


class House:
    """Marks, beats and refused payloads, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def mark(self, name: str) -> int | None:
        """Give a mark, or None if it was never set."""
        query = select(t.marks.c.at).where(t.marks.c.name == name)
        return self._connection.execute(query).scalar_one_or_none()

    def moment(self, name: str) -> datetime | None:
        """Give a mark that is a moment."""
        at = self.mark(name)
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def set_mark(self, name: str, at: int) -> None:
        """Set a mark."""
        row = insert_into(self._connection, t.marks).values(name=name, at=at)
        self._connection.execute(
            row.on_conflict_do_update(index_elements=["name"], set_={"at": row.excluded.at})
        )

    def bump(self, name: str) -> None:
        """Let a revision grow by one."""
        row = insert_into(self._connection, t.marks).values(name=name, at=1)
        grown = t.marks.c.at + 1
        self._connection.execute(
            row.on_conflict_do_update(index_elements=["name"], set_={"at": grown})
        )

    def beat(self, role: str, beat: str, now: datetime, failure: str = "") -> None:
        """Write down that a part of a role is alive, or why it is not."""
        row = insert_into(self._connection, t.beats).values(
            role=role, beat=beat, started_at=now, last_at=now, failure=failure
        )
        values = {"last_at": row.excluded.last_at, "failure": row.excluded.failure}
        self._connection.execute(
            row.on_conflict_do_update(index_elements=["role", "beat"], set_=values)
        )

    def refuse(self, payloads: Iterable[RefusedPayload], keep: int = KEPT_PER_REASON) -> None:
        """Count refused payloads by reason and keep the last of each, 1,000 by default."""
        reasons: set[str] = set()
        for one in payloads:
            reasons.add(one.refused.reason)
            self._count(one)
            self._connection.execute(
                t.refused.insert().values(
                    reason=one.refused.reason,
                    detail=storable(one.refused.detail[:500]),
                    gateway=one.gateway,
                    topic=storable(one.topic[:500]),
                    payload=one.payload[:_PAYLOAD_BYTES],
                    received_at=one.received_at,
                )
            )
        for reason in reasons:
            self._forget_old(reason, keep)

    def _count(self, one: RefusedPayload) -> None:
        row = insert_into(self._connection, t.refused_counts).values(
            reason=one.refused.reason, gateway=one.gateway, count=1, last_at=one.received_at
        )
        more = {"count": t.refused_counts.c.count + 1, "last_at": row.excluded.last_at}
        self._connection.execute(
            row.on_conflict_do_update(index_elements=["reason", "gateway"], set_=more)
        )

    def _forget_old(self, reason: str, keep: int) -> None:
        mine = t.refused.c.reason == reason
        edge = select(t.refused.c.id).where(mine)
        edge = edge.order_by(t.refused.c.id.desc()).offset(keep).limit(1)
        oldest = self._connection.execute(edge).scalar_one_or_none()
        if oldest is not None:
            self._connection.execute(delete(t.refused).where(mine, t.refused.c.id <= oldest))

    def put_in_inbox(self, ref: str, phone: str, text: str, template: str, now: datetime) -> int:
        """Let the console provider "send" a message: it lies in the fake phones."""
        row = t.inbox.insert().values(ref=ref, phone=phone, template=template, text=text, at=now)
        number: int = self._connection.execute(row.returning(t.inbox.c.id)).scalar_one()
        return number

    def find_in_inbox(self, ref: str) -> int | None:
        """Find a message in the fake phones by its code."""
        query = select(t.inbox.c.id).where(t.inbox.c.ref == ref).order_by(t.inbox.c.id).limit(1)
        return self._connection.execute(query).scalar_one_or_none()

"""What tests of the pipeline do with a store: press, read, step, deliver, reply, and look."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from meterwatch.domain.alert import Alert
from meterwatch.domain.escalation import Policies
from meterwatch.domain.fact import ButtonPress, Fact, Reading
from meterwatch.domain.notification import Delivery, Receipt, Reply
from meterwatch.notify.provider import (
    Absent,
    CannotTell,
    Failed,
    Fault,
    Found,
    Hook,
    Outgoing,
    Sent,
    Unclear,
)
from meterwatch.pipeline.deliver import Carriage, deliver
from meterwatch.pipeline.escalate import escalate
from meterwatch.pipeline.ingest import Directory, Ingested, ingest
from meterwatch.pipeline.respond import take_reply
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from tests.parts.street import phone

NOW = datetime(2026, 3, 2, 6, 40, tzinfo=UTC)
POLICIES = Policies()
Answer = Sent | Failed | Unclear
Answers = Answer | BaseException
BAD_NUMBER = Failed(Fault.NUMBER, permanent=True, code="21211")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@dataclass
class Carrier:
    """A carrier that remembers what it took, and answers as it is told to.

    `answers` are given out first, one a send; afterwards everything is accepted. `took` holds
    what lies in phones: an unclear send may have arrived or not, as `swallows` says.
    """

    answers: list[Answers] = field(default_factory=list)
    finds: list[Found | Absent | CannotTell] = field(default_factory=list)
    bad_numbers: set[str] = field(default_factory=set)
    delivers: Delivery = Delivery.ACCEPTED
    swallows: bool = False
    tried: list[Outgoing] = field(default_factory=list)
    took: dict[str, Outgoing] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    name: str = "fake"

    def send(self, outgoing: Outgoing) -> Answer:
        self.tried.append(outgoing)
        if outgoing.to in self.bad_numbers:
            return BAD_NUMBER
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Failed):
            return answer
        if answer is None or isinstance(answer, Sent) or self.swallows:
            self.took[f"SM{len(self.tried)}"] = outgoing
        if isinstance(answer, BaseException):
            raise answer
        return answer or Sent(f"SM{len(self.tried)}", self.delivers)

    def find(self, outgoing: Outgoing, since: datetime) -> Found | Absent | CannotTell:
        self.asked.append(outgoing.ref)
        if self.finds:
            return self.finds.pop(0)
        there = [key for key, one in self.took.items() if one.ref == outgoing.ref]
        return Found(there[0], Delivery.SENT) if there else Absent()

    def poll(self, provider_id: str) -> Receipt | None:
        return None

    def read(self, hook: Hook) -> tuple[Receipt | Reply, ...]:
        return ()

    def to(self, contact: int) -> list[str]:
        """The texts in one contact's phone."""
        return [one.text for one in self.took.values() if one.to == phone(contact)]

    def phones(self) -> list[str]:
        """The numbers that got a text, in order."""
        return [one.to for one in self.took.values()]


class Died(BaseException):
    """A sender that was killed: nothing of it runs on."""


def post(
    store: Store, carrier: Carrier, now: datetime, machine: datetime | None = None, **options: Any
) -> int:
    """Deliver until nothing is awake; count the rows that were looked at."""
    carriage = Carriage(carrier, UTC, **options)
    looked = 0
    while found := deliver(store, carriage, lambda: now, lambda: machine or now):
        looked += found
    return looked


def press(store: Store, *facts: Fact, now: datetime = NOW) -> Ingested:
    with store.transaction(read_only=True) as tx:
        directory = Directory.of(tx.homes.watched())
    return ingest(store, directory, POLICIES, facts, now)


def a_press(
    device: str = "bell-H1", ref: str = "1", at: datetime = NOW, *, cached: bool = False
) -> ButtonPress:
    return ButtonPress(device, at, at, ref, cached)


def a_reading(litres: float, at: datetime = NOW, device: str = "meter-H1") -> Reading:
    return Reading(device, at, at + seconds(5), litres)


def climb(store: Store, now: datetime) -> int:
    """Escalate until nothing is due."""
    moved = 0
    while found := escalate(store, now):
        moved += found
    return moved


_refs = iter(range(1, 10**9))


def text(store: Store, contact: int, words: str, now: datetime, *, ref: str | None = None) -> str:
    """Let a contact write to us."""
    return take_reply(store, Reply(ref or f"IN{next(_refs)}", phone(contact), words, now), now)


def the_alert(store: Store, kind: str | None = None) -> Alert:
    (found,) = alerts(store, kind)
    return found


def alerts(store: Store, kind: str | None = None) -> list[Alert]:
    rows = rows_of(store, t.alerts)
    with store.transaction() as tx:
        found = tx.alerts.of([row["id"] for row in rows])
    return [alert for _, alert in sorted(found.items()) if kind in {None, alert.kind}]


def rows_of(store: Store, table: Any) -> list[dict[str, Any]]:
    with store.view() as view:
        rows = view.people.execute(table.select().order_by(next(iter(table.c)))).mappings()
        return [dict(row) for row in rows]


def outbox(store: Store, *kinds: str) -> list[dict[str, Any]]:
    """The rows of the outbox, of some kinds or of all."""
    rows = rows_of(store, t.notifications)
    return [row for row in rows if not kinds or row["kind"] in kinds]


def told(store: Store, *kinds: str) -> list[int]:
    return [row["contact_id"] for row in outbox(store, *kinds)]


def states(store: Store, *kinds: str) -> list[str]:
    return [row["state"] for row in outbox(store, *kinds)]


def timeline(store: Store, alert: int) -> list[str]:
    rows = rows_of(store, t.alert_lines)
    return [row["what"] for row in rows if row["alert_id"] == alert]


def ids(rows: Iterable[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]

"""What the service knows of itself: marks, heartbeats, what it refused, the console's inbox."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from meterwatch.store.tables.base import PEOPLE, Id, Json, key, moment

# Named positions: how far the sweep has judged, the revisions that every role watches.
marks = Table(
    "marks",
    PEOPLE,
    Column("name", Text, primary_key=True),
    Column("at", Id, nullable=False),
)
beats = Table(
    "beats",
    PEOPLE,
    Column("role", Text, primary_key=True),
    Column("beat", Text, primary_key=True),
    moment("started_at"),
    moment("last_at"),
    Column("failure", Text, nullable=False),
)
refused = Table(
    "refused",
    PEOPLE,
    key(),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    moment("received_at"),
)
Index("ix_refused_reason_id", refused.c.reason, refused.c.id)
refused_counts = Table(
    "refused_counts",
    PEOPLE,
    Column("reason", Text, primary_key=True),
    Column("gateway", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    moment("last_at"),
)
# What the `console` provider "sent": the fake phones of the demo and of a fresh clone.
inbox = Table(
    "inbox",
    PEOPLE,
    key(),
    Column("ref", Text, nullable=False, index=True),
    Column("phone", Text, nullable=False, index=True),
    Column("template", Text, nullable=False),
    Column("text", Text, nullable=False),
    moment("at"),
)
audit = Table(
    "audit",
    PEOPLE,
    key(),
    moment("at", index=True),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Json, nullable=False),
)
Index("ix_audit_subject_act_at", audit.c.subject, audit.c.act, audit.c.at)

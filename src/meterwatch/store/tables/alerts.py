"""Signals, alerts and their timeline, the outbox, replies, visits.

Two promises are held by the database itself: an alert is closed or it is due, and one worry of
one kind about one home stands once. Lines and visits are only ever added.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from meterwatch.domain.alert import Condition, State
from meterwatch.domain.household import Grade
from meterwatch.domain.notification import Channel, Delivery, MessageKind
from meterwatch.domain.signal import Origin, SubjectKind
from meterwatch.domain.visit import Mode, Outcome, Seen
from meterwatch.store.tables.base import PEOPLE, Id, Json, key, moment, one_of

alerts = Table(
    "alerts",
    PEOPLE,
    key(),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("grade", Text, nullable=False),
    moment("began_at"),
    moment("as_of"),
    moment("opened_at", index=True),
    Column("policy", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("condition", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    moment("next_due_at", null=True),
    Column("owner", Text, nullable=False),
    Column("had_it", Json, nullable=False),
    Column("said_safe_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    moment("closed_at", null=True),
    Column("closed_by", Text, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("code", Text, nullable=False),
    CheckConstraint("(state = 'closed') = (next_due_at IS NULL)", name="closed_or_due"),
    one_of("subject_kind", SubjectKind),
    one_of("grade", Grade),
    one_of("state", State),
    one_of("condition", Condition),
)
STANDING = text("state <> 'closed'")
Index(
    "uq_alerts_standing",
    alerts.c.subject_kind,
    alerts.c.subject_id,
    alerts.c.kind,
    unique=True,
    sqlite_where=STANDING,
    postgresql_where=STANDING,
)
Index("ix_alerts_due", alerts.c.next_due_at, sqlite_where=STANDING, postgresql_where=STANDING)
Index("ix_alerts_code", alerts.c.code)


def _alert() -> Column[int]:
    return Column("alert_id", Id, ForeignKey("alerts.id"), nullable=False, index=True)


signals = Table(
    "signals",
    PEOPLE,
    key(),
    Column("origin", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Id, nullable=False),
    moment("at"),
    moment("as_of"),
    moment("stored_at"),
    Column("key", Text, nullable=False, unique=True),
    Column("evidence", Json, nullable=False),
    _alert(),
    one_of("origin", Origin),
    one_of("subject_kind", SubjectKind),
)
alert_lines = Table(
    "alert_lines",
    PEOPLE,
    key(),
    _alert(),
    moment("at"),
    Column("what", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("detail", Json, nullable=False),
)
# The outbox. A message about no alert (an answer to a reply, a word about an absence) has no
# alert and says in `about` what it answers; for a step of a policy `about` is empty.
notifications = Table(
    "notifications",
    PEOPLE,
    key(),
    Column("alert_id", Id, ForeignKey("alerts.id"), index=True),
    Column("about", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("contact_id", Id, ForeignKey("contacts.id"), nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("params", Json, nullable=False),
    # A short code of the message, by which a carrier is asked whether it has it.
    Column("ref", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    moment("created_at"),
    moment("changed_at"),
    # Machine time: a lease, or the time of the next try or the next question to the carrier.
    moment("wake_at", null=True),
    Column("attempts", Integer, nullable=False),
    # How often the carrier proved not to have it, and how often it could not say.
    Column("absences_proved", Integer, nullable=False),
    Column("questions", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("error", Text, nullable=False),
    UniqueConstraint("alert_id", "round", "step", "contact_id", "channel", "kind", "about"),
    one_of("channel", Channel),
    one_of("kind", MessageKind),
    one_of("state", Delivery),
)
_WAITING = text("wake_at IS NOT NULL")
Index(
    "ix_notifications_wake_at",
    notifications.c.wake_at,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
# A message about no alert exists once a contact and kind: in the key above NULL equals nothing.
OF_NO_ALERT = text("alert_id IS NULL")
Index(
    "uq_notifications_about",
    notifications.c.contact_id,
    notifications.c.channel,
    notifications.c.kind,
    notifications.c.about,
    unique=True,
    sqlite_where=OF_NO_ALERT,
    postgresql_where=OF_NO_ALERT,
)
Index("ix_notifications_provider_id", notifications.c.provider, notifications.c.provider_id)
attempts = Table(
    "attempts",
    PEOPLE,
    key(),
    Column("notification_id", Id, ForeignKey("notifications.id"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    moment("started_at"),
    moment("finished_at", null=True),
    Column("result", Text, nullable=False),
    Column("error", Text, nullable=False),
    UniqueConstraint("notification_id", "ordinal"),
)
receipts = Table(
    "receipts",
    PEOPLE,
    key(),
    Column("provider", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("error", Text, nullable=False),
    moment("received_at"),
    UniqueConstraint("provider", "provider_id", "state"),
)
replies = Table(
    "replies",
    PEOPLE,
    key(),
    Column("ref", Text, nullable=False, unique=True),
    Column("contact_id", Id, ForeignKey("contacts.id")),
    Column("sender", Text, nullable=False),
    Column("text", Text, nullable=False),
    moment("received_at"),
    Column("answer", Text, nullable=False),
    Column("alert_id", Id, ForeignKey("alerts.id"), index=True),
    Column("result", Text, nullable=False),
    moment("erased_at", null=True),
)
visits = Table(
    "visits",
    PEOPLE,
    key(),
    Column("household_id", Id, ForeignKey("households.id"), nullable=False, index=True),
    Column("visitor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("seen", Text, nullable=False),
    moment("logged_at", index=True),
    moment("dispatched_at", null=True),
    moment("arrived_at", null=True),
    moment("saw_person_at", null=True),
    Column("needs", Json, nullable=False),
    Column("corrects", Id, ForeignKey("visits.id")),
    one_of("mode", Mode),
    one_of("outcome", Outcome),
    one_of("seen", Seen),
)
visit_notes = Table(
    "visit_notes",
    PEOPLE,
    Column("visit_id", Id, ForeignKey("visits.id"), primary_key=True),
    Column("note", Text, nullable=False),
    moment("erased_at", null=True),
)
visit_alerts = Table(
    "visit_alerts",
    PEOPLE,
    Column("visit_id", Id, ForeignKey("visits.id"), primary_key=True),
    Column("alert_id", Id, ForeignKey("alerts.id"), primary_key=True, index=True),
)
# Alerts that were answered with somebody having left: the first use since is news to who was told.
awaited = Table(
    "awaited",
    PEOPLE,
    Column("alert_id", Id, ForeignKey("alerts.id"), primary_key=True),
    Column("household_id", Id, ForeignKey("households.id"), nullable=False, index=True),
    moment("since"),
)

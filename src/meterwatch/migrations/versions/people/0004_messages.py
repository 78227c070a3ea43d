"""The outbox, what carriers said of it, replies."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _receipts()
    _notifications()
    _indexes_of_notifications()
    _replies()
    _attempts()


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", ID, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint(
            "provider", "provider_id", "state", name=op.f("uq_receipts_provider_provider_id_state")
        ),
    )


def _columns_of_notifications() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", ID, nullable=False),
        sa.Column("alert_id", ID, nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", JSON, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("wake_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("absences_proved", sa.Integer(), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
    ]


def _notifications() -> None:
    op.create_table(
        "notifications",
        *_columns_of_notifications(),
        sa.CheckConstraint(
            "channel IN ('sms', 'console')", name=op.f("ck_notifications_channel_word")
        ),
        sa.CheckConstraint(
            "kind IN ('alert', 'good_news', 'going', 'closed', 'answer', 'absence', 'coming_back', "
            "'first_use', 'vacant')",
            name=op.f("ck_notifications_kind_word"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'submitting', 'unknown', 'accepted', 'sent', "
            "'delivered', 'rejected', 'undelivered', 'suppressed')",
            name=op.f("ck_notifications_state_word"),
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_notifications_alert_id_alerts")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_notifications_contact_id_contacts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "alert_id",
            "round",
            "step",
            "contact_id",
            "channel",
            "kind",
            "about",
            name=op.f("uq_notifications_alert_id_round_step_contact_id_channel_kind_about"),
        ),
        sa.UniqueConstraint("ref", name=op.f("uq_notifications_ref")),
    )


def _indexes_of_notifications() -> None:
    op.create_index(op.f("ix_notifications_alert_id"), "notifications", ["alert_id"], unique=False)
    op.create_index(
        op.f("ix_notifications_contact_id"), "notifications", ["contact_id"], unique=False
    )
    op.create_index(
        "ix_notifications_provider_id", "notifications", ["provider", "provider_id"], unique=False
    )
    op.create_index(
        "ix_notifications_wake_at",
        "notifications",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )


def _replies() -> None:
    op.create_table(
        "replies",
        sa.Column("id", ID, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("alert_id", ID, nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_replies_alert_id_alerts")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_replies_contact_id_contacts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
        sa.UniqueConstraint("ref", name=op.f("uq_replies_ref")),
    )
    op.create_index(op.f("ix_replies_alert_id"), "replies", ["alert_id"], unique=False)


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("notification_id", ID, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_attempts_notification_id_notifications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint(
            "notification_id", "ordinal", name=op.f("uq_attempts_notification_id_ordinal")
        ),
    )
    op.create_index(
        op.f("ix_attempts_notification_id"), "attempts", ["notification_id"], unique=False
    )

"""Signals, alerts and their timeline."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _alerts()
    _indexes_of_alerts()
    _alert_lines()
    _signals()


def _columns_of_alerts() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("policy", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_due_at", MOMENT, nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("had_it", JSON, nullable=False),
        sa.Column("said_safe_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
    ]


def _alerts() -> None:
    op.create_table(
        "alerts",
        *_columns_of_alerts(),
        sa.CheckConstraint(
            "(state = 'closed') = (next_due_at IS NULL)", name=op.f("ck_alerts_closed_or_due")
        ),
        sa.CheckConstraint(
            "condition IN ('active', 'cleared', 'unknown')", name=op.f("ck_alerts_condition_word")
        ),
        sa.CheckConstraint(
            "grade IN ('red', 'yellow', 'green')", name=op.f("ck_alerts_grade_word")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'acknowledged', 'visiting', 'closed')",
            name=op.f("ck_alerts_state_word"),
        ),
        sa.CheckConstraint(
            "subject_kind IN ('household', 'area')", name=op.f("ck_alerts_subject_kind_word")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )


def _indexes_of_alerts() -> None:
    op.create_index("ix_alerts_code", "alerts", ["code"], unique=False)
    op.create_index(
        "ix_alerts_due",
        "alerts",
        ["next_due_at"],
        unique=False,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(op.f("ix_alerts_opened_at"), "alerts", ["opened_at"], unique=False)
    op.create_index(
        "uq_alerts_standing",
        "alerts",
        ["subject_kind", "subject_id", "kind"],
        unique=True,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )


def _alert_lines() -> None:
    op.create_table(
        "alert_lines",
        sa.Column("id", ID, nullable=False),
        sa.Column("alert_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_alert_lines_alert_id_alerts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_lines")),
    )
    op.create_index(op.f("ix_alert_lines_alert_id"), "alert_lines", ["alert_id"], unique=False)


def _signals() -> None:
    op.create_table(
        "signals",
        sa.Column("id", ID, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("stored_at", MOMENT, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("alert_id", ID, nullable=False),
        sa.CheckConstraint(
            "origin IN ('heard', 'seen', 'missed')", name=op.f("ck_signals_origin_word")
        ),
        sa.CheckConstraint(
            "subject_kind IN ('household', 'area')", name=op.f("ck_signals_subject_kind_word")
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_signals_alert_id_alerts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
        sa.UniqueConstraint("key", name=op.f("uq_signals_key")),
    )
    op.create_index(op.f("ix_signals_alert_id"), "signals", ["alert_id"], unique=False)

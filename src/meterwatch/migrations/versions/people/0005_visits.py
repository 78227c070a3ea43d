"""The ledger of visits."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _visits()
    _visit_alerts()
    _visit_notes()


def _columns_of_visits() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("visitor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("logged_at", MOMENT, nullable=False),
        sa.Column("dispatched_at", MOMENT, nullable=True),
        sa.Column("arrived_at", MOMENT, nullable=True),
        sa.Column("saw_person_at", MOMENT, nullable=True),
        sa.Column("needs", JSON, nullable=False),
        sa.Column("corrects", ID, nullable=True),
    ]


def _visits() -> None:
    op.create_table(
        "visits",
        *_columns_of_visits(),
        sa.CheckConstraint(
            "mode IN ('home', 'phone', 'video', 'neighbour', 'unstated')",
            name=op.f("ck_visits_mode_word"),
        ),
        sa.CheckConstraint(
            "outcome IN ('safe', 'quiet_day', 'away_family', 'away_hospital', "
            "'away_travel', 'moved', 'deceased', 'fall', 'illness', 'needs_help', "
            "'leak', 'outage', 'meter_fault', 'meter_swapped', 'button_accidental', "
            "'button_test', 'button_fault', 'visitors', 'no_access', 'unknown')",
            name=op.f("ck_visits_outcome_word"),
        ),
        sa.CheckConstraint(
            "seen IN ('well', 'unwell', 'no_answer', 'not_home', 'entry_forced')",
            name=op.f("ck_visits_seen_word"),
        ),
        sa.ForeignKeyConstraint(
            ["corrects"], ["visits.id"], name=op.f("fk_visits_corrects_visits")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_visits_household_id_households")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index(op.f("ix_visits_household_id"), "visits", ["household_id"], unique=False)
    op.create_index(op.f("ix_visits_logged_at"), "visits", ["logged_at"], unique=False)


def _visit_alerts() -> None:
    op.create_table(
        "visit_alerts",
        sa.Column("visit_id", ID, nullable=False),
        sa.Column("alert_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_visit_alerts_alert_id_alerts")
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visits.id"], name=op.f("fk_visit_alerts_visit_id_visits")
        ),
        sa.PrimaryKeyConstraint("visit_id", "alert_id", name=op.f("pk_visit_alerts")),
    )
    op.create_index(op.f("ix_visit_alerts_alert_id"), "visit_alerts", ["alert_id"], unique=False)


def _visit_notes() -> None:
    op.create_table(
        "visit_notes",
        sa.Column("visit_id", ID, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visits.id"], name=op.f("fk_visit_notes_visit_id_visits")
        ),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_visit_notes")),
    )

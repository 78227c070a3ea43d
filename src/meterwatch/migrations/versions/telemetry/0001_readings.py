"""Readings and what is made of them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _doubles()
    _heads()
    _profiles()
    _readings()
    _rollups()
    _stands()


def _doubles() -> None:
    op.create_table(
        "doubles",
        sa.Column("id", ID, nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("measured_at", ID, nullable=False),
        sa.Column("received_at", ID, nullable=False),
        sa.Column("litres", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doubles")),
    )
    op.create_index(op.f("ix_doubles_device_id"), "doubles", ["device_id"], unique=False)
    op.create_index(
        "uq_doubles_device_id_measured_at_litres",
        "doubles",
        ["device_id", "measured_at", "litres"],
        unique=True,
    )


def _heads() -> None:
    op.create_table(
        "heads",
        sa.Column("device_id", ID, autoincrement=False, nullable=False),
        sa.Column("measured_at", ID, nullable=False),
        sa.Column("received_at", ID, nullable=False),
        sa.Column("litres", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_heads")),
    )


def _profiles() -> None:
    op.create_table(
        "profiles",
        sa.Column("household_id", ID, autoincrement=False, nullable=False),
        sa.Column("learnt_at", ID, nullable=False),
        sa.Column("limits_hours", sa.LargeBinary(), nullable=False),
        sa.Column("usual_litres", sa.LargeBinary(), nullable=False),
        sa.Column("longest_silence_hours", sa.LargeBinary(), nullable=False),
        sa.Column("days", sa.LargeBinary(), nullable=False),
        sa.Column("alarms_per_year", sa.LargeBinary(), nullable=False),
        sa.Column("widened", sa.LargeBinary(), nullable=False),
        sa.Column("night_litres_per_hour", sa.LargeBinary(), nullable=False),
        sa.Column("day_litres_per_hour", sa.LargeBinary(), nullable=False),
        sa.Column("usual_totals", sa.LargeBinary(), nullable=False),
        sa.Column("floors", sa.LargeBinary(), nullable=False),
        sa.Column("night_use", sa.LargeBinary(), nullable=False),
        sa.Column("returning_hours", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_profiles")),
    )


def _readings() -> None:
    op.create_table(
        "readings",
        sa.Column("device_id", ID, autoincrement=False, nullable=False),
        sa.Column("measured_at", ID, autoincrement=False, nullable=False),
        sa.Column("received_at", ID, nullable=False),
        sa.Column("litres", sa.Float(precision=53), nullable=False),
        sa.Column("odd", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "measured_at", name=op.f("pk_readings")),
    )
    op.create_index(
        "ix_readings_odd",
        "readings",
        ["device_id", "measured_at"],
        unique=False,
        sqlite_where=sa.text("odd <> ''"),
        postgresql_where=sa.text("odd <> ''"),
    )
    op.create_index(op.f("ix_readings_received_at"), "readings", ["received_at"], unique=False)


def _rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("household_id", ID, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("litres", sa.LargeBinary(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", "day", name=op.f("pk_rollups")),
    )


def _stands() -> None:
    op.create_table(
        "stands",
        sa.Column("household_id", ID, autoincrement=False, nullable=False),
        sa.Column("as_of", ID, nullable=False),
        sa.Column("last_use_at", ID, nullable=True),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("base_litres_per_hour", sa.Float(), nullable=False),
        sa.Column("limit_hours", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_stands")),
    )

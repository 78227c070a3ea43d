"""Who wants to hear of first uses, and whose first use is awaited."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _digests()
    _awaited()
    _messages_of_no_alert()


def _digests() -> None:
    op.create_table(
        "digests",
        sa.Column("household_id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_digests_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_digests_household_id_households")
        ),
        sa.PrimaryKeyConstraint("household_id", "contact_id", name=op.f("pk_digests")),
    )
    op.create_index(op.f("ix_digests_contact_id"), "digests", ["contact_id"], unique=False)


def _awaited() -> None:
    op.create_table(
        "awaited",
        sa.Column("alert_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_awaited_alert_id_alerts")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_awaited_household_id_households")
        ),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_awaited")),
    )
    op.create_index(op.f("ix_awaited_household_id"), "awaited", ["household_id"], unique=False)


def _messages_of_no_alert() -> None:
    of_no_alert = sa.text("alert_id IS NULL")
    op.create_index(
        "uq_notifications_about",
        "notifications",
        ["contact_id", "channel", "kind", "about"],
        unique=True,
        sqlite_where=of_no_alert,
        postgresql_where=of_no_alert,
    )

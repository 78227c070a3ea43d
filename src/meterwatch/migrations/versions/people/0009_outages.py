"""Buildings, pressure zones, and announced outages."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("households") as households:
        for name in ("building", "zone"):
            households.add_column(sa.Column(name, sa.Text(), nullable=True))
    op.create_table(
        "outages",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('building', 'area', 'zone', 'hub')", name=op.f("ck_outages_kind_word")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_outages_area_id_areas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
    )
    op.create_index(op.f("ix_outages_area_id"), "outages", ["area_id"], unique=False)
    op.create_index(op.f("ix_outages_until"), "outages", ["until"], unique=False)

"""The patterns of silences that are learnt of each home."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "patterns",
        sa.Column("household_id", ID, autoincrement=False, nullable=False),
        sa.Column("counted_until", sa.Date(), nullable=False),
        sa.Column("left_out", ID, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_patterns")),
    )

"""A home's own budget of false alarms."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("households") as households:
        households.add_column(sa.Column("alarms_per_year", sa.Float(), nullable=True))

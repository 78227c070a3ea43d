"""What homes have in common: announced outages, and how many of a group used water at each look."""

from sqlalchemy import Column, Date, ForeignKey, LargeBinary, Table, Text

from meterwatch.domain.outage import GroupKind
from meterwatch.store.tables.base import PEOPLE, TELEMETRY, Id, key, moment, one_of

outages = Table(
    "outages",
    PEOPLE,
    key(),
    Column("kind", Text, nullable=False),
    Column("area_id", Id, ForeignKey("areas.id"), nullable=False, index=True),
    # The building, the pressure zone or the hub; empty for an area itself.
    Column("name", Text, nullable=False),
    moment("since"),
    moment("until", index=True),
    Column("what", Text, nullable=False),
    Column("said_by", Text, nullable=False),
    moment("said_at"),
    moment("ended_at", null=True),
    Column("ended_by", Text, nullable=False),
    one_of("kind", GroupKind),
)
# One row a group and local day: uint32, little-endian, for 24 looks, each of the windows that are
# looked back, the homes judged and the homes that used water.
group_days = Table(
    "group_days",
    TELEMETRY,
    Column("key", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("counts", LargeBinary, nullable=False),
)

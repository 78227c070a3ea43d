"""Readings, what was put aside of them, day roll-ups, profiles, where each home stands.

Moments are whole epoch seconds here: they go straight into arrays. `device_id` and `household_id`
point into the other database and carry no foreign key.
"""

from sqlalchemy import Column, Date, Float, Index, Integer, LargeBinary, Table, Text, text

from meterwatch.domain.usage import UsageProfile
from meterwatch.store.tables.base import TELEMETRY, Id, key

readings = Table(
    "readings",
    TELEMETRY,
    Column("device_id", Id, primary_key=True, autoincrement=False),
    Column("measured_at", Id, primary_key=True, autoincrement=False),
    Column("received_at", Id, nullable=False, index=True),
    Column("litres", Float(53), nullable=False),
    # Why it was put aside (`Oddity`); empty if it counts.
    Column("odd", Text, nullable=False),
)
_ODD = text("odd <> ''")
Index(
    "ix_readings_odd",
    readings.c.device_id,
    readings.c.measured_at,
    sqlite_where=_ODD,
    postgresql_where=_ODD,
)
# A second, different register for an instant that already has one.
doubles = Table(
    "doubles",
    TELEMETRY,
    key(),
    Column("device_id", Id, nullable=False, index=True),
    Column("measured_at", Id, nullable=False),
    Column("received_at", Id, nullable=False),
    Column("litres", Float(53), nullable=False),
)
Index(
    "uq_doubles_device_id_measured_at_litres",
    doubles.c.device_id,
    doubles.c.measured_at,
    doubles.c.litres,
    unique=True,
)
heads = Table(
    "heads",
    TELEMETRY,
    Column("device_id", Id, primary_key=True, autoincrement=False),
    Column("measured_at", Id, nullable=False),
    Column("received_at", Id, nullable=False),
    Column("litres", Float(53), nullable=False),
)
rollups = Table(
    "rollups",
    TELEMETRY,
    Column("household_id", Id, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    # 24 float32 litres by local hour, and 24 bits that say which hours are known.
    Column("litres", LargeBinary, nullable=False),
    Column("known", Integer, nullable=False),
)
# How often silences of each home began when and lasted how long, up to and with a local day.
patterns = Table(
    "patterns",
    TELEMETRY,
    Column("household_id", Id, primary_key=True, autoincrement=False),
    Column("counted_until", Date, nullable=False),
    # A sum over the times left out of the counted days: another one, and they are counted anew.
    Column("left_out", Id, nullable=False),
    Column("state", LargeBinary, nullable=False),
)
# One column an array of `UsageProfile`: float32, little-endian, NaN where nothing is learnt.
profiles = Table(
    "profiles",
    TELEMETRY,
    Column("household_id", Id, primary_key=True, autoincrement=False),
    Column("learnt_at", Id, nullable=False),
    *(Column(name, LargeBinary, nullable=False) for name in UsageProfile.shapes()),
)
# Where each home stood when it was last judged; the pages read it.
stands = Table(
    "stands",
    TELEMETRY,
    Column("household_id", Id, primary_key=True, autoincrement=False),
    Column("as_of", Id, nullable=False),
    Column("last_use_at", Id),
    Column("known", Integer, nullable=False),
    Column("base_litres_per_hour", Float, nullable=False),
    Column("limit_hours", Float),
)

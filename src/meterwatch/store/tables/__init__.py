"""Every table, one file a concern.

`PEOPLE` is kept in `meterwatch.db`, `TELEMETRY` in `telemetry.db`; on PostgreSQL both are in one
database. No transaction spans the two.
"""

from meterwatch.store.tables import alerts, groups, house, people, telemetry
from meterwatch.store.tables.base import PEOPLE, TELEMETRY

__all__ = ["PEOPLE", "TELEMETRY", "alerts", "groups", "house", "people", "telemetry"]

"""Announcing an outage: what may be said, that it is audited, and that it ends once."""

from datetime import timedelta

import pytest

from meterwatch.domain.outage import GroupKind, Outage
from meterwatch.pipeline.respond import announce_outage, end_outage
from meterwatch.pipeline.respond.outages import OutageRefused
from meterwatch.store import Store
from meterwatch.store.tables import groups, house
from tests.parts.street import build_street
from tests.pipeline.acting import NOW, rows_of

HOUR = timedelta(hours=1)


def outage(area: int, begins: float, ends: float) -> Outage:
    since, until = NOW + begins * HOUR, NOW + ends * HOUR
    return Outage(0, GroupKind.AREA, area, "", since, until, "works")


def test_an_outage_is_announced_and_ended_with_a_line_in_the_audit_trail_each(
    sqlite_store: Store,
) -> None:
    area = build_street(sqlite_store).area
    number = announce_outage(sqlite_store, outage(area, -1, 6), "user:1", NOW)
    assert end_outage(sqlite_store, number, "user:2", NOW + HOUR)
    assert not end_outage(sqlite_store, number, "user:3", NOW + HOUR)
    assert not end_outage(sqlite_store, number + 1, "user:3", NOW + HOUR)
    lines = [(row["actor"], row["act"]) for row in rows_of(sqlite_store, house.audit)]
    assert lines == [("user:1", "outage"), ("user:2", "outage_ended")]


@pytest.mark.parametrize(("begins", "ends"), [(2, 1), (1, 1), (-5, 0), (-5, -1), (0, 24.5)])
def test_an_outage_that_cannot_be_meant_or_lasts_longer_than_a_day_is_refused(
    sqlite_store: Store, begins: float, ends: float
) -> None:
    area = build_street(sqlite_store).area
    with pytest.raises(OutageRefused, match="until: must be"):
        announce_outage(sqlite_store, outage(area, begins, ends), "user:1", NOW)
    assert rows_of(sqlite_store, groups.outages) == []

"""The calendar of learning: which night is in force, and what it knows."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.detectors.schedule import NIGHT_HOUR, night_begins, night_of
from meterwatch.domain.usage import LocalTime

ZONES = ("Asia/Shanghai", "Europe/Madrid", "Europe/Kyiv", "America/New_York", "Asia/Kolkata")
DAY = 86_400


def day(year: int, month: int, number: int) -> int:
    return int(datetime(year, month, number, tzinfo=UTC).timestamp()) // DAY


@pytest.mark.parametrize("zone", ZONES)
def test_a_night_begins_in_the_very_second_from_which_it_is_in_force(zone: str) -> None:
    local = LocalTime.of(ZoneInfo(zone))
    for night in range(day(2026, 1, 1), day(2027, 1, 1)):
        begins = night_begins(local, night)
        around = night_of(local, np.array([begins - 1.0, begins + 0.0, begins + 3_600.0]))
        assert around.tolist() == [night - 1, night, night]
        assert datetime.fromtimestamp(begins, ZoneInfo(zone)).hour in {NIGHT_HOUR, NIGHT_HOUR + 1}


def test_before_three_the_night_before_is_still_in_force() -> None:
    local = LocalTime.of(ZoneInfo("Asia/Shanghai"))
    moments = [datetime(2026, 3, 2, hour, tzinfo=UTC).timestamp() for hour in (18, 19)]
    assert night_of(local, np.array(moments)).tolist() == [day(2026, 3, 2), day(2026, 3, 3)]


def test_where_the_clocks_skip_three_the_night_begins_at_the_hour_that_comes() -> None:
    local = LocalTime.of(ZoneInfo("Europe/Kyiv"))
    begins = night_begins(local, day(2026, 3, 29))
    assert datetime.fromtimestamp(begins, UTC) == datetime(2026, 3, 29, 1, tzinfo=UTC)

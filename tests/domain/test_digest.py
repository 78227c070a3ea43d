"""The hours of the people: when their day begins, and when a message that can wait may come."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from meterwatch.domain.digest import DailyRule

SHANGHAI, MADRID = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Madrid")


def test_the_day_and_its_hours_are_those_of_the_people() -> None:
    hours = DailyRule().hours(datetime(2026, 3, 4, 23, tzinfo=UTC), SHANGHAI)
    assert hours.day == date(2026, 3, 5)
    assert hours.begins == datetime(2026, 3, 4, 20, tzinfo=UTC)
    assert hours.opens == datetime(2026, 3, 4, 23, tzinfo=UTC)
    assert hours.closes == datetime(2026, 3, 5, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "may"), [(6.99, False), (7, True), (20.99, True), (21, False), (23, False)]
)
def test_nobody_is_written_to_at_night(hour: float, may: bool) -> None:
    now = datetime(2026, 3, 4, tzinfo=UTC) + timedelta(hours=hour)
    assert DailyRule().hours(now, UTC).are_open(now) == may


def test_seven_is_seven_on_the_day_on_which_the_clocks_change() -> None:
    for day, utc in ((28, 6), (29, 5)):
        hours = DailyRule().hours(datetime(2026, 3, day, 12, tzinfo=UTC), MADRID)
        assert hours.opens == datetime(2026, 3, day, utc, tzinfo=UTC)


def test_a_rule_may_be_open_until_midnight() -> None:
    hours = DailyRule(0.0, 0.0, 24.0).hours(datetime(2026, 3, 4, 12, tzinfo=UTC), UTC)
    assert hours.closes == datetime(2026, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [(8, 7, 21), (4, 21, 21), (-1, 7, 21), (4, 7, 25)])
def test_hours_out_of_order_are_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        DailyRule(*wrong)

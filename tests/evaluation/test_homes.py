from datetime import UTC

import pytest

from meterwatch.domain.usage import LocalTime
from meterwatch.evaluation.homes import enter
from meterwatch.evaluation.records import as_record
from tests.evaluation.known import entered
from tests.evaluation.made_up import HOUR, START, record

LOCAL = LocalTime.of(UTC)


def test_a_home_with_too_few_readings_does_not_enter() -> None:
    assert enter(record(days=104), LOCAL, 3.0) is None
    assert enter(record(days=105), LOCAL, 3.0) is not None


def test_a_home_that_is_mostly_unheard_does_not_enter() -> None:
    spoken_of = [(START + hour * HOUR, float(hour)) for hour in range(2_600)]
    late = [(START + hour * HOUR, 2_600.0) for hour in range(2_600, 5_000, 100)]
    assert enter(as_record("a", spoken_of + late), LOCAL, 3.0) is None


def test_a_home_that_stands_empty_on_many_days_does_not_enter() -> None:
    assert enter(record(((0, 40 * 24),)), LOCAL, 3.0) is None
    assert enter(record(((0, 30 * 24),)), LOCAL, 3.0) is not None


def test_short_readings_of_less_than_the_history_do_not_enter() -> None:
    quarters = [(START + number * 900.0, number * 2.0) for number in range(2_600)]
    assert enter(as_record("a", quarters), LOCAL, 3.0) is None


def test_the_first_four_weeks_are_history_only() -> None:
    home = entered(record())
    assert home.record.ends_at[home.judged[0]] == START + 28 * 24 * HOUR + HOUR
    assert home.years == pytest.approx(92 / 365.25)


def test_time_in_long_gaps_is_not_covered() -> None:
    home = entered(record(lost=((40 * 24, 50 * 24),)))
    assert home.years == pytest.approx((92 - 10 - 1 / 24) / 365.25)

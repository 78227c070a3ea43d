from datetime import UTC

import numpy as np
import pytest

from meterwatch.domain.usage import LocalTime
from meterwatch.evaluation.homes import Home, enter
from meterwatch.evaluation.records import Record, as_record
from tests.evaluation.made_up import HOUR, START, record

LOCAL = LocalTime.of(UTC)


def entered(of: Record) -> Home:
    home = enter(of, LOCAL, 3.0)
    assert home is not None
    return home


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


def test_a_window_holds_what_had_been_read_and_nothing_later() -> None:
    home = entered(record())
    seen = 0
    for at, usage in home.windows():
        for row, newest in enumerate(at):
            oldest = max(newest - home.width + 1, 0)
            assert usage.as_of[row] == home.record.ends_at[newest]
            expected = home.record.litres[oldest : newest + 1]
            assert usage.litres[row][-len(expected) :].tolist() == expected.tolist()
            seen += 1
    assert seen == len(home.judged)


def test_the_profile_of_a_day_is_learnt_from_the_days_before_it() -> None:
    quiet_on_day_60 = entered(record(((60 * 24, 61 * 24),)))
    noon = START + (np.array([59, 60, 61, 62, 89, 90]) * 24 + 12) * HOUR
    longest = quiet_on_day_60.profile_at(noon).longest_silence_hours.tolist()
    # The silence runs from 20 h of day 59 to 7 h of day 61: 4 + 24 + 7 hours.
    assert longest == [11.0, 11.0, 11.0, 35.0, 11.0, 11.0]


def test_the_future_changes_no_profile_of_the_past() -> None:
    one = entered(record())
    other = entered(record(((70 * 24, 90 * 24),)))
    days = START + (np.arange(28.0, 70.0) * 24 + 12) * HOUR
    before, after = (home.profile_at(days).limits_hours for home in (one, other))
    assert before.tobytes() == after.tobytes()

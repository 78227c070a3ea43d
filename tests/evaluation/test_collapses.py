from datetime import UTC

import numpy as np
import pytest

from meterwatch.detectors import NoUse
from meterwatch.domain.usage import LocalTime
from meterwatch.evaluation.collapses import Collapses, delays, inject
from meterwatch.evaluation.homes import Home, enter
from meterwatch.evaluation.records import Record
from tests.evaluation.made_up import HOUR, START, record

DAY = 24


def entered(of: Record) -> Home:
    home = enter(of, LocalTime.of(UTC), 3.0)
    assert home is not None
    return home


def fallen(home: Home, number: int = 60, seed: int = 3) -> Collapses:
    return inject(home, number, np.random.default_rng(seed))


def fixed(hours: float) -> NoUse:
    return NoUse(default_limit_hours=hours, min_limit_hours=hours, max_limit_hours=hours)


def test_collapses_lie_within_use_after_the_history_and_before_the_last_three_days() -> None:
    home = entered(record(((50 * DAY, 56 * DAY),)))
    falls = fallen(home, 200)
    assert len(falls.at) == 200
    uses = home.record.ends_at[home.in_use]
    for at in falls.at:
        assert 0 <= at - uses[uses <= at].max() <= 12 * HOUR
        assert 0 < uses[uses > at].min() - at <= 12 * HOUR
    assert falls.at.min() >= START + 28 * DAY * HOUR
    assert falls.at.max() <= home.record.ends_at[-1] - 72 * HOUR


def test_the_same_seed_gives_the_same_collapses_and_another_gives_others() -> None:
    home = entered(record())
    assert fallen(home).at.tolist() == fallen(home).at.tolist()
    assert fallen(home).at.tolist() != fallen(home, seed=4).at.tolist()


def test_human_use_stops_at_the_collapse() -> None:
    home = entered(record())
    falls = fallen(home)
    for index in range(len(falls.at)):
        shown = falls.litres[index, : falls.count[index]]
        assert (shown[1:] == 0.0).all()
        assert shown[0] <= home.record.litres[falls.first[index]]


def test_a_standing_leak_goes_on() -> None:
    home = entered(record(leak=6.0))
    falls = fallen(home)
    for index in range(len(falls.at)):
        assert falls.litres[index, 1 : falls.count[index]] == pytest.approx(6.0, abs=1.0)


def test_somebody_up_at_night_is_no_leak() -> None:
    home = entered(record())
    uses = home.record.litres.copy()
    night = np.isin(np.arange(len(uses)) % 24, (2, 3, 4))
    uses[night] = 8.0
    restless = entered(
        Record("b", START, home.record.ends_at, home.record.hours, uses, home.record.readings)
    )
    falls = fallen(restless)
    assert all(
        (falls.litres[index, 1 : falls.count[index]] == 0.0).all() for index in range(len(falls.at))
    )


def test_the_delay_is_that_of_the_first_reading_at_which_the_limit_is_reached() -> None:
    home = entered(record())
    falls = fallen(home)
    found = delays(home, falls, fixed(14.0))
    uses = home.record.ends_at[home.in_use]
    for index, at in enumerate(falls.at):
        last = uses[uses <= at].max()
        if falls.litres[index, 0] >= 3.0:  # drawn in the hour of the fall, before it
            last = home.record.ends_at[falls.first[index]]
        readings = home.record.ends_at[home.record.ends_at > at]
        first = readings[readings - last >= 14 * HOUR].min()
        assert found[index] == pytest.approx((first - at) / HOUR)


def test_what_is_not_found_within_three_days_is_missed() -> None:
    home = entered(record(lost=((60 * DAY, 66 * DAY),)))
    falls = fallen(home, 400)
    lost = (falls.at > START + (60 * DAY - 10) * HOUR) & (falls.at < START + 60 * DAY * HOUR)
    assert lost.any()
    found = delays(home, falls, fixed(14.0))
    assert np.isinf(found[lost]).all()
    day_before = (falls.at > START + 59 * DAY * HOUR) & (falls.at < START + 60 * DAY * HOUR)
    assert np.isfinite(found[~day_before]).all()


def test_a_leak_that_is_subtracted_does_not_hide_a_collapse() -> None:
    home = entered(record(leak=6.0))
    found = delays(home, fallen(home), fixed(14.0))
    assert np.isfinite(found).all()
    assert np.median(found) < 20.0

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.domain.usage import LocalTime
from meterwatch.evaluation.arrivals import Arrivals
from meterwatch.evaluation.records import with_gaps
from tests.evaluation.made_up import HOUR, record

MADRID = LocalTime.of(ZoneInfo("Europe/Madrid"))


def at(*moments: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([datetime.fromisoformat(f"{each}Z").timestamp() for each in moments])


def test_at_once_every_reading_is_heard_and_looked_at() -> None:
    ends = at("2016-03-26T10:00", "2016-03-26T11:00")
    heard, looked = Arrivals().of(ends, MADRID)
    assert heard.tolist() == ends.tolist()
    assert looked.tolist() == [True, True]


def test_a_daily_sending_comes_at_the_same_local_hour_in_winter_and_in_summer() -> None:
    ends = at("2016-03-25T20:00", "2016-03-26T05:00", "2016-03-26T05:30", "2016-03-27T12:00")
    heard, looked = Arrivals(daily_at=6.0).of(ends, MADRID)
    sent = [datetime.fromtimestamp(each, UTC).isoformat()[5:16] for each in heard]
    assert sent == ["03-26T05:00", "03-26T05:00", "03-27T04:00", "03-28T04:00"]
    assert looked.tolist() == [False, True, True, True]


def test_transport_comes_on_top() -> None:
    ends = at("2016-07-01T03:00", "2016-07-01T05:00")
    heard, _ = Arrivals(transport_hours=2.5, daily_at=6.0).of(ends, MADRID)
    assert heard.tolist() == (at("2016-07-01T04:00", "2016-07-02T04:00") + 2.5 * HOUR).tolist()


def test_lost_readings_take_no_water_with_them() -> None:
    whole = record()
    lossy = with_gaps(whole, 0.1, 7)
    assert len(lossy.ends_at) == pytest.approx(0.9 * len(whole.ends_at), rel=0.02)
    assert lossy.drawn.sum() == whole.drawn.sum()
    assert lossy.hours.sum() == whole.hours.sum()
    assert lossy.ends_at[-1] == whole.ends_at[-1]
    assert set(lossy.ends_at) < set(whole.ends_at)
    gaps = lossy.hours > 1.6
    assert np.isnan(lossy.litres[gaps & (lossy.drawn > 0)]).all()
    assert (lossy.litres[gaps & (lossy.drawn == 0)] == 0).all()


def test_the_same_seed_loses_the_same_readings() -> None:
    assert with_gaps(record(), 0.1, 7).ends_at.tolist() == (
        with_gaps(record(), 0.1, 7).ends_at.tolist()
    )
    assert with_gaps(record(), 0.1, 7).readings != with_gaps(record(), 0.3, 7).readings

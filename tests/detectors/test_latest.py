import numpy as np
import pytest

from meterwatch.detectors.arrays import base_flow, present, used
from meterwatch.detectors.latest import last_drawn
from meterwatch.domain.usage import Floats, UsageWindow
from tests.detectors.towns import town


def told_by_all(usage: UsageWindow) -> tuple[Floats, Floats]:
    """Say it again from the whole window, with nothing left out."""
    base = base_flow(usage)
    drawn = used(usage, base, 3.0) | (present(usage) & np.isnan(usage.litres))
    at = np.where(drawn, usage.ends_at, -np.inf).max(axis=1)
    return np.where(np.isfinite(at), at, np.nan), base[:, -1]


@pytest.mark.parametrize("intervals", [1, 2, 29, 30, 31, 59, 60, 61, 133])
def test_what_was_drawn_last_is_told_as_from_the_whole_window(intervals: int) -> None:
    for seed in range(8):
        usage = town(seed, homes=80, intervals=intervals)
        at, base = last_drawn(usage, 3.0)
        whole_at, whole_base = told_by_all(usage)
        assert at.tobytes() == whole_at.tobytes()
        assert base.tobytes() == whole_base.tobytes()


def test_towns_hold_homes_with_a_standing_flow_and_homes_that_drew_long_ago() -> None:
    usage = town(3, homes=80, intervals=133)
    at, base = last_drawn(usage, 3.0)
    assert (base > 0).sum() > 5
    assert (usage.as_of - at > 2 * 86_400).sum() > 5


def test_the_base_flow_of_the_newest_intervals_is_that_of_all() -> None:
    usage = town(5, homes=80, intervals=133)
    whole = base_flow(usage)
    assert (whole > 0).any()
    for count in (1, 7, 40, 133):
        assert np.array_equal(base_flow(usage, count), whole[:, -count:])


def test_no_homes_are_no_trouble() -> None:
    nobody = town(1).part(np.array([], dtype=np.int64), newest=5)
    at, base = last_drawn(nobody, 3.0)
    assert len(at) == len(base) == 0

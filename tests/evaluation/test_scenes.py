import numpy as np

from meterwatch.evaluation.homes import Home
from meterwatch.evaluation.records import Record
from meterwatch.evaluation.scenes import untouched
from tests.evaluation.known import entered
from tests.evaluation.made_up import HOUR, record

DAYS = 5


def held(home: Home, newest: int) -> list[float]:
    """Give what the board would hold at a reading: the intervals within five days."""
    ends, hours = home.record.ends_at[: newest + 1], home.record.hours[: newest + 1]
    inside = ends - hours * HOUR >= ends[-1] - DAYS * 24 * HOUR
    inside[-1] = True
    return [float(each) for each in home.record.litres[: newest + 1][inside]]


def windows_agree(of: Record) -> None:
    home = entered(of)
    scene = untouched(home)
    columns = np.flatnonzero(scene.judged[0])
    usage = scene.windows(np.zeros_like(columns), columns)
    assert len(columns) == len(home.judged)
    for row, newest in enumerate(home.judged[::7]):
        shown = usage.litres[row * 7][np.isfinite(usage.ends_at[row * 7])]
        assert usage.as_of[row * 7] == home.record.ends_at[newest]
        assert np.array_equal(shown, held(home, int(newest)), equal_nan=True)


def test_a_window_holds_what_had_been_read_and_nothing_later() -> None:
    windows_agree(record())


def test_a_window_holds_five_days_however_many_readings_are_missing() -> None:
    windows_agree(record(lost=((40 * 24, 43 * 24), (44 * 24, 44 * 24 + 5), (60 * 24, 70 * 24))))

import numpy as np
import pytest

from meterwatch.detectors import Detector, NoUse
from meterwatch.domain.usage import Floats
from meterwatch.evaluation.arrivals import Arrivals
from meterwatch.evaluation.homes import Home
from meterwatch.evaluation.injections import COLLAPSE, LEAK, TAP, Injection, inject, partial
from meterwatch.evaluation.judging import Judge
from meterwatch.evaluation.nights import Nights, learn_nights
from meterwatch.evaluation.plain import Plainly, View, named
from meterwatch.evaluation.records import Record
from meterwatch.evaluation.scenes import Scene, untouched
from tests.evaluation.known import PRIOR, entered
from tests.evaluation.made_up import HOUR, START, record

DAY = 24


def struck(home: Home, what: Injection = COLLAPSE, number: int = 60, seed: int = 3) -> Scene:
    return inject(home, what, number, seed)


def shown(scene: Scene, row: int) -> Floats:
    """Give what the meter shows from the interval of an injection on."""
    after = scene.drawn[row, scene.width - 1 :]
    return after[np.isfinite(scene.ends_at[row, scene.width - 1 :])]


def fixed(hours: float) -> NoUse:
    return NoUse(default_limit_hours=hours, min_limit_hours=hours, max_limit_hours=hours)


def delays(home: Home, scene: Scene, detector: Detector) -> Floats:
    (learnt,) = learn_nights(Nights.of([home]), [PRIOR], [5.0])[5.0]
    return Judge(detector, learnt).delays(scene)


def test_collapses_lie_within_use_after_the_history_and_before_the_last_three_days() -> None:
    home = entered(record(((50 * DAY, 56 * DAY),)))
    falls = struck(home, number=200)
    assert len(falls.struck_at) == 200
    uses = home.record.ends_at[home.in_use]
    for at in falls.struck_at:
        assert 0 <= at - uses[uses <= at].max() <= 12 * HOUR
        assert 0 < uses[uses > at].min() - at <= 12 * HOUR
    assert falls.struck_at.min() >= START + 28 * DAY * HOUR
    assert falls.struck_at.max() <= home.record.ends_at[-1] - 72 * HOUR


def test_the_same_seed_gives_the_same_collapses_and_another_gives_others() -> None:
    home = entered(record())
    assert struck(home).struck_at.tolist() == struck(home).struck_at.tolist()
    assert struck(home).struck_at.tolist() != struck(home, seed=4).struck_at.tolist()


def test_the_past_of_an_injection_is_that_of_the_record() -> None:
    home = entered(record())
    scene = struck(home, number=20)
    for row, at in enumerate(scene.struck_at):
        before = scene.ends_at[row, : scene.width - 1]
        there = np.searchsorted(home.record.ends_at, at, side="right")
        assert before.tolist() == home.record.ends_at[there - scene.width + 1 : there].tolist()
        assert not scene.judged[row, : scene.width - 1].any()
        assert (scene.ends_at[row][scene.judged[row]] > at).all()


def test_human_use_stops_at_a_collapse() -> None:
    home = entered(record())
    falls = struck(home)
    for row, at in enumerate(falls.struck_at):
        first = np.searchsorted(home.record.ends_at, at, side="right")
        assert (shown(falls, row)[1:] == 0.0).all()
        assert shown(falls, row)[0] <= home.record.drawn[first]


def test_a_standing_leak_goes_on() -> None:
    falls = struck(entered(record(leak=6.0)))
    for row in range(len(falls.struck_at)):
        assert shown(falls, row)[1:] == pytest.approx(6.0, abs=1.0)


def test_somebody_up_at_night_is_no_leak() -> None:
    usual = record()
    uses = usual.drawn.copy()
    uses[np.isin(np.arange(len(uses)) % 24, (2, 3, 4))] = 8.0
    restless = Record("b", START, usual.ends_at, usual.hours, uses, uses, usual.readings)
    falls = struck(entered(restless))
    assert all((shown(falls, row)[1:] == 0.0).all() for row in range(len(falls.struck_at)))


def test_a_partial_collapse_leaves_its_share_of_use() -> None:
    scene = struck(entered(record()), partial(0.25), number=100)
    days = [shown(scene, row)[1:].sum() / 3.0 for row in range(100)]
    assert np.mean(days) == pytest.approx(30.0 * 0.25, rel=0.1)


def test_a_tap_and_a_leak_add_to_the_use_of_the_home() -> None:
    home = entered(record())
    for what, rate in ((TAP, 200.0), (LEAK, 10.0)):
        scene = struck(home, what, number=30)
        for row, at in enumerate(scene.struck_at):
            first = np.searchsorted(home.record.ends_at, at, side="right")
            after = shown(scene, row)
            usual = home.record.drawn[first : first + len(after)]
            assert (after - usual)[1:] == pytest.approx(rate, abs=1.0)
            assert 0.0 <= (after - usual)[0] <= rate


def test_the_delay_is_that_of_the_first_reading_at_which_the_limit_is_reached() -> None:
    home = entered(record())
    falls = struck(home)
    found = delays(home, falls, fixed(14.0))
    plainly = Plainly(untouched(home)).delays(named("F14"), View(falls))
    assert found.tolist() == plainly.tolist()
    uses = home.record.ends_at[home.in_use]
    for row, at in enumerate(falls.struck_at):
        last = uses[uses <= at].max()
        if shown(falls, row)[0] >= 3.0:  # drawn in the hour of the fall, before it
            last = home.record.ends_at[np.searchsorted(home.record.ends_at, at, side="right")]
        readings = home.record.ends_at[home.record.ends_at > at]
        first = readings[readings - last >= 14 * HOUR].min()
        assert found[row] == pytest.approx((first - at) / HOUR)


def test_what_is_not_heard_for_three_days_is_missed() -> None:
    home = entered(record(lost=((60 * DAY, 66 * DAY),)))
    falls = struck(home, number=400)
    at = (falls.struck_at - START) / HOUR
    lost = (at > 60 * DAY - 10) & (at < 60 * DAY)
    assert lost.any()
    found = delays(home, falls, fixed(14.0))
    assert np.isinf(found[lost]).all()
    assert np.isfinite(found[~((at > 59 * DAY) & (at < 60 * DAY))]).all()


def test_a_leak_that_is_subtracted_does_not_hide_a_collapse() -> None:
    home = entered(record(leak=6.0))
    found = delays(home, struck(home), fixed(14.0))
    assert np.isfinite(found).all()
    assert np.median(found) < 20.0


def test_what_is_sent_once_a_day_is_found_at_a_sending() -> None:
    home = entered(record(), Arrivals(daily_at=6.0))
    scene = struck(home)
    found = delays(home, scene, fixed(14.0))
    clock = (scene.struck_at + found * HOUR - START) / HOUR % DAY
    assert clock[np.isfinite(found)] == pytest.approx(6.0)
    assert np.median(found) > np.median(delays(*_at_once(), fixed(14.0)))


def _at_once() -> tuple[Home, Scene]:
    home = entered(record())
    return home, struck(home)

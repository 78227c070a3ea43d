import math

import numpy as np
import pytest

from meterwatch.detectors.night_flow import FlowsTold, learn_day_flow, learn_night_flow
from meterwatch.domain.usage import HOURS, Floats

NAN = math.nan
FIRST = 20_000
DAY = 86_400.0


def days(count: int, leak: float = 0.0) -> Floats:
    """One home in ordinary use, with a leak."""
    day = np.array(
        [0, 0, 0, 0, 0, 9, 30, 12, 0, 40, 0, 15, 22, 0, 0, 6, 0, 30, 45, 10, 12, 0, 9, 6]
    )
    return np.tile(day.astype(np.float64), (1, count, 1)) + leak


def night(past: Floats, answered: float = NAN, unanswered: float = NAN) -> float:
    told = FlowsTold(np.array([answered]), np.array([unanswered]))
    (learnt,) = learn_night_flow(past, FIRST, told).tolist()
    return float(learnt)


def test_a_home_that_shuts_its_taps_has_no_night_flow() -> None:
    assert night(days(28)) == 0.0


def test_a_leak_that_stands_for_weeks_is_the_night_flow() -> None:
    assert night(days(28, leak=12.0)) == 12.0


def test_a_trickle_shows_although_the_register_steps_by_whole_litres() -> None:
    past = days(28)
    past[:, :, ::3] += 1.0
    assert night(past) == pytest.approx(1 / 3)


@pytest.mark.parametrize(("leaking", "learnt"), [(5, 0.0), (20, 0.0), (22, 12.0)])
def test_a_leak_is_learnt_only_after_three_weeks_of_standing(leaking: int, learnt: float) -> None:
    past = np.concatenate([days(28 - leaking), days(leaking, leak=12.0)], axis=1)
    assert night(past) == learnt


def test_a_leak_that_was_mended_is_forgotten_within_a_week() -> None:
    past = np.concatenate([days(21, leak=12.0), days(7)], axis=1)
    assert night(past) == 0.0


def test_a_leak_that_people_answered_for_is_learnt_from_the_day_after() -> None:
    past = np.concatenate([days(24), days(4, leak=12.0)], axis=1)
    answered = (FIRST + 26) * DAY + 15 * 3_600.0
    assert night(past) == 0.0
    assert night(past, answered) == 12.0


def test_a_leak_that_was_mended_at_the_visit_is_not_learnt() -> None:
    past = np.concatenate([days(20, leak=12.0), days(8)], axis=1)
    assert night(past, (FIRST + 20) * DAY) == 0.0


def test_the_rest_of_the_day_of_an_answer_is_too_little_to_learn_from() -> None:
    assert math.isnan(night(days(28, leak=12.0), (FIRST + 27) * DAY + 15 * 3_600.0))


def test_an_answer_of_long_ago_changes_nothing() -> None:
    assert night(days(28, leak=12.0), (FIRST - 300) * DAY) == 12.0


def test_a_leak_that_nobody_answered_for_is_not_learnt_however_long_it_stands() -> None:
    past = np.concatenate([days(8), days(20, leak=12.0)], axis=1)
    assert night(past, unanswered=(FIRST + 8) * DAY + 600.0) == 0.0
    assert math.isnan(night(days(28, leak=12.0), unanswered=(FIRST - 3) * DAY))


def test_a_leak_that_grew_after_it_was_answered_for_is_learnt_as_it_was() -> None:
    past = np.concatenate([days(20), days(4, leak=12.0), days(4, leak=30.0)], axis=1)
    assert night(past, (FIRST + 20) * DAY, unanswered=(FIRST + 24) * DAY) == 12.0


def test_less_than_a_week_teaches_nothing() -> None:
    past = days(28, leak=12.0)
    past[:, :22] = NAN
    assert math.isnan(night(past))


def test_days_of_which_little_is_known_teach_nothing() -> None:
    past = days(28, leak=12.0)
    past[:, :, 8:20] = NAN
    assert math.isnan(night(past))


def test_a_home_is_learnt_alone() -> None:
    rng = np.random.default_rng(3)
    past = np.where(rng.random((40, 28, HOURS)) < 0.1, NAN, rng.integers(0, 9, (40, 28, HOURS)))
    together = learn_night_flow(past, FIRST)
    longest = learn_day_flow(past, together)
    for row in range(len(past)):
        alone = learn_night_flow(past[row : row + 1], FIRST)
        assert alone.tobytes() == together[row : row + 1].tobytes()
        assert learn_day_flow(past[row : row + 1], alone).tobytes() == longest[row].tobytes()


def test_the_strongest_flow_of_a_day_is_remembered_above_what_always_stands() -> None:
    past = days(28, leak=2.0)
    past[0, 10] = 17.0
    past[0, 11] = np.maximum(past[0, 11], 6.0)
    assert learn_day_flow(past, np.array([2.0])).tolist() == [15.0]


def test_the_two_newest_days_are_left_out_of_what_is_remembered() -> None:
    past = days(28)
    past[0, 26:] = 15.0
    assert learn_day_flow(past, np.array([0.0])).tolist() == [0.0]


def test_a_flow_of_which_an_hour_is_unknown_was_not_seen_for_a_day() -> None:
    past = days(28)
    past[0, 10] = 15.0
    past[0, 10, 12] = NAN
    assert learn_day_flow(past, np.array([NAN])).tolist() == [0.0]


def test_a_home_of_two_days_remembers_nothing() -> None:
    assert learn_day_flow(days(2, leak=9.0), np.array([NAN])).tolist() == [0.0]

"""What visits teach: verdicts on worries, times that are left out, limits that grow and shrink."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain.lesson import (
    MOST,
    WITHIN,
    Answered,
    Verdict,
    found_well,
    left_out,
    verdict,
    widening,
)
from meterwatch.domain.signal import BELL, FLAT_FLOW, LOW_USE, METER_SILENT, NO_USE
from meterwatch.domain.visit import UNREACHED, Mode, Outcome

NOW = datetime(2026, 3, 31, tzinfo=UTC)
DAY = timedelta(days=1)


def answered(days_ago: float, outcome: Outcome = Outcome.SAFE, kind: str = NO_USE) -> Answered:
    found = NOW - days_ago * DAY
    return Answered(kind, found - timedelta(hours=14), outcome, Mode.HOME, found)


@pytest.mark.parametrize(
    ("kind", "outcome", "said"),
    [
        (NO_USE, Outcome.FALL, Verdict.TRUE),
        (LOW_USE, Outcome.NEEDS_HELP, Verdict.TRUE),
        (BELL, Outcome.ILLNESS, Verdict.TRUE),
        (NO_USE, Outcome.DECEASED, Verdict.TRUE),
        (NO_USE, Outcome.SAFE, Verdict.FALSE),
        (BELL, Outcome.BUTTON_TEST, Verdict.FALSE),
        (FLAT_FLOW, Outcome.VISITORS, Verdict.FALSE),
        (FLAT_FLOW, Outcome.LEAK, Verdict.TRUE),
        (NO_USE, Outcome.LEAK, Verdict.DEVICE),
        (NO_USE, Outcome.METER_FAULT, Verdict.DEVICE),
        (METER_SILENT, Outcome.METER_FAULT, Verdict.TRUE),
        ("hub_silent:north", Outcome.OUTAGE, Verdict.TRUE),
        (NO_USE, Outcome.AWAY_HOSPITAL, Verdict.AWAY),
        (NO_USE, Outcome.MOVED, Verdict.AWAY),
        (NO_USE, Outcome.NO_ACCESS, Verdict.UNKNOWN),
        (NO_USE, None, Verdict.UNKNOWN),
    ],
)
def test_an_outcome_judges_the_worry(kind: str, outcome: Outcome | None, said: Verdict) -> None:
    assert verdict(kind, outcome) is said


@pytest.mark.parametrize("outcome", Outcome)
def test_only_an_outcome_that_reached_nobody_leaves_the_verdict_open(outcome: Outcome) -> None:
    assert (verdict(NO_USE, outcome) is Verdict.UNKNOWN) == (outcome in UNREACHED)


def test_a_silence_in_hospital_is_left_out_until_water_runs_again() -> None:
    stay = answered(5, Outcome.AWAY_HOSPITAL)
    (out,) = left_out([stay, answered(9)])
    assert (out.since, out.until, out.until_use) == (stay.began_at, stay.found_at, True)


def test_a_leak_is_left_out_until_it_was_found_because_water_runs_anyway() -> None:
    (out,) = left_out([answered(5, Outcome.LEAK, FLAT_FLOW)])
    assert not out.until_use


def test_a_silence_that_ended_well_goes_on_to_teach() -> None:
    assert left_out([answered(5), answered(6, Outcome.NO_ACCESS)]) == ()


def test_once_well_is_chance_and_twice_widens_by_a_tenth() -> None:
    assert widening([answered(5)], NOW) == 1.0
    assert widening([answered(5), answered(50)], NOW) == pytest.approx(1.1)
    assert widening([answered(5), answered(6), answered(50)], NOW) == pytest.approx(1.21)


def test_it_is_never_widened_by_more_than_three_tenths() -> None:
    assert widening([answered(day) for day in range(1, 50)], NOW) == MOST


def test_what_was_widened_shrinks_by_itself() -> None:
    answers = [answered(5), answered(30), answered(50)]
    assert [widening(answers, NOW + days * DAY) for days in (0, 15, 31, 56)] == [
        pytest.approx(1.21),
        pytest.approx(1.1),
        1.0,
        1.0,
    ]


def test_who_was_found_in_need_is_not_waited_for_longer() -> None:
    answers = [answered(20), answered(15), answered(10, Outcome.FALL)]
    assert widening(answers, NOW) == 1.0
    assert widening([*answers, answered(5), answered(3)], NOW) == pytest.approx(1.1)


def test_a_fall_that_low_use_showed_counts_against_waiting_longer() -> None:
    fall = answered(10, Outcome.FALL, LOW_USE)
    assert widening([answered(20), answered(15), fall], NOW) == 1.0


def test_a_silence_counts_once_however_many_looked() -> None:
    once = answered(5)
    again = replace(once, found_at=once.found_at + timedelta(hours=2))
    assert len(found_well([once, again], NOW)) == 1


def test_a_bare_safe_by_text_does_not_count_until_it_is_said_how_one_knows() -> None:
    bare = [replace(answered(days), mode=Mode.UNSTATED) for days in (5, 9)]
    assert widening(bare, NOW) == 1.0


def test_other_worries_do_not_widen_the_limit_of_a_silence() -> None:
    kinds = (BELL, FLAT_FLOW, LOW_USE)
    others = [answered(day, kind=kind) for day in (4, 8) for kind in kinds]
    assert widening(others, NOW) == 1.0


@given(
    st.lists(
        st.tuples(st.floats(0, 200), st.sampled_from(Outcome), st.sampled_from([NO_USE, BELL]))
    ),
    st.floats(0, 100),
)
def test_a_widening_is_bounded_and_gone_in_time(
    visits: list[tuple[float, Outcome, str]], later: float
) -> None:
    answers = [answered(days, outcome, kind) for days, outcome, kind in visits]
    assert 1.0 <= widening(answers, NOW + later * DAY) <= MOST
    assert widening(answers, NOW + WITHIN + DAY) == 1.0

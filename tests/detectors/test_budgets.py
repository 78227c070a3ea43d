"""Budgets of false alarms: for all homes, for a grade, for one home."""

import pytest

from meterwatch.detectors import Budget, budget_of, build
from meterwatch.domain.household import Grade


def test_the_budget_of_a_home_is_its_own_or_its_grades_or_that_of_all() -> None:
    budget = budget_of({"no_use": {"false_alarms_per_home_year": 3, "by_grade": {"red": 8}}})
    assert [budget.of(grade) for grade in Grade] == [8.0, 3.0, 3.0]
    assert [budget.of(grade, own=1.5) for grade in Grade] == [1.5, 1.5, 1.5]


def test_without_a_word_a_home_may_cost_five_false_alarms_a_year() -> None:
    assert budget_of({}).of(Grade.RED) == 5.0
    assert budget_of({"no_use": {"use_litres": 3.0}}) == Budget()


@pytest.mark.parametrize(
    ("table", "mend"),
    [
        ({"false_alarms_per_home_year": 0}, "from 0.2 to 50, not 0"),
        ({"false_alarms_per_home_year": float("nan")}, "from 0.2 to 50"),
        ({"false_alarms_per_home_year": True}, "not True"),
        ({"false_alarms_per_home_year": "many"}, "not 'many'"),
        ({"by_grade": {"blue": 3}}, "red, yellow, green"),
        ({"by_grade": {"red": 51}}, "by_grade.red: must be a number from 0.2 to 50"),
        ({"by_grade": 8}, "must be a table"),
    ],
)
def test_a_budget_that_cannot_be_meant_is_refused_with_its_place_and_mend(
    table: dict[str, object], mend: str
) -> None:
    for understand in (build, budget_of):
        with pytest.raises(ValueError, match=r"^\[detectors\.no_use\] ") as refused:
            understand({"no_use": table})
        assert mend in str(refused.value)


def test_how_limits_are_learnt_does_not_change_how_a_detector_judges_by_them() -> None:
    told = {"false_alarms_per_home_year": 2, "by_grade": {"red": 4}, "prior": "other.json"}
    assert build({"no_use": told}) == build({})


def test_only_no_use_has_a_budget() -> None:
    with pytest.raises(ValueError, match="false_alarms_per_home_year: unknown"):
        build({"flat_flow": {"false_alarms_per_home_year": 5}})

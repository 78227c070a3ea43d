"""The benchmarks run; what they measure is nobody's business here."""

import json
import tomllib
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import town
from bench.report import Line
from meterwatch.detectors import DETECTORS

BUDGETS = Path(bench.__file__).with_name("budgets.toml")


def test_the_sweep_prints_what_every_detector_costs_beside_a_copy_of_the_window(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = bench.main(["sweep", "--homes", "500", "--rounds", "1", "--json"])
    (stage,) = json.loads(capsys.readouterr().out)["stages"]
    lines = {line["name"]: line for line in stage["lines"]}
    assert stage["stage"] == "sweep"
    assert stage["homes"] == 500
    assert set(DETECTORS) | {"memcpy", "all"} == set(lines)
    assert all(lines[name]["budget"] > 0 for name in DETECTORS)
    assert code == int(any(line["over"] for line in lines.values()))


def test_learning_prints_its_core_hours_and_what_it_keeps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench.main(["learn", "--homes", "8", "--rounds", "1"])
    said = capsys.readouterr().out
    assert "core-hours, 1M" in said
    assert "bytes" in said


def test_a_figure_is_over_when_it_is_more_than_its_budget() -> None:
    assert Line("one", 1.1, "copies", 1.0).over
    assert not Line("one", 1.0, "copies", 1.0).over
    assert not Line("one", 9.9, "copies").over


def test_every_budget_has_a_stage() -> None:
    with BUDGETS.open("rb") as file:
        assert set(tomllib.load(file)) <= set(bench.STAGES)


def test_a_stage_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["sweeep"])
    assert "sweeep" in capsys.readouterr().err


def test_a_made_up_town_has_as_many_homes_as_were_asked_for() -> None:
    made = town.build(town.DRAWN + 500)
    parts = list(made.parts(1_000))
    assert sum(len(usage.homes) for usage, _ in parts) == town.DRAWN + 500
    assert all(profile.homes == usage.homes for usage, profile in parts)

"""The page of figures, from a run on made-up homes; nothing of it is quoted."""

import re
from datetime import UTC
from pathlib import Path

import pytest

from meterwatch.evaluation import Conditions
from meterwatch.evaluation.plots import draw
from scripts import detection_page
from tests.evaluation.made_up import record

DAY = 24


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Path]]:
    homes = [
        record(((50 * DAY + number, 51 * DAY),), name=f"home {number}", leak=float(number > 2))
        for number in range(4)
    ]
    persons = {"home 0": 1, "home 1": 1, "home 2": 2}
    report, worse = detection_page.runs(homes, UTC, persons, Conditions(6), budgets=(2.0, 5.0))
    folder = tmp_path_factory.mktemp("plots")
    return detection_page.page(report, worse, "made-up homes"), list(draw(report, folder))


def test_the_page_has_the_plain_rules_beside_ours_and_every_cohort(
    written: tuple[str, list[Path]],
) -> None:
    page, _ = written
    for said in ("| no_use 5 |", "| F24 |", "| S10 |", "made-up homes", "### One person: 2 homes"):
        assert said in page
    assert "another tenth lost" in page
    assert not re.search(r"[{}]", page)


def test_every_table_of_the_page_is_whole(written: tuple[str, list[Path]]) -> None:
    tables = re.findall(r"(?:^\|.*\n?)+", written[0], re.MULTILINE)
    assert len(tables) > 8
    for table in tables:
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1


def test_plots_are_drawn_and_the_same_figures_give_the_same_file(
    written: tuple[str, list[Path]],
) -> None:
    drawn = written[1]
    assert [path.name for path in drawn] == ["frontier.svg", "week.svg"]
    for path in drawn:
        text = path.read_text(encoding="utf-8")
        assert "<svg" in text
        assert "<dc:date>" not in text

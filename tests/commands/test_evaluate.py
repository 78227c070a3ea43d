import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from meterwatch.commands.evaluate import evaluate

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def app() -> typer.Typer:
    alone = typer.Typer()
    alone.command()(evaluate)
    return alone


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    """Give 110 days of a made-up home with one silent day and a half."""
    lines, register = ["household,at,register_litres"], 500
    for hour in range(110 * 24):
        in_use = hour % 24 in {7, 12, 19} and not 50 * 24 <= hour < 51 * 24
        register += 10 if in_use else 0
        lines.append(f"a,{START + timedelta(hours=hour + 1):%Y-%m-%dT%H:%M:%SZ},{register}")
    path = tmp_path / "readings.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_program_reads_the_report_as_json(app: typer.Typer, readings: Path) -> None:
    asked = ["--zone", "UTC", "--collapses", "5", "--fixed", "12", "--fixed", "24", "--json"]
    ran = CliRunner().invoke(app, [str(readings), *asked])
    assert ran.exit_code == 0, ran.output
    report = json.loads(ran.stdout)
    assert [row["rule"] for row in report["rows"]] == [
        *("no_use", "flat_flow"),
        *("no_use 12 h", "no_use 24 h"),
    ]
    assert report["homes"] == 1
    assert report["rows"][3]["alarms_per_household_year"]["all"]["value"] > 0


def test_a_person_reads_a_table_in_both_languages(app: typer.Typer, readings: Path) -> None:
    ran = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(readings), "--collapses", "5"])
    assert ran.exit_code == 0, ran.output
    assert "误报" in ran.stdout
    assert "household-years" in ran.stdout
    assert "no_use 24 h" in ran.stdout


def test_detectors_come_from_the_configuration_that_is_named(
    app: typer.Typer, readings: Path, tmp_path: Path
) -> None:
    config = tmp_path / "meterwatch.toml"
    config.write_text(
        "[usage]\nuse_litres = 4.0\n[detectors.flat_flow]\nenabled = false\n", encoding="utf-8"
    )
    asked = ["--config", str(config), "--collapses", "2", "--json"]
    ran = CliRunner().invoke(app, [str(readings), *asked])
    assert ran.exit_code == 0, ran.output
    rows = json.loads(ran.stdout)["rows"]
    assert [row["rule"] for row in rows] == ["no_use", "no_use 24 h"]
    assert all("use_litres=4.0" in row["settings"] for row in rows)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("meter;value\n", "line 1"),
        ("household,at,register_litres\na,never,1\n", "line 2"),
        ("household,at,register_litres\na,2026-03-01T00:00:00Z,1\n", "2,500"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_with_the_place(
    app: typer.Typer, tmp_path: Path, content: str, says: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    ran = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(path)])
    assert ran.exit_code == 2
    assert says in ran.output


def test_a_zone_that_does_not_exist_is_refused(app: typer.Typer, readings: Path) -> None:
    ran = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(readings), "--zone", "Mars/North"])
    assert ran.exit_code == 2
    assert "Mars/North" in ran.output

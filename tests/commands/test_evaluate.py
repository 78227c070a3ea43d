import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from rich.cells import cell_len
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
    asked = ["--zone", "UTC", "--collapses", "5", "--rules", "F12", "--rules", "F24", "--json"]
    ran = CliRunner().invoke(app, [str(readings), *asked])
    assert ran.exit_code == 0, ran.output
    report = json.loads(ran.stdout)
    names = [rule["name"] for rule in report["rules"]]
    assert names[:3] == ["no_use 2", "no_use 5", "no_use 10"]
    assert names[-2:] == ["F12", "F24"]
    assert report["homes"] == 1
    assert report["rules"][-1]["false_alarms"]["all"] > 0


def test_a_person_reads_a_table_in_both_languages(app: typer.Typer, readings: Path) -> None:
    ran = CliRunner().invoke(app, [str(readings), "--collapses", "5", "--budget", "5"])
    assert ran.exit_code == 0, ran.output
    assert "误报" in ran.stdout
    assert "household-years" in ran.stdout
    for whole in ("no_use 5", "F24", "E1.25", "leak 10 L/h"):
        assert whole in ran.stdout
    assert "…" not in ran.stdout
    assert max(cell_len(line) for line in ran.stdout.splitlines()) <= 120


def test_detectors_come_from_the_configuration_that_is_named(
    app: typer.Typer, readings: Path, tmp_path: Path
) -> None:
    config = tmp_path / "meterwatch.toml"
    config.write_text(
        "[usage]\nuse_litres = 4.0\n[detectors.flat_flow]\nenabled = false\n", encoding="utf-8"
    )
    asked = [
        "--config",
        str(config),
        "--collapses",
        "2",
        "--budget",
        "3",
        "--rules",
        "none",
        "--json",
    ]
    ran = CliRunner().invoke(app, [str(readings), *asked])
    assert ran.exit_code == 0, ran.output
    rules = {rule["name"]: rule for rule in json.loads(ran.stdout)["rules"]}
    assert "no_use 3" in rules
    assert "flat_flow" not in rules
    assert "use_litres=4.0" in rules["no_use 3"]["settings"]


def test_alarms_are_written_a_line_each(app: typer.Typer, readings: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "alarms.csv"
    config = tmp_path / "meterwatch.toml"
    config.write_text(
        "[detectors.no_use]\nmin_limit_hours = 24\nmax_limit_hours = 24\n", encoding="utf-8"
    )
    asked = ["--config", str(config), "--budget", "5", "--zone", "UTC", "--alarms", str(sheet)]
    ran = CliRunner().invoke(app, [str(readings), *asked])
    assert ran.exit_code == 0, ran.output
    assert sheet.read_text(encoding="utf-8").splitlines() == [
        "home,kind,since,fired_at",
        "a,no_use 5,2026-02-19T20:00:00Z,2026-02-20T20:00:00Z",
    ]


def test_cohorts_come_from_the_file_of_households(
    app: typer.Typer, readings: Path, tmp_path: Path
) -> None:
    homes = tmp_path / "homes.csv"
    homes.write_text("household,persons\na,2\nb,\n", encoding="utf-8")
    asked = ["--households", str(homes), "--collapses", "2", "--budget", "5", "--json"]
    ran = CliRunner().invoke(app, [str(readings), *asked])
    assert ran.exit_code == 0, ran.output
    assert [*json.loads(ran.stdout)["cohorts"]] == ["two persons"]
    homes.write_text("household,persons\na,many\n", encoding="utf-8")
    ran = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(readings), *asked])
    assert ran.exit_code == 2
    assert "line 2" in ran.output


def test_a_rule_that_does_not_exist_is_refused(app: typer.Typer, readings: Path) -> None:
    asked = [str(readings), "--rules", "X9"]
    ran = CliRunner(env={"COLUMNS": "200"}).invoke(app, asked)
    assert ran.exit_code == 2
    assert "X9" in ran.output


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


def test_rules_deployed_elsewhere_are_scored_by_their_names(
    app: typer.Typer, readings: Path
) -> None:
    asked = ["--preset", "24h", "--budget", "5", "--rules", "none", "--collapses", "2", "--json"]
    ran = CliRunner().invoke(app, [str(readings), *asked])
    assert ran.exit_code == 0, ran.output
    rules = {rule["name"]: rule for rule in json.loads(ran.stdout)["rules"]}
    assert rules["24h"]["detector"] == "no_use"
    assert rules["24h"]["false_alarms"]["all"] > 0
    refused = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(readings), "--preset", "mars"])
    assert refused.exit_code == 2
    assert "shanghai-12h" in refused.output


def test_plots_go_into_the_folder_that_is_named(
    app: typer.Typer, readings: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "plots"
    asked = ["--plot", str(folder), "--budget", "5", "--rules", "F24", "--collapses", "5"]
    ran = CliRunner().invoke(app, [str(readings), *asked])
    assert ran.exit_code == 0, ran.output
    assert sorted(path.name for path in folder.iterdir()) == ["frontier.svg", "week.svg"]

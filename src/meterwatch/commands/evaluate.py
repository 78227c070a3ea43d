"""`meterwatch evaluate`: how early and how quiet the detectors are on recorded homes."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress

from meterwatch.commands.asked import OWN, Asked
from meterwatch.commands.given import give_up
from meterwatch.commands.scores import show
from meterwatch.config import ConfigErrors, Settings, load
from meterwatch.evaluation import Arrivals, Conditions, Report
from meterwatch.evaluation import alarms as raised_by
from meterwatch.evaluation.cohorts import read_persons
from meterwatch.evaluation.records import read_records, with_gaps

SCREEN = 120  # columns, where the output is no terminal
BUDGETS = (2.0, 5.0, 10.0)

File = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        help="读数 CSV，可为 gzip。 Readings: household,at,register_litres; gzip or not.",
    ),
]
Zone = Annotated[str, typer.Option(help="这些住户的时区。 Where the homes are: Europe/Madrid.")]
Config = Annotated[
    Path | None, typer.Option(help="检测器设置取自此文件。 Takes the detectors from this file.")
]
Budgets = Annotated[
    list[float] | None,
    typer.Option(
        "--budget",
        min=0.2,
        max=50.0,
        help="no_use 的误报预算，每户每年，可重复。 False alarms a household-year; repeatable.",
        show_default="2, 5, 10",
    ),
]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        help="对照规则：usual、all、none 或 F24、G1.5 等，可重复。 Plain rules beside ours.",
        show_default="usual",
    ),
]
Presets = Annotated[
    list[str] | None,
    typer.Option(
        "--preset",
        help="别处在用的规则，可重复；all 为全部。 Rules deployed elsewhere, by name; or all.",
    ),
]
PriorOf = Annotated[
    str,
    typer.Option(
        "--prior",
        help="先验：auto、folds、default 或文件。 auto: what ships, unless it was fitted on "
        "homes of this file; folds: on the other homes of the file; default; or a file.",
    ),
]
Households = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="household,persons 的 CSV，按人数分组。 Cohorts by how many live in a home.",
    ),
]
Partial = Annotated[
    list[float] | None,
    typer.Option(
        "--partial",
        min=0.0,
        max=0.9,
        help="部分减少后仍保留的用水份额，可重复。 Share of use that goes on; may be repeated.",
        show_default="0.25",
    ),
]
Number = Annotated[int, typer.Option(help="每户注入次数。 Injections a home.", min=1, max=2_000)]
Seed = Annotated[int, typer.Option(help="随机种子。 Seed.", min=0)]
Transport = Annotated[
    float, typer.Option(help="读数迟到几小时。 Hours by which readings arrive late.", min=0.0)
]
DailyAt = Annotated[
    float | None,
    typer.Option(
        help="表每天此时上传一次（当地时）。 Readings are sent once a day at this local hour.",
        min=0.0,
        max=24.0,
    ),
]
Gaps = Annotated[
    float, typer.Option(help="另外丢失的时间份额。 Share of time lost besides.", min=0.0, max=0.5)
]
Resolution = Annotated[float, typer.Option(help="表的最小步长，升。 Litres a step.", min=0.001)]
AlarmFile = Annotated[
    Path | None,
    typer.Option(
        "--alarms",
        help="只把报警写入此 CSV。 Writes the alarms to this file and scores nothing.",
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(file_okay=False, help="图写入此目录。 Draws plots into this directory."),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。 Prints JSON.")]


def evaluate(
    file: File,
    zone: Zone = "Asia/Shanghai",
    config: Config = None,
    budgets: Budgets = None,
    rules: Rules = None,
    presets: Presets = None,
    prior: PriorOf = OWN,
    households: Households = None,
    partial: Partial = None,
    collapses: Number = 150,
    seed: Seed = 7,
    transport_hours: Transport = 0.0,
    daily_at: DailyAt = None,
    gaps: Gaps = 0.0,
    resolution_litres: Resolution = 1.0,
    alarms: AlarmFile = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """用真实读数给检测器打分，并列简单规则。 Scores detectors, and plain rules, on recorded homes.

    例 / Example:  meterwatch evaluate readings.csv.gz --zone Europe/Madrid --budget 5 --rules all
    """
    settings, place = _settings(config), _zone(zone)
    conditions = Conditions(collapses, seed, tuple(partial or Conditions().partial_shares))
    arrivals = Arrivals(transport_hours, daily_at)
    with _refused(), _bar() as (reading, scoring):
        records = read_records(file, resolution_litres, reading)
        records = [with_gaps(each, gaps, seed) if gaps else each for each in records]
        asked = Asked.of(
            settings, records, place, arrivals, budgets or BUDGETS, presets or (), prior
        )
        if alarms:
            _write_alarms(alarms, asked)
            return
        persons = read_persons(households) if households else {}
        report = asked.score(rules or ["usual"], conditions, persons, scoring)
    _shown(report, plot, as_json=as_json)


def _shown(report: Report, plot: Path | None, *, as_json: bool) -> None:
    if plot:
        _draw(report, plot)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        show(report, Console(width=None if sys.stdout.isatty() else SCREEN))


def _write_alarms(path: Path, asked: Asked) -> None:
    """Write the alarms, a line each: home, name of the rule, when it began, when it fired."""
    rows = raised_by(
        asked.records,
        asked.zone,
        asked.candidates,
        asked.prior,
        arrivals=asked.arrivals,
        use_litres=asked.use_litres,
    )
    with path.open("w", encoding="utf-8", newline="") as lines:
        sheet = csv.writer(lines, lineterminator="\n")
        sheet.writerow(("home", "kind", "since", "fired_at"))
        sheet.writerows((home, kind, _moment(since), _moment(at)) for home, kind, since, at in rows)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _draw(report: Report, folder: Path) -> None:
    try:
        from meterwatch.evaluation.plots import draw
    except ModuleNotFoundError as error:
        give_up(
            f"画图需要 matplotlib：pip install 'meterwatch[plots]' / plots need {error.name}: "
            "pip install 'meterwatch[plots]'"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for path in draw(report, folder):
        typer.echo(path, err=True)


def _settings(config: Path | None) -> Settings:
    try:
        return load(config)
    except ConfigErrors as error:
        raise typer.BadParameter(str(error), param_hint="--config") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise typer.BadParameter(
            f"没有这个时区：{name} / no such zone; write it like Asia/Shanghai",
            param_hint="--zone",
        ) from error


@contextmanager
def _refused() -> Iterator[None]:
    """Say of what cannot be scored why not."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@contextmanager
def _bar() -> Iterator[tuple[Callable[[float], None], Callable[[float], None]]]:
    """Show two bars on standard error: reading, scoring."""
    with Progress(console=Console(file=sys.stderr), transient=True) as progress:
        tasks = [
            progress.add_task(text, total=1.0) for text in ("读取 / reading", "打分 / scoring")
        ]

        def teller(task: int) -> Callable[[float], None]:
            return lambda share: progress.update(tasks[task], completed=share)

        yield teller(0), teller(1)

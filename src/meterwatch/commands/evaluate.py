"""`meterwatch evaluate`: how early and how quiet the detectors are on recorded homes."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from meterwatch import detectors
from meterwatch.config import ConfigErrors, Settings, load
from meterwatch.detectors import Detector, NoUse
from meterwatch.evaluation import COLLAPSES, SEED, Report
from meterwatch.evaluation import evaluate as score
from meterwatch.evaluation.records import read_records

COLUMNS = (
    "规则\nrule",
    "误报/户年\nalarms a household-year",
    "≥48 h 已报备\n≥48 h declared",
    "仅 <24 h\n<24 h only",
    "中位 h\nmedian h",
    "p90 h",
    "≤12 h",
    "≤24 h",
    "72 h 漏报\nmissed in 72 h",
)

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
Fixed = Annotated[
    list[float] | None,
    typer.Option(
        min=1.0, max=72.0, help="对照：固定小时数，可重复。 A fixed limit to compare with."
    ),
]
Number = Annotated[int, typer.Option(help="每户假设倒地次数。 Collapses a home.", min=1, max=2_000)]
Seed = Annotated[int, typer.Option(help="随机种子。 Seed.", min=0)]
Transport = Annotated[
    float, typer.Option(help="读数迟到几小时。 Hours by which readings arrive late.", min=0.0)
]
Resolution = Annotated[float, typer.Option(help="表的最小步长，升。 Litres a step.", min=0.001)]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。 Prints JSON.")]


def evaluate(
    file: File,
    zone: Zone = "Asia/Shanghai",
    config: Config = None,
    fixed: Fixed = None,
    collapses: Number = COLLAPSES,
    seed: Seed = SEED,
    transport_hours: Transport = 0.0,
    resolution_litres: Resolution = 1.0,
    as_json: AsJson = False,
) -> None:
    """用真实读数给检测器打分。 Scores the detectors on recorded homes.

    例 / Example:  meterwatch evaluate readings.csv.gz --zone Europe/Madrid --fixed 12 --fixed 24
    """
    place, settings = _zone(zone), _settings(config)
    use_litres = settings.usage.use_litres
    rules = _rules(settings, [24.0] if fixed is None else fixed)
    try:
        with _bar() as (reading, scoring):
            records = read_records(file, resolution_litres, reading)
            report = score(
                records,
                place,
                rules,
                use_litres=use_litres,
                collapses=collapses,
                seed=seed,
                transport_hours=transport_hours,
                progress=scoring,
            )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from error
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        show(report, Console())


def show(report: Report, console: Console) -> None:
    """Print a report as a table, with what the figures mean under it."""
    table = Table(*COLUMNS)
    for row in report.rows:
        table.add_row(*row.cells())
    console.print(table)
    console.print(
        f"{report.homes} 户，{report.household_years:.1f} 户年，{report.collapses} 次假设倒地；"
        f"另有 {report.left_out} 户不够格。括号：按户自助法 90 % 区间；各户 10/50/90 百分位。\n"
        f"{report.homes} homes, {report.household_years:.1f} household-years, "
        f"{report.collapses} injected collapses; {report.left_out} homes did not enter. "
        "In brackets: 90 % bootstrap interval over homes; 10/50/90 percentile of homes."
    )


def _rules(settings: Settings, fixed: Sequence[float]) -> dict[str, Detector]:
    use_litres = settings.usage.use_litres
    rules = {each.name: each for each in detectors.build(settings.detector_tables())}
    for hours in fixed:
        rules[f"no_use {hours:g} h"] = NoUse(
            use_litres=use_litres,
            default_limit_hours=hours,
            min_limit_hours=hours,
            max_limit_hours=hours,
        )
    return rules


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
def _bar() -> Iterator[tuple[Callable[[float], None], Callable[[float], None]]]:
    """Show two bars on standard error: reading, scoring."""
    with Progress(console=Console(file=sys.stderr), transient=True) as progress:
        tasks = [
            progress.add_task(text, total=1.0) for text in ("读取 / reading", "打分 / scoring")
        ]

        def teller(task: int) -> Callable[[float], None]:
            return lambda share: progress.update(tasks[task], completed=share)

        yield teller(0), teller(1)

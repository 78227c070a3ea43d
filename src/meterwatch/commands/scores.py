"""How scores are shown on a screen of 120 columns, in both languages."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from meterwatch.evaluation.report import Cohort, Report
from meterwatch.evaluation.tables import OTHERS as TOLD
from meterwatch.evaluation.tables import of_others, of_silences, other_cells, silence_cells

SILENCES = (
    "规则\nrule",
    "误报/户年\nall",
    "≥48 h 已报备\n≥48 h declared",
    "<24 h\nordinary",
    "各户\nhomes",
    "中位 h\nmedian h",
    "p90 h\n",
    "≤12 h\n",
    "≤24 h\n",
    "漏报\nmissed",
)
OTHERS = (
    "规则\nrule",
    "注入\ninjection",
    "报警/户年\nalarms",
    "额外\nfurther",
    "中位 h\nmedian h",
    "p90 h\n",
    "≤4h ≤26h ≤3d ≤5d\n",
)
COHORTS = {
    "one person": "一人户 · one person",
    "two persons": "两人户 · two persons",
    "three and more": "三人及以上 · three and more",
}


def show(report: Report, console: Console) -> None:
    """Print a report as tables, with what the figures mean under them."""
    _show(report.every, console)
    for name, cohort in report.cohorts.items():
        console.print(f"\n[bold]{COHORTS.get(name, name)}[/] ({cohort.homes})")
        _show(cohort, console)
    console.print(_notes(report))


def _show(cohort: Cohort, console: Console) -> None:
    silences, others = of_silences(cohort), of_others(cohort)
    if silences:
        _table(SILENCES, [silence_cells(row) for row in silences], console)
    if others:
        _table(OTHERS, [_narrow(other_cells(row)) for row in others], console)


def _narrow(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Leave the spread over homes to the page: a screen has no room for it."""
    spread = TOLD.index("homes")
    return (*cells[:spread], *cells[spread + 1 :])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]], console: Console) -> None:
    table = Table(box=SIMPLE, padding=(0, 1), pad_edge=False, collapse_padding=True)
    for index, title in enumerate(head):
        table.add_column(title, justify="left" if index == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _notes(report: Report) -> str:
    every = report.every
    return (
        f"{every.homes} 户，{every.household_years:.1f} 户年，每条规则注入 {report.injections} 次；"
        f"另有 {report.left_out} 户不够格。括号：按户自助法 90 % 区间；"
        f"各户 10/50/90 百分位按 ≥48 h 已报备。先验：{report.prior}\n"
        f"{every.homes} homes, {every.household_years:.1f} household-years, {report.injections} "
        f"collapses a rule; {report.left_out} homes did not enter. In brackets: 90 % bootstrap "
        "interval over homes; homes: their 10/50/90 percentile with ≥ 48 h declared; "
        "missed: in 72 h; further: beside no_use. Names of the plain rules: docs/detection.md. "
        f"Prior: {report.prior}"
    )

"""`meterwatch import`: homes, people and devices from the file of an office."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from meterwatch.app import open_store
from meterwatch.app.house import NotMigrated
from meterwatch.clock import machine_now
from meterwatch.commands.given import Config, give_up, settings_from, tell_defaults
from meterwatch.pipeline.import_homes import Imported, ImportFault, Remark
from meterwatch.pipeline.import_homes import import_homes as take_in
from meterwatch.pipeline.import_homes.sheet import LARGEST_BYTES

MANY_LINES = 500
NOUNS: Mapping[str, str] = {
    "areas": "区域 / areas",
    "households": "住户 / households",
    "residents": "居民 / residents",
    "devices": "设备 / devices",
    "contacts": "联系人 / contacts",
    "ties": "联系关系 / ties to homes and areas",
    "vacant": "空置 / taken for empty",
    "daily": "每日短信 / a word each day",
    "consents": "同意书 / consents",
}

File = Annotated[
    Path,
    typer.Argument(help="CSV 文件。 The CSV file.", exists=True, dir_okay=False, readable=True),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="只检查,不写入。 Checks only; nothing is written.")
]


def import_homes(file: File, dry_run: DryRun = False, config: Config = None) -> None:
    """导入住户、居民、联系人和设备:有一处错就全部不导入。 Imports homes, all or nothing.

    各列见 docs/reference/import.md。 The columns are described there.

    例 / Example:  meterwatch import homes.csv --dry-run
    """
    settings = settings_from(config)
    tell_defaults(config, settings)
    with file.open("rb") as opened:
        content = opened.read(LARGEST_BYTES + 1)  # one more is refused as too large
    try:
        store = open_store(settings)
    except NotMigrated as refusal:
        give_up(refusal)
    try:
        with _bar(content.count(b"\n")) as progress:
            done = take_in(
                store,
                content,
                machine_now(),
                zone=settings.deployment.tz,
                language=settings.deployment.language,
                dry_run=dry_run,
                progress=progress,
            )
    except ImportFault as fault:
        _show(fault.headings, len(fault.headings))
        _show(fault.remarks, fault.total)
        give_up(
            f"有 {fault.total} 处错,什么都没有导入 / {fault.total} faults; nothing was imported"
        )
    finally:
        store.close()
    _report(done, dry_run=dry_run)


@contextmanager
def _bar(lines: int) -> Iterator[Callable[[int], None] | None]:
    """Show how far a long file is read; a short one needs no bar."""
    if lines <= MANY_LINES:
        yield None
        return
    shown = Progress(
        TextColumn("读取 / reading"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
    )
    with shown:
        task = shown.add_task("", total=lines)
        yield lambda line: shown.update(task, completed=line)


def _show(remarks: tuple[Remark, ...], total: int) -> None:
    for remark in remarks:
        typer.echo(str(remark), err=True)
    if total > len(remarks):
        typer.echo(f"……另有 {total - len(remarks)} 处 / and {total - len(remarks)} more", err=True)


def _report(done: Imported, *, dry_run: bool) -> None:
    _show(done.warnings, done.warnings_total)
    typer.echo(f"{done.homes} 户 / homes ({done.encoding})")
    for noun, count in done.counts.items():
        typer.echo(
            f"  {NOUNS[noun]}: 新增 / new {count.new}, 更改 / changed {count.changed}, "
            f"未变 / unchanged {count.unchanged}"
        )
    if done.warnings_total:
        typer.echo(f"{done.warnings_total} 处请留意 / warnings")
    if dry_run:
        typer.echo("只是检查,没有写入 / a dry run: nothing was written")

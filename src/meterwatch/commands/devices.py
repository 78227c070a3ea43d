"""`meterwatch devices`: every device, and when it was last heard."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta, tzinfo
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from meterwatch.app import open_store
from meterwatch.app.house import NotMigrated
from meterwatch.clock import machine_now
from meterwatch.commands.given import AsJson, Config, give_up, settings_from
from meterwatch.config import Settings
from meterwatch.domain.household import DeviceKind
from meterwatch.store.views.devices import DeviceLine
from meterwatch.store.views.devices import devices as listed

# Two short lines each: the whole table has to go into 80 columns.
HEADINGS = (
    "户号\nhome",
    "类\nkind",
    "地址\naddress",
    "网关\ngateway",
    "集中器\nhub",
    "最近\nlast",
    "前\nago",
    "升\nL",
    "电\nbatt.",
    "失联\nsilent",
)
FOLDED = 0, 2, 3, 4  # what an office or a maker names may be long
_A_YEAR = timedelta(days=300)  # after that a day and a month could be those of two years
KINDS = {DeviceKind.METER: "表 meter", DeviceKind.BUTTON: "铃 bell"}

Silent = Annotated[
    bool,
    typer.Option(
        "--silent",
        help="只列失联的水表和从未收到过的设备。"
        " Only meters that should have spoken, and what was never heard.",
    ),
]


def devices(config: Config = None, silent: Silent = False, as_json: AsJson = False) -> None:
    """列出设备和最近一次消息。 Lists devices and when they were last heard.

    例 / Example:  meterwatch devices --silent
    """
    settings, now = settings_from(config), machine_now()
    lines = [line for line in _read(settings, now) if _quiet(line) or not silent]
    if as_json:
        rows = [asdict(line) for line in lines]
        typer.echo(json.dumps(rows, ensure_ascii=False, default=datetime.isoformat))
    else:
        _show(lines, settings.deployment.tz, now)


def _read(settings: Settings, now: datetime) -> tuple[DeviceLine, ...]:
    try:
        store = open_store(settings)
    except NotMigrated as refusal:
        give_up(refusal)
    try:
        with store.view() as view:
            return listed(view, now, settings.silence.rule())
    finally:
        store.close()


def _show(lines: list[DeviceLine], zone: tzinfo, now: datetime) -> None:
    table = Table(box=None, pad_edge=False)
    cells = [_cells(line, zone, now) for line in lines]
    told = [k for k in range(len(HEADINGS)) if any(row[k] for row in cells)]
    for k in told:
        table.add_column(HEADINGS[k], no_wrap=k not in FOLDED, overflow="fold")
    for row in cells:
        # Texts, not markup: an address may hold brackets.
        table.add_row(*(Text(row[k]) for k in told))
    if lines:
        Console().print(table)
    silent, never = sum(line.silent for line in lines), sum(not line.heard_at for line in lines)
    typer.echo(f"{len(lines)} 台 / devices, {silent} 失联 / silent, {never} 从未收到 / never heard")


def _quiet(line: DeviceLine) -> bool:
    return line.silent or line.heard_at is None


def _cells(line: DeviceLine, zone: tzinfo, now: datetime) -> tuple[str, ...]:
    heard = line.heard_at
    return (
        line.household,
        KINDS[line.kind],
        line.address,
        line.gateway,
        line.hub,
        _moment(heard.astimezone(zone), now) if heard else "—",
        _ago(now - heard) if heard else "—",
        "" if line.litres is None else f"{line.litres:g}",
        "" if line.battery_percent is None else f"{line.battery_percent:.0f} %",
        "●" if line.silent else "",
    )


def _moment(heard: datetime, now: datetime) -> str:
    """Say when, with the year only where it is needed."""
    return f"{heard:%m-%d %H:%M}" if now - heard < _A_YEAR else f"{heard:%Y-%m-%d}"


def _ago(gone: timedelta) -> str:
    """Say a duration as people do: minutes, hours or days."""
    minutes = max(int(gone.total_seconds() // 60), 0)
    hours, days = minutes // 60, minutes // (24 * 60)
    return f"{minutes} min" if minutes < 120 else f"{hours} h" if days < 3 else f"{days} d"  # noqa: PLR2004  # as one would say it

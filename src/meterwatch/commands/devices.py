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

HEADINGS = ("户号 / home", "", "地址 / address", "网关 / gateway", "集中器 / hub")
FRESHNESS = ("最近 / last heard", "多久前 / ago", "升 / L", "电量 / battery", "")
KINDS = {DeviceKind.METER: "水表 / meter", DeviceKind.BUTTON: "按钮 / button"}

Silent = Annotated[
    bool, typer.Option("--silent", help="只列失联的水表。 Only meters that should have spoken.")
]


def devices(config: Config = None, silent: Silent = False, as_json: AsJson = False) -> None:
    """列出设备和最近一次消息。 Lists devices and when they were last heard.

    例 / Example:  meterwatch devices --silent
    """
    settings, now = settings_from(config), machine_now()
    lines = [line for line in _read(settings, now) if line.silent or not silent]
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
    table = Table(*HEADINGS, *FRESHNESS)
    for line in lines:
        # Texts, not markup: an address may hold brackets.
        table.add_row(*map(Text, _cells(line, zone, now)))
    Console().print(table)
    count = sum(line.silent for line in lines)
    typer.echo(f"{len(lines)} 台 / devices, {count} 失联 / silent")


def _cells(line: DeviceLine, zone: tzinfo, now: datetime) -> tuple[str, ...]:
    heard = line.heard_at
    return (
        line.household,
        KINDS[line.kind],
        line.address,
        line.gateway,
        line.hub,
        f"{heard.astimezone(zone):%Y-%m-%d %H:%M}" if heard else "—",
        _ago(now - heard) if heard else "—",
        "" if line.litres is None else f"{line.litres:g}",
        "" if line.battery_percent is None else f"{line.battery_percent:.0f} %",
        "失联 / silent" if line.silent else "",
    )


def _ago(gone: timedelta) -> str:
    """Say a duration as people do: minutes, hours or days."""
    minutes = max(int(gone.total_seconds() // 60), 0)
    hours, days = minutes // 60, minutes // (24 * 60)
    return f"{minutes} min" if minutes < 120 else f"{hours} h" if days < 3 else f"{days} d"  # noqa: PLR2004  # as one would say it

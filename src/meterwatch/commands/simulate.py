"""`meterwatch simulate`: an invented district speaks to a broker, with all that goes wrong in it.

Payloads are those of the real gateways, so a daemon cannot tell them from a district that exists.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from meterwatch.clock import machine_now
from meterwatch.commands.publishing import Publisher, address, paced, publish
from meterwatch.simulators.chance import MOST_A_DAY, Rates, by_chance
from meterwatch.simulators.district import MOST_HOMES, District, invent
from meterwatch.simulators.fleet import Fleet
from meterwatch.simulators.habits import EARLIEST
from meterwatch.simulators.lives import ordinary
from meterwatch.simulators.mishaps import Away, Fall, HomeMishap, HubCut, Mishap, OpenTap, Press

MOST_DAYS = 3_660.0
FORMATS = ["%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"]
NAMES: dict[type[Mishap], str] = {
    Fall: "跌倒 / fall",
    OpenTap: "水龙头没关 / open tap",
    Press: "按铃 / press",
    HubCut: "网关断线 / hub cut",
    Away: "外出未归 / away",
}

LOOK = "meterwatch devices,或网页 / to see what became of it: meterwatch devices, or the console"

RATE: dict[str, Any] = {"min": 0.0, "max": MOST_A_DAY, "rich_help_panel": "每天几次 / Times a day"}

Mqtt = Annotated[str, typer.Option(help="消息代理地址。 The broker, host:port.")]
Homes = Annotated[int, typer.Option(help="户数。 Homes.", min=1, max=MOST_HOMES)]
Seed = Annotated[int, typer.Option(help="换一个数，换一批住户习惯。 Other habits.", min=0)]
Speed = Annotated[
    float,
    typer.Option(help="时间倍速，0 为最快。 Times real time; 0: as fast as it goes.", min=0.0),
]
Days = Annotated[
    float,
    typer.Option(help="天数，0 只写文件。 Days; 0 writes the file only.", min=0.0, max=MOST_DAYS),
]
Start = Annotated[
    datetime | None,
    typer.Option(
        formats=FORMATS,
        help="起点，须带时区；不写则实时从现在起，其余倍速到现在为止。"
        " The beginning, with its zone; without it ×1 begins now, any other speed ends now.",
    ),
]
HomesCsv = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False, help="写出对应的导入文件。 Writes the import file of these homes."
    ),
]
Falls = Annotated[float, typer.Option(help=NAMES[Fall], **RATE)]
Taps = Annotated[float, typer.Option(help=NAMES[OpenTap], **RATE)]
Presses = Annotated[float, typer.Option(help=NAMES[Press], **RATE)]
Cuts = Annotated[float, typer.Option(help=NAMES[HubCut], **RATE)]
Aways = Annotated[float, typer.Option(help=NAMES[Away], **RATE)]
Lives = Annotated[
    bool,
    typer.Option(
        "--lives/--clockwork",
        help="住户也外出、生病、来客人、漏水、断讯,都不报备;或者每天一样。"
        " Homes are away, ill, have guests, leaks and gaps, all undeclared; or every day is alike.",
    ),
]


def simulate(
    mqtt: Mqtt = "127.0.0.1:1883",
    homes: Homes = 200,
    seed: Seed = 1,
    speed: Speed = 1.0,
    days: Days = 1.0,
    start: Start = None,
    falls: Falls = 0.5,
    taps: Taps = 0.3,
    presses: Presses = 1.0,
    cuts: Cuts = 0.2,
    aways: Aways = 0.5,
    lives: Lives = True,
    homes_csv: HomesCsv = None,
) -> None:
    """模拟虚构城区并发布报文。 Publishes the payloads of an invented district to a broker.

    例 / Example:  meterwatch simulate --homes-csv homes.csv --days 7 --speed 0
    """
    host, port = address(mqtt)
    district = invent(homes)
    if homes_csv is not None:
        write_homes(district, homes_csv)
    length = timedelta(days=days)
    since = begins(start, speed, length)
    rates = Rates(falls, taps, presses, cuts, aways)
    mishaps = by_chance(district, seed, rates, since, since + length)
    usual = ordinary(district, seed, since, since + length) if lives else ()
    fleet = Fleet(district, seed, [*usual, *mishaps])
    if not length:
        return
    with Publisher(host, port) as publisher:
        spoken = paced(fleet.messages(since, since + length), since, speed)
        publish(publisher, spoken, since, length)
    report(publisher, district, mishaps)


def write_homes(district: District, path: Path) -> None:
    """Write the import file that makes these homes known to a daemon."""
    try:
        district.write_csv(path)
    except OSError as error:
        raise typer.BadParameter(
            f"写不进 {path}：{error.strerror} / cannot be written", param_hint="--homes-csv"
        ) from error
    typer.echo(f"已写出 / written: {path}")


def begins(start: datetime | None, speed: float, length: timedelta) -> datetime:
    """Say when the simulated time begins; refuse what lies before the meters were new."""
    now = machine_now().replace(microsecond=0)
    live = speed == 1.0
    since = start.astimezone(UTC) if start is not None else now if live else now - length
    if since < EARLIEST:
        raise typer.BadParameter(
            f"不能早于 {EARLIEST:%Y-%m-%d}，那时还没有这些水表"
            f" / not before {EARLIEST:%Y-%m-%d}: the invented meters are not older",
            param_hint="--start" if start is not None else "--days",
        )
    return since


def report(publisher: Publisher, district: District, mishaps: Iterable[Mishap]) -> None:
    """Say what was published, and what went wrong: alerts can be held against it."""
    typer.echo(
        f"已发出 / published: {publisher.sent}  已确认 / acknowledged: {publisher.acknowledged}"
    )
    if not publisher.sent:
        typer.echo(
            "时间太短,这段时间里没有一块表要发;请加大 --days"
            " / nothing was published: no meter was due in so short a time; give more --days"
        )
    if publisher.unheard:
        typer.echo(
            f"其中 {publisher.unheard} 条无人订阅，请先启动 meterwatch run"
            f" / nobody had subscribed to {publisher.unheard} of them: start meterwatch run first"
        )
    elif publisher.sent:
        typer.echo(f"看结果:{LOOK}")
    for mishap in mishaps:
        place = _place(district, mishap)
        until = f"{mishap.until:%m-%d %H:%M}" if mishap.until else ""
        typer.echo(f"{mishap.since:%m-%d %H:%M} – {until} UTC  {place}  {NAMES[type(mishap)]}")


def _place(district: District, mishap: Mishap) -> str:
    if isinstance(mishap, HomeMishap):
        return district.home(mishap.home).code
    return mishap.hub if isinstance(mishap, HubCut) else ""

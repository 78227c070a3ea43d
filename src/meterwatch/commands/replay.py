"""`meterwatch replay`: recorded readings through the real path, here or over a broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from meterwatch.commands.given import AsJson, Config, give_up, settings_from
from meterwatch.config import Settings
from meterwatch.gateways.base import Message

if TYPE_CHECKING:
    from meterwatch.app.replaying import Recording, Replayed

_BATCH = 100  # readings in one payload of the concentrator that a replay speaks as


File = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        help="household,at,register_litres 的 CSV,可以是 .gz / a CSV, gzipped or not.",
    ),
]
Broker = Annotated[
    str,
    typer.Option(
        help="发布到消息服务器 主机:端口,守护进程用 run --clock data 启动 / publish to this "
        "broker; the daemon runs with --clock data."
    ),
]
Speed = Annotated[
    float,
    typer.Option(
        min=0,
        help="只用于 --mqtt:几倍速,0 为尽快 / how many times real time, 0: as fast as it goes.",
    ),
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="只重放前几条读数 / only the first readings.")
]
HomesCsv = Annotated[
    Path | None,
    typer.Option(help="只写出这些住户的导入文件 / only write the homes as a file to import."),
]


def replay(
    file: File,
    config: Config = None,
    mqtt: Broker = "",
    speed: Speed = 0.0,
    limit: Limit = None,
    homes_csv: HomesCsv = None,
    as_json: AsJson = False,
) -> None:
    """重放记录的读数:走真实的路,时钟跟着数据走。 Recorded readings through the real path.

    例 / example:  meterwatch replay readings.csv.gz --config replay.toml
    """
    from meterwatch.app import replaying  # costly imports come after --help

    try:
        recording = replaying.look_over(file)
        if homes_csv is not None:
            homes_csv.write_bytes(recording.homes_csv())
            typer.echo(f"{homes_csv}: meterwatch import {homes_csv}")
        elif mqtt:
            _publish(recording, mqtt, speed, limit)
        else:
            _live_through(recording, config, limit, as_json=as_json)
    except (ValueError, OSError) as error:
        give_up(error)


def _live_through(
    recording: "Recording", config: Path | None, limit: int | None, *, as_json: bool
) -> None:
    """Let a house of this process live through the recording."""
    import json
    import logging
    import shlex
    from dataclasses import asdict

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    settings = settings_from(config)
    if settings.sms.provider != "console":
        give_up(
            '重放只能配合 sms.provider = "console",不会真的发短信 / '
            "a replay works with the console provider only: it texts nobody"
        )
    done = _lived_through(settings, recording, limit)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    typer.echo(
        f"读数 / readings {done.readings} · 未登记 / unregistered {done.refused} · "
        f"预警 / alerts {done.alerts} · 短信 / messages {done.messages}"
    )
    given = f" --config {shlex.quote(str(config))}" if config else ""
    typer.echo(f"看结果 / to look at it: meterwatch run --clock data{given}")


def _lived_through(settings: Settings, recording: "Recording", limit: int | None) -> "Replayed":
    from meterwatch.app import House, NotMigrated, open_store, replaying
    from meterwatch.pipeline.import_homes import ImportFault

    try:
        store = open_store(settings)
    except NotMigrated as wrong:
        give_up(wrong)
    house = House(settings, store, replaying.clock_for(store))
    try:
        with _bar() as (progress, task):
            replaying.register(house, recording)
            tell = partial(_tell, progress, task)
            done = replaying.replay(house, recording.rows(limit, tell))
    except ImportFault as fault:
        give_up("\n".join(str(remark) for remark in fault.remarks))
    finally:
        store.close()
    return done


def _publish(recording: "Recording", mqtt: str, speed: float, limit: int | None) -> None:
    """Publish the recording as payloads of a concentrator."""
    from meterwatch.app import replaying
    from meterwatch.commands.publishing import Publisher, address
    from meterwatch.gateways import by_name

    native = by_name("native")

    def messages(rows: Iterator[replaying.Row]) -> Iterator[tuple[datetime, Message]]:
        for batch in replaying.as_batches(rows, 1 if speed else _BATCH):
            for message in native.encode(batch):
                yield message.received_at, message

    with _bar() as (progress, task), Publisher(*address(mqtt)) as publisher:
        rows = recording.rows(limit, partial(_tell, progress, task))
        for message in _paced(messages(rows), speed):
            publisher.send(message)
    typer.echo(f"已发布 / published {publisher.acknowledged}")
    if publisher.unheard:
        typer.echo(
            f"其中 {publisher.unheard} 条无人订阅,请先启动 meterwatch run --clock data / "
            f"nobody had subscribed to {publisher.unheard} of them: start it first"
        )
    elif publisher.acknowledged:
        typer.echo(
            "看结果:meterwatch devices,或网页 / to look at it: meterwatch devices, or the console"
        )


def _tell(progress: Progress, task: TaskID, share: float) -> None:
    progress.update(task, completed=share)


def _paced(timed: Iterator[tuple[datetime, Message]], speed: float) -> Iterator[Message]:
    """Let messages go when their time has come, so many times faster than it did."""
    from threading import Event

    from meterwatch.clock import machine_now

    began, first, pause = machine_now(), datetime.max.replace(tzinfo=UTC), Event()
    for moment, message in timed:
        first = min(first, moment)
        if speed:
            ahead = (moment - first) / speed - (machine_now() - began)
            pause.wait(max(ahead, timedelta(0)).total_seconds())
        yield message


@contextmanager
def _bar() -> Iterator[tuple[Progress, TaskID]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("重放 / replaying", total=1.0)
        yield progress, task
        progress.update(task, completed=1.0)

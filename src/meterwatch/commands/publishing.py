"""Publishing to a broker from a command: paced, bounded, and counted by its acknowledgements.

A message is published with QoS 1 and counts once the broker has said that it has it.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from threading import Event, Semaphore
from types import TracebackType
from typing import Self

import typer
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from meterwatch.clock import machine_seconds
from meterwatch.gateways.base import Message

WAITING = 500  # so many messages may wait for their acknowledgement
PATIENCE = 30.0  # seconds without an acknowledgement after which the broker counts as lost


def address(mqtt: str) -> tuple[str, int]:
    """Take `host:port` apart, or say how it is written."""
    host, _, port = mqtt.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 2**16:
        raise typer.BadParameter(
            f"{mqtt!r}：请写成 主机:端口，例如 127.0.0.1:1883"
            " / write host:port, for example 127.0.0.1:1883",
            param_hint="--mqtt",
        )
    return host.strip("[]"), int(port)


class Publisher:
    """Publishes with QoS 1 and keeps a bounded number of messages unacknowledged.

    Used as a context: it connects on entering, and on leaving waits until everything is
    acknowledged. A connection that breaks in between is made again, and what was not yet
    acknowledged is sent again.
    """

    def __init__(self, host: str, port: int, waiting: int = WAITING) -> None:
        self.sent = self.acknowledged = self.unheard = 0
        self._refused = ""
        self._at = host, port
        self._room = Semaphore(waiting)
        self._waiting = waiting
        self._connected = Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda _client, _data, _flags, reason, _more: self._met(reason)
        self._client.on_publish = lambda _client, _data, _mid, reason, _more: self._heard(reason)

    def __enter__(self) -> Self:
        try:
            self._client.connect(*self._at)
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from error
        self._client.loop_start()
        if not self._connected.wait(PATIENCE) or self._refused:
            self._client.loop_stop()
            raise self._lost(self._refused or "没有应答 / no answer")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.settle()
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def send(self, message: Message) -> None:
        """Publish one message, waiting while too many are unacknowledged."""
        self._wait_for_room()
        self._client.publish(message.topic, message.payload, qos=1, retain=message.retained)
        self.sent += 1

    def settle(self) -> None:
        """Wait until everything is acknowledged."""
        for _ in range(self._waiting):
            self._wait_for_room()
        self._room.release(self._waiting)

    def _wait_for_room(self) -> None:
        if not self._room.acquire(timeout=PATIENCE):
            raise self._lost("不再确认报文 / it no longer acknowledges")
        if self._refused:
            raise self._lost(self._refused)

    def _lost(self, why: str) -> typer.BadParameter:
        host, port = self._at
        return typer.BadParameter(
            f"消息代理 {host}:{port}：{why}。请检查地址，或先启动一个，例如 mosquitto -p {port}"
            f" / broker: check the address, or start one, for example mosquitto -p {port}",
            param_hint="--mqtt",
        )

    def _met(self, reason: ReasonCode) -> None:
        if reason.is_failure:
            self._refused = str(reason)
        self._connected.set()

    def _heard(self, reason: ReasonCode) -> None:
        if reason.is_failure:
            self._refused = str(reason)
        else:
            self.acknowledged += 1
            self.unheard += reason == "No matching subscribers"
        self._room.release()


def paced(
    messages: Iterable[tuple[datetime, Message]],
    since: datetime,
    speed: float,
    seconds: Callable[[], float] = machine_seconds,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[datetime, Message]]:
    """Hold each message back until its time has come at this speed; 0 holds nothing back."""
    begun = seconds()
    for moment, message in messages:
        if speed:
            due = begun + (moment - since).total_seconds() / speed
            while (wait := due - seconds()) > 0:
                sleep(min(wait, 1.0))
        yield moment, message


def publish(
    publisher: Publisher,
    messages: Iterable[tuple[datetime, Message]],
    since: datetime,
    length: timedelta,
) -> None:
    """Publish everything under a progress bar; an interrupt ends it early."""
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=length.total_seconds())
        try:
            for moment, message in messages:
                publisher.send(message)
                said = f"{moment:%m-%d %H:%M} UTC  {publisher.sent} 条 / messages"
                done = (moment - since).total_seconds()
                progress.update(task, completed=done, description=said)
            progress.update(task, completed=length.total_seconds())
        except KeyboardInterrupt:
            typer.echo("已中断 / stopped", err=True)

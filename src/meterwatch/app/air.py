"""How the demo's invented payloads reach the house: through a real broker, or straight in.

Both ways end in the same callback, so the house cannot tell them apart.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Condition

from meterwatch import gateways
from meterwatch.app.house import House
from meterwatch.daemon.intake import Intake
from meterwatch.daemon.mqtt import BrokerSettings, Publisher, Source
from meterwatch.gateways.base import Message

# Debian keeps the broker where only root's PATH looks.
_SEARCH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_PATIENCE = 20.0  # seconds for the broker to come up, or to hand over what it was given


class BrokerLost(RuntimeError):  # noqa: N818  # says what happened
    """The broker of the demo does not answer."""


def intake_of(house: House) -> Intake:
    """Make what takes messages into a house."""
    return Intake(house.take, house.refuse, house.field_maps)


class Straight:
    """No broker: the same messages go into the same callback."""

    name = "没有消息服务器,直接送入 / no broker, handed over directly"

    def __init__(self, house: House) -> None:
        self._house = house
        self._take = intake_of(house).take

    def send(self, messages: Sequence[Message]) -> None:
        """Hand messages over; they are committed when this returns."""
        if messages:
            now = self._house.clock.now()
            self._take([replace(message, received_at=now) for message in messages])

    def close(self) -> None:
        """Nothing to close."""


class ThroughBroker:
    """A broker in between; `send` waits until everything has come back and is committed."""

    def __init__(self, house: House, host: str, port: int, process: "Broker | None" = None) -> None:
        self.name = f"Mosquitto {host}:{port}" if process else f"MQTT {host}:{port}"
        self._process = process
        self._intake = intake_of(house)
        self._arrived = 0
        self._condition = Condition()
        topics = [topic for gateway in gateways.known() for topic in gateway.topics]
        settings = BrokerSettings(host, port, f"meterwatch-demo-{port}", session_expiry_seconds=0)
        self._source = Source(settings, topics, house.clock.now, self._take, batch_seconds=0.05)
        self._publisher = Publisher(replace(settings, client_id=f"meterwatch-fleet-{port}"))
        self._source.start()
        self._publisher.start()
        if not self._source.wait_connected(_PATIENCE):
            self.close()
            raise BrokerLost(f"{host}:{port}: 连不上消息服务器 / the broker does not answer")

    def _take(self, messages: Sequence[Message]) -> None:
        self._intake.take(messages)
        with self._condition:
            self._arrived += len(messages)
            self._condition.notify_all()

    def send(self, messages: Sequence[Message]) -> None:
        """Publish messages and wait until they have come back and are committed."""
        with self._condition:
            expected = self._arrived + len(messages)
        for message in messages:
            self._publisher.publish(message.topic, message.payload, retain=message.retained)
        with self._condition:
            if not self._condition.wait_for(lambda: self._arrived >= expected, _PATIENCE):
                raise BrokerLost("消息没有回来 / messages did not come back from the broker")

    def close(self) -> None:
        """Leave the broker, and end it if it is ours."""
        self._publisher.stop(timeout=2.0)
        self._source.stop(timeout=5.0)
        if self._process is not None:
            self._process.close()


class Broker:
    """A private Mosquitto on a free loopback port; it keeps nothing and ends with the demo."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        self.port = port
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "max_queued_messages 1000000\nmax_inflight_messages 1000\nlog_dest none\n"
        )
        # A session of its own: Ctrl-C is for us, and we end the broker when we have left it.
        self._process = subprocess.Popen(
            [program, "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def open_air(
    house: House, folder: Path, mqtt: tuple[str, int] | None, free_port: Callable[[], int]
) -> Straight | ThroughBroker:
    """Choose the way: the broker that is named, else a private one, else straight in."""
    if mqtt is not None:
        return ThroughBroker(house, *mqtt)
    program = shutil.which("mosquitto", path=_SEARCH)
    if program is None:
        return Straight(house)
    broker = Broker(program, folder, free_port())
    try:
        return ThroughBroker(house, "127.0.0.1", broker.port, broker)
    except BrokerLost:
        broker.close()
        return Straight(house)

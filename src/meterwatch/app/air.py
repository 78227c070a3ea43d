"""How the demo's invented payloads reach the house: through a real broker, or straight in.

Both ways end in the same callback, so the house cannot tell them apart.
"""

import os
import secrets
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Condition

from meterwatch import gateways
from meterwatch.app.house import House
from meterwatch.daemon.intake import Intake
from meterwatch.daemon.mqtt import BrokerSettings, Publisher, Source
from meterwatch.gateways.base import Message

LOOPBACK = "127.0.0.1"
# Debian keeps the broker where only root's PATH looks.
_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
_PATIENCE = 10.0  # seconds
_NOT_STARTED = "mosquitto 没有启动 / mosquitto did not start"
_LOOK = 0.1  # seconds after which it is seen that a broker of our own has died


class BrokerLost(RuntimeError):  # noqa: N818  # says what happened
    """The broker of the demo does not answer."""


def find_mosquitto(path: str | None = None) -> str | None:
    """Find the broker's program on a search path: by default PATH, then the system's folders."""
    if path is None:
        path = os.pathsep.join((os.environ.get("PATH", ""), *_SYSTEM_FOLDERS))
    return shutil.which("mosquitto", path=path)


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


class Broker:
    """A private Mosquitto on a free loopback port; it keeps nothing and ends with the demo."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self._program = program
        self._config = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it listens; `BrokerLost` if it does not."""
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "max_queued_messages 1000000\nmax_inflight_messages 1000\nlog_dest none\n"
        )
        # A session of its own: Ctrl-C is for us, and we end the broker when we have left it.
        try:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._config)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise BrokerLost(_NOT_STARTED) from error
        for _ in range(round(_PATIENCE / _LOOK)):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LOOK)
                break  # it has ended
            with suppress(OSError), socket.create_connection((LOOPBACK, self.port), _LOOK):
                return
        raise BrokerLost(_NOT_STARTED)

    @property
    def died(self) -> bool:
        """Whether it has ended."""
        return self._process is not None and self._process.poll() is not None

    def close(self) -> None:
        """End it; twice is once."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class ThroughBroker:
    """A broker in between; `send` waits until everything has come back and is committed.

    Parameters
    ----------
    house : House
    host, port
        Where the broker is.
    own : Broker, optional
        The broker itself, if it is ours: it starts and ends with this.
    patience : float, seconds
        How long the broker may take to take us in, or to hand over what it was given.
    """

    def __init__(
        self,
        house: House,
        host: str,
        port: int,
        own: Broker | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self.name = f"Mosquitto {host}:{port}" if own else f"MQTT {host}:{port}"
        self._own, self._patience = own, patience
        self._intake = intake_of(house)
        # Others may speak on a broker that is not ours: only our own messages are waited for.
        self._awaited: Counter[tuple[str, bytes]] = Counter()
        self._arrived = Condition()
        topics = [topic for gateway in gateways.known() for topic in gateway.topics]
        apart = secrets.token_hex(4)  # from other demos on the same broker
        settings = BrokerSettings(host, port, f"meterwatch-demo-{apart}", session_expiry_seconds=0)
        self._source = Source(settings, topics, house.clock.now, self._take, batch_seconds=0.02)
        self._publisher = Publisher(replace(settings, client_id=f"meterwatch-fleet-{apart}"))

    def open(self) -> None:
        """Connect, or raise `BrokerLost`."""
        if self._own is not None:
            self._own.start()
        self._source.start()
        self._publisher.start()
        if not self._wait(self._source.wait_connected):
            why = self._source.state.problem or "no answer"
            raise BrokerLost(f"连不上消息服务器 / the broker does not take us in: {why}")

    def send(self, messages: Sequence[Message]) -> None:
        """Publish messages and wait until they have come back and are committed."""
        with self._arrived:
            self._awaited = Counter((message.topic, message.payload) for message in messages)
        try:
            for message in messages:
                self._publisher.publish(
                    message.topic, message.payload, retain=message.retained, timeout=self._patience
                )
        except TimeoutError as error:
            raise BrokerLost("消息发不出去 / the broker takes no more messages") from error
        if not self._wait(self._wait_arrived):
            raise BrokerLost("消息没有回来 / messages did not come back from the broker")

    def close(self) -> None:
        """Leave the broker, and end it if it is ours; twice is once."""
        self._publisher.stop(timeout=2.0)
        self._source.stop(timeout=5.0)
        if self._own is not None:
            self._own.close()

    def _wait(self, for_it: Callable[[float], bool]) -> bool:
        """Wait for something, but no longer for a broker of our own that has died."""
        for _ in range(round(self._patience / _LOOK)):
            if for_it(_LOOK):
                return True
            if self._own is not None and self._own.died:
                return False
        return False

    def _wait_arrived(self, timeout: float) -> bool:
        with self._arrived:
            return self._arrived.wait_for(lambda: not self._awaited, timeout)

    def _take(self, messages: Sequence[Message]) -> None:
        self._intake.take(messages)
        with self._arrived:
            self._awaited -= Counter((message.topic, message.payload) for message in messages)
            self._arrived.notify_all()


Air = Straight | ThroughBroker


def open_air(house: House, folder: Path, mqtt: tuple[str, int] | None, program: str | None) -> Air:
    """Choose the way: the broker that is named, else a private one, else straight in.

    Raises
    ------
    BrokerLost
        If the broker that is named does not answer.
    """
    if mqtt is not None:
        return _opened(ThroughBroker(house, *mqtt))
    if program is not None:
        broker = Broker(program, folder)
        with suppress(BrokerLost):
            return _opened(ThroughBroker(house, LOOPBACK, broker.port, broker))
    return Straight(house)


def _opened(air: ThroughBroker) -> ThroughBroker:
    try:
        air.open()
    except BaseException:
        air.close()
        raise
    return air


def free_port() -> int:
    """Ask the system for a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])

"""Doubles that take messages: they remember, may refuse for a while, and may hold on."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Condition

from meterwatch.daemon.mqtt import BrokerSettings, Publisher, Source
from meterwatch.gateways import Message
from tests.daemon.cable import SOON, Cable
from tests.parts.broker import Broker

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class StoreDown(Exception):  # noqa: N818
    """What a store raises that is not there."""


class Taker:
    """Takes batches; while `failing` it refuses them, while `held` it does not return."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.tries: list[list[bytes]] = []
        self.taken: list[Message] = []
        self.failing = False
        self.held = False

    def __call__(self, messages: Sequence[Message]) -> None:
        with self.changed:
            self.tries.append([message.payload for message in messages])
            self.changed.notify_all()
            self.changed.wait_for(lambda: not self.held)
            if self.failing:
                raise StoreDown
            self.taken += messages
            self.changed.notify_all()

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.taken]

    def wait_until(self, what: str, is_so: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(is_so, SOON), f"never: {what}"

    def wait_for(self, count: int) -> None:
        self.wait_until(f"{count} messages taken", lambda: len(self.taken) >= count)

    def set(self, *, held: bool = False, failing: bool = False) -> None:
        with self.changed:
            self.held, self.failing = held, failing
            self.changed.notify_all()


def settings_for(broker: Broker | Cable, client_id: str, **more: int | str) -> BrokerSettings:
    return BrokerSettings(broker.host, broker.port, client_id, **more)  # type: ignore[arg-type]


def listen(
    broker: Broker | Cable,
    client_id: str,
    topic: str,
    take: Callable[[Sequence[Message]], None],
    **more: int | str,
) -> Source:
    """Start a source and wait until it is subscribed."""
    settings = settings_for(broker, client_id, **more)
    source = Source(settings, [topic], lambda: NOON, take, batch_seconds=0.02)
    source.start()
    assert source.wait_connected(SOON), source.state
    return source


def publish(broker: Broker, topic: str, *payloads: bytes, retain: bool = False) -> None:
    """Publish and wait until the broker has it."""
    publisher = Publisher(
        settings_for(broker, f"{topic.replace('/', '-')}-sender", session_expiry_seconds=0)
    )
    publisher.start()
    for payload in payloads:
        publisher.publish(topic, payload, retain=retain, timeout=SOON)
    assert publisher.stop(SOON)


def numbered(count: int, start: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(start, start + count)]

"""Publishes at quality 1, and says when the broker has it."""

from concurrent.futures import Future
from functools import partial
from threading import Condition

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from meterwatch.daemon.mqtt.line import Line, Opening
from meterwatch.daemon.mqtt.settings import BrokerSettings
from meterwatch.domain.fact import Refused
from meterwatch.gateways.checks import check_topic

_IN_FLIGHT = 1_000
_HEAD_BYTES = 16  # more than what else is in a packet


class NotPublished(OSError):  # noqa: N818  # it says what happened
    """The broker refused a message, or had not confirmed it when the publisher was stopped."""


class Publisher:
    """A client that publishes; messages of one publisher arrive in the order of their calls.

    What is not confirmed when the connection is lost is sent again on the next one, so a message
    may arrive twice.

    Parameters
    ----------
    settings : BrokerSettings
        With a `client_id` of its own.
    in_flight : int
        How many messages may be unconfirmed before `publish` waits; the broker may want fewer.
    """

    def __init__(self, settings: BrokerSettings, in_flight: int = _IN_FLIGHT) -> None:
        self._prefix = settings.topic_prefix
        self._asked = self._limit = in_flight
        self._packet_bytes = 0  # messages go only while connected, and then it is known
        self._line = Line(settings, self._on_open, _nothing)
        self._line.client.on_publish = self._on_publish
        self._room = Condition()
        self._flying: set[Future[None]] = set()
        self._by_number: dict[int, Future[None]] = {}

    @property
    def problem(self) -> str:
        """What keeps it from the broker; empty if nothing does."""
        return self._line.problem

    def start(self) -> None:
        """Connect; a broker that is not there is waited for."""
        self._line.start()

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, timeout: float | None = None
    ) -> Future[None]:
        """Send a message; the result is there when the broker has it.

        Waits while too many are unconfirmed.

        Raises
        ------
        TimeoutError
            If it would have had to wait longer than `timeout` seconds; nothing was sent then.
        """
        confirmed: Future[None] = Future()
        confirmed.set_running_or_notify_cancel()
        with self._room:
            if not self._room.wait_for(lambda: len(self._flying) < self._limit, timeout):
                raise TimeoutError(f"The broker has left {self._limit} messages unconfirmed.")
            self._flying.add(confirmed)
            self._line.post(partial(self._send, topic, payload, confirmed, retain=retain))
        return confirmed

    def flush(self, timeout: float) -> bool:
        """Wait until nothing is unconfirmed; tell whether it came to that."""
        with self._room:
            return self._room.wait_for(lambda: not self._flying, timeout)

    def stop(self, timeout: float = 10.0) -> bool:
        """Wait for confirmations and leave; tell whether every message was confirmed."""
        flushed = self.flush(timeout)
        self._line.stop(timeout)
        for confirmed in list(self._flying):
            self._settle(confirmed, "The publisher was stopped before the broker confirmed it.")
        return flushed

    # On the line's thread.

    def _send(self, topic: str, payload: bytes, confirmed: Future[None], *, retain: bool) -> None:
        topic = f"{self._prefix}{topic}"
        refusal = self._refusal(topic, payload)
        if refusal:
            self._settle(confirmed, refusal)
            return
        sent = self._line.client.publish(topic, payload, qos=1, retain=retain)
        if sent.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            self._settle(confirmed, "Too many messages are unconfirmed.")
        else:
            self._by_number[sent.mid] = confirmed

    def _refusal(self, topic: str, payload: bytes) -> str:
        """Say why the broker would not take it: it would drop us, and again at each new try."""
        try:
            check_topic(topic)
        except Refused as refused:
            return refused.detail
        size = len(topic.encode()) + len(payload) + _HEAD_BYTES
        if size > self._packet_bytes:
            return f"The message has {size} bytes; the broker takes {self._packet_bytes} at most."
        return ""

    def _on_open(self, opening: Opening) -> None:
        self._packet_bytes = opening.packet_bytes
        with self._room:
            self._limit = min(self._asked, opening.receive_maximum)
            self._room.notify_all()

    def _on_publish(
        self,
        _client: mqtt.Client,
        _data: object,
        number: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        confirmed = self._by_number.pop(number, None)
        if confirmed is not None:
            refusal = f"The broker refused it: {reason}" if reason.is_failure else ""
            self._settle(confirmed, refusal)

    def _settle(self, confirmed: Future[None], refusal: str) -> None:
        with self._room:
            if confirmed not in self._flying:
                return
            if refusal:
                confirmed.set_exception(NotPublished(refusal))
            else:
                confirmed.set_result(None)
            self._flying.discard(confirmed)
            self._room.notify_all()


def _nothing() -> None:
    """Note nothing: what was unconfirmed is sent again by the client itself."""

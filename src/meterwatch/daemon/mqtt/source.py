"""A source of messages: nothing is acknowledged before it was taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Event, Thread

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from meterwatch.daemon.mqtt.gathering import Gathering, Heard
from meterwatch.daemon.mqtt.line import Line, Opening
from meterwatch.daemon.mqtt.settings import BrokerSettings
from meterwatch.daemon.patience import growing
from meterwatch.daemon.trouble import named
from meterwatch.gateways import Message
from meterwatch.gateways.checks import MAX_PAYLOAD_BYTES

FIRST_RETRY, LONGEST_RETRY = 0.1, 5.0
_BATCH_SECONDS, _BATCH_MESSAGES = 0.25, 5_000
# A retained message is sent when a subscription is new, and not again at every reconnection: a
# bell's retained press would raise its alert each time the network hiccups.
_ONCE = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is doing: for the system page and for metrics.

    `dropped` counts messages of quality 0 that came while too many were waiting.
    """

    connected: bool
    problem: str
    received: int
    waiting: int
    batches: int
    retries: int
    dropped: int
    last_message_at: datetime | None


class Source:
    """Subscribes and hands over messages by the batch, each at least once and in order.

    A batch that could not be taken is tried again, the same and unacknowledged, until it is. What
    was taken is acknowledged in the order of its arrival and only on the connection on which it
    arrived; what arrived on a lost one comes again. So `take` must bear repetition.

    Parameters
    ----------
    topics : sequence of str
        Subscription filters.
    hear : callable
        Gives the moment of receipt, aware UTC; called for each message.
    take : callable
        Takes a batch, and raises if it could not.
    batch_seconds, batch_messages
        A batch is handed over so long after its first message, or when it has so many.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        topics: Sequence[str],
        hear: Callable[[], datetime],
        take: Callable[[Sequence[Message]], None],
        *,
        batch_seconds: float = _BATCH_SECONDS,
        batch_messages: int = _BATCH_MESSAGES,
    ) -> None:
        if not topics:
            raise ValueError("A source needs at least one topic to subscribe to.")
        self._prefix = settings.topic_prefix
        self._filters = [(f"{self._prefix}{topic}", _ONCE) for topic in topics]
        self._hear, self._take = hear, take
        window = settings.receive_maximum  # more than it never waits, so it is a full batch
        self._gathering = Gathering(batch_seconds, min(batch_messages, window), 2 * window)
        self._line = Line(settings, self._on_open, self._on_close)
        self._line.client.on_subscribe = self._on_subscribe
        self._line.on_message = self._on_message
        name = f"take-{settings.client_id}"
        self._taker = Thread(target=self._take_batches, name=name, daemon=True)
        self._log = _log.bind(client_id=settings.client_id)
        self._stopping, self._subscribed = Event(), Event()
        self._refused_topics = ""
        self._received = self._batches = self._retries = self._dropped = 0
        self._last_message_at: datetime | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and our subscriptions."""
        return self._subscribed.is_set()

    @property
    def state(self) -> SourceState:
        """How it is doing now."""
        return SourceState(
            connected=self.connected,
            problem=self._line.problem or self._refused_topics,
            received=self._received,
            waiting=len(self._gathering),
            batches=self._batches,
            retries=self._retries,
            dropped=self._dropped,
            last_message_at=self._last_message_at,
        )

    def start(self) -> None:
        """Begin to listen; a broker that is not there is waited for."""
        self._taker.start()
        self._line.start()

    def wait_connected(self, timeout: float) -> bool:
        """Wait until the broker has accepted us and our subscriptions; tell whether it has."""
        return self._subscribed.wait(timeout)

    def stop(self, timeout: float = 10.0) -> bool:
        """Take what has arrived, acknowledge it and leave; the session stays at the broker.

        What could not be taken is left to be sent again. Tells whether all ended in time.
        """
        self._stopping.set()
        self._gathering.close()
        if self._taker.ident is not None:
            self._taker.join(timeout)
        ended = self._line.stop(timeout)
        return ended and not self._taker.is_alive()

    # On the line's thread.

    def _on_open(self, opening: Opening) -> None:
        if opening.session_present:
            # All that waits came on an earlier connection, and the broker is about to repeat it.
            # Where it has lost the session it will not, so there everything is kept.
            self._gathering.forget_promised()
        self._line.client.subscribe(self._filters)

    def _on_close(self) -> None:
        self._subscribed.clear()

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: object,
        _number: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        pairs = zip(self._filters, reasons, strict=False)
        refused = [topic for (topic, _), reason in pairs if reason.is_failure]
        self._refused_topics = f"not allowed to read {', '.join(refused)}" if refused else ""
        if refused:
            self._log.error("subscription_refused", topics=refused)
        else:
            self._subscribed.set()

    def _on_message(self, message: mqtt.MQTTMessage) -> None:
        heard = Heard(self._read(message), message.mid, message.qos, self._line.epoch)
        self._received += 1
        self._last_message_at = heard.message.received_at
        if not self._gathering.put(heard) and message.qos == 0:
            self._dropped += 1

    def _read(self, message: mqtt.MQTTMessage) -> Message:
        try:
            topic = message.topic
        except UnicodeDecodeError as error:
            topic = error.object.decode("utf-8", "replace")
        return Message(
            topic.removeprefix(self._prefix),
            # One byte more than a gateway reads is enough to see that it is too large.
            bytes(message.payload[: MAX_PAYLOAD_BYTES + 1]),
            self._hear(),
            message.retain,
        )

    def _acknowledge(self, batch: Sequence[Heard]) -> None:
        for heard in batch:
            if heard.quality and heard.epoch == self._line.epoch:
                self._line.client.ack(heard.number, heard.quality)

    # On the taker's thread.

    def _take_batches(self) -> None:
        while batch := self._gathering.next_batch():
            if self._take_one(batch):
                self._batches += 1
                self._line.post(partial(self._acknowledge, batch))

    def _take_one(self, batch: Sequence[Heard]) -> bool:
        messages = [heard.message for heard in batch]
        for tried, wait in enumerate(growing(FIRST_RETRY, LONGEST_RETRY)):
            try:
                self._take(messages)
            except Exception as error:  # noqa: BLE001  # whatever it is, the batch is not lost
                self._note_failure(error, tried)
            else:
                if tried:
                    self._log.info("batch_taken_at_last", tries=tried + 1)
                return True
            if self._stopping.wait(wait):
                return False
        return False

    def _note_failure(self, error: Exception, tried: int) -> None:
        self._retries += 1
        if not tried:
            self._log.error("batch_not_taken", failure=named(error))

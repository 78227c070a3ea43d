"""The line to the broker: one connection, kept open by a thread of its own.

A number by which a message is acknowledged belongs to one connection; on the next one the broker
gives it to another message, which would then be lost. So nothing but this thread touches the
client: others `post` what they want done, and `epoch` tells one connection from the next.
"""

import selectors
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import uniform
from threading import Event, Thread

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.client import ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from meterwatch.daemon.mqtt.settings import BrokerSettings, new_client
from meterwatch.daemon.patience import growing
from meterwatch.daemon.trouble import named

FIRST_WAIT, LONGEST_WAIT = 0.25, 15.0
_TURN_SECONDS = 1.0  # paho looks after its keep-alive once a turn
_READS_PER_TURN = 512
_FAREWELL_TURNS = 50

_log = structlog.get_logger(__name__)

# What the protocol means where a broker names no limit.
_MESSAGES, _PACKET_BYTES = 65_535, 268_435_460


@dataclass(frozen=True, slots=True)
class Opening:
    """What the broker said when it accepted us.

    `session_present` means that it kept our session and sends again what we did not acknowledge;
    `receive_maximum` is how many unconfirmed messages it takes from us, `packet_bytes` how large.
    """

    session_present: bool
    receive_maximum: int
    packet_bytes: int


Opened = Callable[[Opening], None]
Closed = Callable[[], None]
Job = Callable[[], object]


class Line:
    """One connection to the broker, opened again whenever it is lost.

    Parameters
    ----------
    opened : callable
        Called on the line's thread when the broker has accepted us, before anything is received.
    closed : callable
        Called on the line's thread when the connection is gone.
    """

    def __init__(self, settings: BrokerSettings, opened: Opened, closed: Closed) -> None:
        self.client = new_client(settings)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_socket_close = self._on_socket_close
        self.on_message: Callable[[mqtt.MQTTMessage], None] | None = None
        self.client.on_message = self._on_message
        self.epoch = 0
        self.problem = ""
        self._opened, self._closed = opened, closed
        self._open = self._accepted = False
        self._heard = 0
        self._jobs: deque[Job] = deque()
        self._ending = Event()
        self._ears, self._bell = socket.socketpair()
        self._ears.setblocking(False)
        self._bell.setblocking(False)
        self._log = _log.bind(client_id=settings.client_id, port=settings.port)
        self._thread = Thread(target=self._run, name=f"line-{settings.client_id}", daemon=True)

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        self._thread.start()

    def post(self, job: Job) -> None:
        """Have something done on the line's thread, in order; while connected, else after."""
        self._jobs.append(job)
        if len(self._jobs) == 1:  # beside others it is done with them
            self._ring()

    def stop(self, timeout: float) -> bool:
        """Do what was posted, say goodbye and end; tell whether it ended in time."""
        self._ending.set()
        self._ring()
        if self._thread.ident is None:
            self._close()
        else:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _ring(self) -> None:
        # Full, so it rings already; or closed, and nobody is left to hear it.
        with suppress(OSError):
            self._bell.send(b"!")

    def _run(self) -> None:
        waits = growing(FIRST_WAIT, LONGEST_WAIT)
        while not self._ending.is_set():
            self._accepted = False
            if self._dial():
                self._serve()
            if self._accepted:
                waits = growing(FIRST_WAIT, LONGEST_WAIT)
            # Spread out, so that a thousand clients do not all come back in one moment.
            self._ending.wait(next(waits) * uniform(0.5, 1.0))
        self._close()

    def _close(self) -> None:
        self._ears.close()
        self._bell.close()

    def _dial(self) -> bool:
        try:
            self.client.reconnect()
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
            self._note_problem(f"unreachable: {type(error).__name__}")
            return False
        return True

    def _serve(self) -> None:
        try:
            self._talk()
        except Exception as error:  # noqa: BLE001  # without this thread nothing is heard at all
            self._note_problem(f"failed: {named(error)}")
        if self.client.socket() is not None:
            self.client.disconnect()

    def _talk(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._ears, selectors.EVENT_READ)
            dialled = self.client.socket()
            if dialled is not None:
                selector.register(dialled, selectors.EVENT_READ)
            while self.client.socket() is not None and not self._ending.is_set():
                self._turn(selector, _TURN_SECONDS)
            self._say_goodbye(selector)

    def _turn(self, selector: selectors.BaseSelector, seconds: float) -> None:
        """Wait until there is something to do, and do it."""
        sock = self.client.socket()
        if sock is None:
            return
        wanted = selectors.EVENT_READ
        if self.client.want_write():
            wanted |= selectors.EVENT_WRITE
        if selector.get_key(sock).events != wanted:
            selector.modify(sock, wanted)
        # What an encrypted socket has decoded already is nothing a selector can see.
        pending = getattr(sock, "pending", None)
        selector.select(0 if pending is not None and pending() else seconds)
        self._read()
        if self.client.want_write():
            self.client.loop_write()
        self._work()
        self.client.loop_misc()

    def _read(self) -> None:
        for _ in range(_READS_PER_TURN):
            heard = self._heard
            if self.client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS or heard == self._heard:
                return

    def _work(self) -> None:
        with suppress(BlockingIOError):
            self._ears.recv(4_096)
        while self._open and self._jobs:
            self._jobs.popleft()()

    def _say_goodbye(self, selector: selectors.BaseSelector) -> None:
        if self.client.socket() is None:
            return
        self._work()
        # Bytes that nobody read would turn the goodbye into a reset.
        self._read()
        self.client.disconnect()
        for _ in range(_FAREWELL_TURNS):
            self._turn(selector, 0.1)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._heard += 1
        if self.on_message is not None:
            self.on_message(message)

    def _on_connect(
        self,
        _client: mqtt.Client,
        _data: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._note_problem(f"refused: {reason}")
            return
        self._log.info("broker_connected", session_present=flags.session_present)
        self.problem = ""
        self._open = self._accepted = True
        messages: int = getattr(properties, "ReceiveMaximum", _MESSAGES)
        packet_bytes: int = getattr(properties, "MaximumPacketSize", _PACKET_BYTES)
        self._opened(Opening(flags.session_present, messages, packet_bytes))

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server or reason.is_failure:
            self._note_problem(self.problem or f"lost: {reason}")

    def _on_socket_close(self, _client: mqtt.Client, _data: object, _sock: object) -> None:
        # Always called, whichever way a connection ends, and before the next one is dialled.
        self.epoch += 1
        self._open = False
        self._closed()

    def _note_problem(self, problem: str) -> None:
        if problem != self.problem:
            self._log.warning("broker_problem", problem=problem)
        self.problem = problem

"""A cable between a client and the broker that can be cut, and that remembers the packets."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Thread

from tests.parts.ports import LOOPBACK

PUBLISH, PUBACK, PINGREQ, PINGRESP, DISCONNECT = 3, 4, 12, 13, 14
SOON = 30.0


@dataclass(slots=True)
class Packet:
    """One packet of MQTT: its type, its flags and what follows the length."""

    kind: int
    flags: int
    body: bytes

    @property
    def number(self) -> int:
        """The number that a PUBLISH (of quality 1) or a PUBACK carries."""
        at = 2 + int.from_bytes(self.body[:2]) if self.kind == PUBLISH else 0
        return int.from_bytes(self.body[at : at + 2])


def read_packets(chunks: Iterator[bytes]) -> Iterator[Packet]:
    """Cut a stream of bytes into packets."""
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        while (cut := _first_packet(buffer)) is not None:
            packet, buffer = cut
            yield packet


def _first_packet(buffer: bytes) -> tuple[Packet, bytes] | None:
    length, at = 0, 1
    while True:
        if at >= len(buffer):
            return None
        length |= (buffer[at] & 127) << 7 * (at - 1)
        at += 1
        if buffer[at - 1] < 128:
            break
    if len(buffer) < at + length:
        return None
    packet = Packet(buffer[0] >> 4, buffer[0] & 15, buffer[at : at + length])
    return packet, buffer[at + length :]


@dataclass(slots=True)
class Call:
    """One connection through the cable: what either side said, in order."""

    said: list[Packet] = field(default_factory=list)  # by the client
    heard: list[Packet] = field(default_factory=list)  # by the client, from the broker

    def acknowledged(self) -> list[int]:
        """The numbers that the client acknowledged."""
        return [packet.number for packet in self.said if packet.kind == PUBACK]

    def delivered(self) -> list[int]:
        """The numbers that the broker sent messages under."""
        return [packet.number for packet in self.heard if packet.kind == PUBLISH]


class Cable:
    """Listens on a loopback port of its own and passes everything on to the broker."""

    def __init__(self, port: int) -> None:
        self.host = LOOPBACK
        self.calls: list[Call] = []
        self.changed = Condition()
        self._broker = port
        self._ends: list[socket.socket] = []
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def wait_until(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait until a condition over the calls holds; it is asked at every packet."""
        with self.changed:
            assert self.changed.wait_for(is_so, SOON), f"never: {what}"

    def cut(self) -> None:
        """End every connection, without a word to either side."""
        with self.changed:
            ends, self._ends = self._ends, []
        for end in ends:
            _hang_up(end)

    def close(self) -> None:
        """Take the cable away."""
        _hang_up(self._socket)
        self.cut()
        for thread in self._threads:
            thread.join(SOON)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            broker = socket.create_connection((LOOPBACK, self._broker))
            call = Call()
            with self.changed:
                self.calls.append(call)
                self._ends += [client, broker]
            for ends in ((client, broker, call.said), (broker, client, call.heard)):
                self._threads.append(Thread(target=self._pass_on, args=ends))
                self._threads[-1].start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, packets: list[Packet]) -> None:
        def chunks() -> Iterator[bytes]:
            try:
                while chunk := source.recv(65_536):
                    sink.sendall(chunk)
                    yield chunk
            except OSError:
                return

        for packet in read_packets(chunks()):
            with self.changed:
                packets.append(packet)
                self.changed.notify_all()
        _hang_up(sink)
        source.close()


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)

"""A broker that does what a broker should not: it says what the test tells it to, byte by byte."""

import socket
from collections.abc import Callable, Iterator
from threading import Thread

from tests.daemon.cable import PUBACK, PUBLISH, SOON, Packet, read_packets
from tests.parts.ports import LOOPBACK

CONNECT, CONNACK, SUBSCRIBE, SUBACK = 1, 2, 8, 9


def packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    """Write a packet of up to 16,383 bytes."""
    low, high = len(body) & 127, len(body) >> 7
    length = bytes([low | 128, high]) if high else bytes([low])
    return bytes([kind << 4 | flags]) + length + body


def publish(topic: bytes, number: int, payload: bytes) -> bytes:
    """Write a PUBLISH of quality 1."""
    head = len(topic).to_bytes(2) + topic + number.to_bytes(2) + b"\0"
    return packet(PUBLISH, head + payload, flags=2)


def suback(asked: Packet, *reasons: int) -> bytes:
    """Answer a subscription."""
    return packet(SUBACK, asked.body[:2] + b"\0" + bytes(reasons))


ACCEPTED = packet(CONNACK, b"\0\0\0")


class CrookedBroker:
    """Answers each packet of a client with what `answer(call, packet)` gives; None hangs up."""

    host = LOOPBACK

    def __init__(self, answer: Callable[[int, Packet], bytes | None]) -> None:
        self._answer = answer
        self._socket = socket.create_server((LOOPBACK, 0))
        self._socket.settimeout(SOON)
        self.port: int = self._socket.getsockname()[1]
        self.said: list[Packet] = []
        self._closing = False
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def acknowledged(self) -> list[int]:
        """The numbers that clients acknowledged."""
        return [one.number for one in self.said if one.kind == PUBACK]

    def close(self) -> None:
        """Stop listening; the client must be gone by then."""
        self._closing = True
        socket.create_connection((LOOPBACK, self.port)).close()
        self._thread.join(SOON)
        self._socket.close()

    def _serve(self) -> None:
        call = 0
        while True:
            connection, _ = self._socket.accept()
            with connection:
                if self._closing:
                    return
                self._talk(call, connection)
            call += 1

    def _talk(self, call: int, connection: socket.socket) -> None:
        for said in read_packets(_chunks(connection)):
            self.said.append(said)
            answer = self._answer(call, said)
            if answer is None:
                return
            connection.sendall(answer)


def _chunks(connection: socket.socket) -> Iterator[bytes]:
    try:
        while chunk := connection.recv(65_536):
            yield chunk
    except OSError:
        return

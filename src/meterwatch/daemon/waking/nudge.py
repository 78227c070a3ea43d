"""Something a sleeping thread can wait on beside a socket, and any other thread can set off."""

import selectors
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol


class HasFileno(Protocol):
    """A socket or what holds one."""

    def fileno(self) -> int:
        """Give the descriptor."""
        ...


class Nudge:
    """A pair of sockets: `set_off` ends the wait at the other end, now or the next one."""

    def __init__(self) -> None:
        self._ear, self._finger = socket.socketpair()
        self._ear.setblocking(False)
        self._finger.setblocking(False)

    def set_off(self) -> None:
        """End the wait."""
        with suppress(OSError):  # full: it is set off already; closed: nobody waits
            self._finger.send(b"!")

    def wait(self, seconds: float, others: Sequence[HasFileno] = ()) -> bool:
        """Wait until it is set off or one of the others can be read; tell whether one can."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._ear, selectors.EVENT_READ)
            for other in others:
                selector.register(other, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in selector.select(seconds)}
        with suppress(BlockingIOError):
            self._ear.recv(4_096)
        return any(other in ready for other in others)

    def close(self) -> None:
        """Close both ends."""
        self._ear.close()
        self._finger.close()

"""How one process wakes another: at once where it works, and the poll costs a second where not.

On SQLite by a Unix datagram socket beside the database, on PostgreSQL by NOTIFY. A ring carries
the name of a channel and nothing else: what there is to do stands in the database.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from sqlalchemy.engine import make_url

from meterwatch.daemon.waking.postgres import PostgresSleeper, PostgresWaker
from meterwatch.daemon.waking.sockets import SocketSleeper, SocketWaker, folder_for

__all__ = ["Relay", "Sleeper", "Waker", "sleeper", "waker"]


class Waker(Protocol):
    """Rings, and never fails: whoever is not woken looks by itself."""

    def ring(self, channel: str) -> None:
        """Wake everybody who sleeps on a channel."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Sleeper(Protocol):
    """Sleeps until one of its channels rings."""

    def wait(self, seconds: float) -> frozenset[str]:
        """Sleep so long at the most; give the channels that rang, none if none did.

        Where rings may have been missed, all channels are given: looking once more is cheap.
        """
        ...

    def interrupt(self) -> None:
        """End a wait, or the next one, at once; from any thread."""
        ...

    def close(self) -> None:
        """Give everything back; nobody may be waiting then."""
        ...


def waker(url: str) -> Waker:
    """Make what rings the processes that work on the same database."""
    database = _sqlite_file(url)
    return PostgresWaker(url) if database is None else SocketWaker(folder_for(database))


def sleeper(url: str, *channels: str) -> Sleeper:
    """Make what is rung by the processes that work on the same database."""
    database = _sqlite_file(url)
    if database is None:
        return PostgresSleeper(url, channels)
    return SocketSleeper(folder_for(database), channels)


def _sqlite_file(url: str) -> Path | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    return Path(parsed.database or "meterwatch.db").resolve()


class Relay:
    """Passes rings on to whoever does the work, in a thread of its own.

    Parameters
    ----------
    calls : mapping of channel to callable
        What is called when a channel rings (`beats.wake`); it must not fail and not wait.
    """

    def __init__(self, sleeping: Sleeper, calls: Mapping[str, Callable[[], object]]) -> None:
        self._sleeping, self._calls = sleeping, dict(calls)
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """End and close the sleeper; tell whether it ended in time."""
        self._stopping.set()
        self._sleeping.interrupt()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        self._sleeping.close()
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            rang = self._sleeping.wait(60.0)
            for channel in rang & self._calls.keys():
                self._calls[channel]()

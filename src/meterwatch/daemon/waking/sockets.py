"""Waking by Unix datagram sockets: every sleeper has one in a folder beside the database."""

import os
import socket
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

import structlog

from meterwatch.daemon.trouble import named
from meterwatch.daemon.waking.nudge import Nudge

_LONGEST_PATH = 107  # the address of a Unix socket, without the zero at its end
_NAME_BYTES = len("0123456789abcdef.sock")
_CHANNEL_BYTES = 64
_TRIES = 5

_log = structlog.get_logger(__name__)


def folder_for(database: Path) -> Path:
    """Name the folder of the sockets: beside the database, or where paths are short enough."""
    beside = database.with_name(f"{database.name}-wake")
    elsewhere = f"meterwatch-{sha256(os.fsencode(database)).hexdigest()[:16]}"
    places = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()]
    folders = [beside, *(Path(place) / elsewhere for place in places if place)]
    return next((folder for folder in folders if _fits(folder)), Path("/tmp") / elsewhere)  # noqa: S108


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + len("/") + _NAME_BYTES <= _LONGEST_PATH


class SocketWaker:
    """Rings every socket in the folder, and clears away those that nobody holds any more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def ring(self, channel: str) -> None:
        """Wake everybody who sleeps on a channel."""
        with suppress(OSError):  # no folder: nobody has ever slept here
            for name in os.listdir(self._folder):  # noqa: PTH208  # rung at every commit
                self._ring(f"{self._folder}/{name}", channel.encode())

    def _ring(self, path: str, word: bytes) -> None:
        try:
            self._socket.sendto(word, path)
        except ConnectionRefusedError:  # its process was killed
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108
        except OSError:
            pass  # full: it has enough to wake up for; gone, or not ours: it looks by itself

    def close(self) -> None:
        """Close the socket it rings from."""
        self._socket.close()


class SocketSleeper:
    """Holds one socket in the folder, and hears its own channels of all that is rung.

    Where it may not have a socket it says so once and sleeps on, deaf.
    """

    def __init__(self, folder: Path, channels: Sequence[str]) -> None:
        self._channels = frozenset(channels)
        self._path = folder / f"{token_hex(8)}.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._nudge = Nudge()
        try:
            self._settle(folder)
        except OSError as error:
            _log.warning("cannot_be_woken", folder=str(folder), failure=named(error))

    def _settle(self, folder: Path) -> None:
        for _ in range(_TRIES):
            _make(folder)
            with suppress(FileNotFoundError):  # the last sleeper of before has just taken it away
                self._socket.bind(str(self._path))
                return
        raise FileNotFoundError(folder)

    def wait(self, seconds: float) -> frozenset[str]:
        """Sleep so long at the most; give the channels that rang."""
        self._nudge.wait(seconds, [self._socket])
        return self._rang()

    def _rang(self) -> frozenset[str]:
        rang = set()
        with suppress(BlockingIOError):
            while True:
                rang.add(self._socket.recv(_CHANNEL_BYTES).decode(errors="replace"))
        return frozenset(rang) & self._channels

    def interrupt(self) -> None:
        """End a wait at once."""
        self._nudge.set_off()

    def close(self) -> None:
        """Close the socket and leave no file behind."""
        self._socket.close()
        self._nudge.close()
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError):  # others sleep here still
            self._path.parent.rmdir()


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # In a folder for everybody's temporary files a stranger may have been there first.
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"The folder {folder} belongs to somebody else.")

"""Waking by LISTEN and NOTIFY: one connection for ringing, one for each sleeper."""

from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

import psycopg
import structlog
from sqlalchemy.engine import make_url

from meterwatch.daemon.trouble import named
from meterwatch.daemon.waking.nudge import Nudge

_CHANNEL = "meterwatch"  # the rung channel is the payload, so that one connection hears them all
_CONNECT_SECONDS = 5
_IDLE_SECONDS = 30  # of silence, before the machine asks whether the server is still there
_REST_SECONDS = 1.0

_log = structlog.get_logger(__name__)


def _connect(url: str) -> psycopg.Connection[Any]:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(
        dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS, keepalives_idle=_IDLE_SECONDS
    )


class PostgresWaker:
    """Rings by NOTIFY; a lost connection is opened again at the next ring."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = Lock()

    def ring(self, channel: str) -> None:
        """Wake everybody who sleeps on a channel."""
        with self._lock:
            connected = self._connection is not None
            # A connection that was lost meanwhile is seen only when it is used.
            if not self._notify(channel) and connected:
                self._notify(channel)

    def _notify(self, channel: str) -> bool:
        try:
            self._connection = self._connection or _connect(self._url)
            self._connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, channel))
        except psycopg.Error:
            self._hang_up()
            return False
        return True

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._hang_up()


class PostgresSleeper:
    """Hears by LISTEN; a lost connection is opened again, and then every channel has rung."""

    def __init__(self, url: str, channels: Sequence[str]) -> None:
        self._url = url
        self._channels = frozenset(channels)
        self._nudge = Nudge()
        self._connection: psycopg.Connection[Any] | None = None
        self._deaf = False
        with suppress(psycopg.Error):  # it is tried again at every wait
            self._connection = self._listen()

    def wait(self, seconds: float) -> frozenset[str]:
        """Sleep so long at the most; give the channels that rang, all of them if it was deaf."""
        try:
            if self._connection is None:
                self._connection = self._listen()
                return self._channels
            if not self._nudge.wait(seconds, [self._connection]):
                return frozenset()
            return self._rang(self._connection)
        except psycopg.Error as error:
            self._hang_up(error)
            self._nudge.wait(min(seconds, _REST_SECONDS))
            return frozenset()

    def _rang(self, connection: psycopg.Connection[Any]) -> frozenset[str]:
        rang = {notify.payload for notify in connection.notifies(timeout=0)}
        return frozenset(rang) & self._channels

    def _listen(self) -> psycopg.Connection[Any]:
        connection = _connect(self._url)
        try:
            connection.execute(f"LISTEN {_CHANNEL}")
        except psycopg.Error:
            connection.close()
            raise
        if self._deaf:
            _log.info("hears_again")
        self._deaf = False
        return connection

    def _hang_up(self, error: psycopg.Error) -> None:
        if not self._deaf:
            _log.warning("does_not_hear", failure=named(error))
        self._deaf = True
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def interrupt(self) -> None:
        """End a wait at once."""
        self._nudge.set_off()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._nudge.close()

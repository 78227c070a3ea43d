"""The only place that reads a clock.

Decisions take `now` from a `Clock`, which a test, the demo or recorded readings may move. Leases,
time-outs, sessions and rate limits take machine time (`machine_now`, `machine_seconds`), always.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol

LONGEST_JUMP = timedelta(days=31)


class Clock(Protocol):
    """What tells the moment of a decision."""

    def now(self) -> datetime:
        """Tell the time, aware UTC."""
        ...


def machine_now() -> datetime:
    """Tell the machine's time, aware UTC."""
    return datetime.now(UTC)


def machine_seconds() -> float:
    """Tell the machine's monotonic seconds: only differences mean anything."""
    return time.monotonic()


class SystemClock:
    """Decisions at the machine's time."""

    def now(self) -> datetime:
        """Tell the machine's time, aware UTC."""
        return machine_now()


class HandClock:
    """A clock that stands until it is moved by hand."""

    def __init__(self, at: datetime) -> None:
        self._at = _in_utc(at)

    def now(self) -> datetime:
        """Tell where the hands stand."""
        return self._at

    def set(self, at: datetime) -> None:
        """Put the hands to a moment, forwards or backwards."""
        self._at = _in_utc(at)

    def advance(self, by: timedelta) -> datetime:
        """Move the hands and tell where they stand then."""
        self.set(self._at + by)
        return self._at


class MovedClock:
    """The machine's time plus an offset that only grows: it runs on while one fast-forwards."""

    def __init__(
        self, offset: timedelta = timedelta(0), machine: Callable[[], datetime] = machine_now
    ) -> None:
        self._offset = offset
        self._machine = machine
        self._lock = Lock()

    @property
    def offset(self) -> timedelta:
        """How far ahead of the machine it is."""
        return self._offset

    def now(self) -> datetime:
        """Tell the machine's time plus the offset."""
        return self._machine() + self._offset

    def advance(self, by: timedelta) -> datetime:
        """Move ahead and tell the new time; ValueError for a step back."""
        if by < timedelta(0):
            raise ValueError(f"this clock only moves ahead, not by {by}")
        with self._lock:
            self._offset += by
        return self.now()


class DataClock:
    """The newest moment that recorded readings told; it never goes back.

    Parameters
    ----------
    at : datetime, aware
        What it tells until it has heard anything.
    started : bool
        Whether `at` was itself heard (before a restart). The first moment that an unstarted
        clock hears may lie any time ahead.
    """

    def __init__(self, at: datetime, *, started: bool = False) -> None:
        self._at = _in_utc(at)
        self._started = started
        self._lock = Lock()

    def now(self) -> datetime:
        """Tell the newest moment heard."""
        return self._at

    def copy(self) -> "DataClock":
        """Make a clock that stands here too, to try what moments would do to this one."""
        return DataClock(self._at, started=self._started)

    def hear(self, moment: datetime) -> datetime:
        """Move on to a moment if it is newer, and tell the time then.

        Raises
        ------
        ValueError
            If a clock that has started would jump more than 31 days: one wrong date would carry
            every later decision with it. The clock stays where it was.
        """
        moment = _in_utc(moment)
        with self._lock:
            if self._started and moment - self._at > LONGEST_JUMP:
                raise ValueError(
                    f"the data jumps from {self._at:%Y-%m-%d %H:%M} to {moment:%Y-%m-%d %H:%M} UTC,"
                    f" more than {LONGEST_JUMP.days} days: check the date of that reading, or"
                    " replay the two parts one after the other"
                )
            self._started = True
            self._at = max(self._at, moment)
            return self._at


class StoredClock:
    """Follows a data clock that another process keeps in the database.

    Parameters
    ----------
    read : callable
        Gives the stored moment, or None where nothing is stored yet.
    fallback : Clock
        Tells the time until then.
    """

    def __init__(self, read: Callable[[], datetime | None], fallback: Clock) -> None:
        self._read = read
        self._fallback = fallback

    def now(self) -> datetime:
        """Tell the stored moment."""
        stored = self._read()
        return self._fallback.now() if stored is None else _in_utc(stored)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a clock needs a moment with its zone, not {moment.isoformat()}")
    return moment.astimezone(UTC)

"""Arrivals: when a reading that was measured at one moment is heard.

Some meters send at once, some through networks that lose hours, some once a day. A detector can
only judge what has been heard, and of readings that arrive together it sees the newest.
"""

from dataclasses import dataclass

import numpy as np

from meterwatch.domain.usage import Bools, Floats, LocalTime

_HOUR = 3_600.0
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How readings come in.

    Parameters
    ----------
    transport_hours : float, hours
        How much later than it was measured, or sent, each reading arrives.
    daily_at : float, local hour, optional
        Readings are kept by the meter and sent once a day at this hour.
    """

    transport_hours: float = 0.0
    daily_at: float | None = None

    def of(self, ends_at: Floats, local: LocalTime) -> tuple[Floats, Bools]:
        """Give when each reading arrives, and whether it is the newest of those that do."""
        sent = ends_at if self.daily_at is None else self._sent(ends_at, local)
        newest = np.append(sent[1:] != sent[:-1], True)
        return sent + self.transport_hours * _HOUR, newest

    def _sent(self, ends_at: Floats, local: LocalTime) -> Floats:
        """Give the first sending at or after each reading."""
        assert self.daily_at is not None  # noqa: S101  # asked for by `of` alone
        clock = local.seconds(ends_at) - self.daily_at * _HOUR
        wall = np.ceil(clock / _DAY) * _DAY + self.daily_at * _HOUR
        sent = ends_at
        for _ in range(2):  # the clocks may change between the reading and its sending
            sent = wall - (local.seconds(sent) - sent)
        return np.maximum(sent, ends_at)

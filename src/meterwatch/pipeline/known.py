"""Known: what a sweep knows of the homes beside the board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from meterwatch.domain.household import Absence
from meterwatch.domain.signal import Heartbeat
from meterwatch.domain.usage import UsageProfile


@dataclass(slots=True)
class Known:
    """What a sweep knows of the homes beside the board; read anew when an edit is announced."""

    profile: UsageProfile
    absences: Mapping[int, tuple[Absence, ...]] = field(default_factory=dict)
    listening_since: datetime | None = None
    _place: dict[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note where the profile of each home is."""
        self._place = {home: row for row, home in enumerate(self.profile.homes)}

    def listened_to(self, beat: Heartbeat, now: datetime) -> bool:
        """Tell whether a meter had its chance to be heard since we listen again."""
        return self.listening_since is None or now >= self.listening_since + beat.interval * 1.25

    def profile_of(self, homes: Sequence[int]) -> UsageProfile:
        """Pick the profiles of these homes, in their order."""
        rows = np.array([self._place[home] for home in homes], dtype=np.int64)
        return self.profile.take(tuple(homes), rows)

    def away(self, home: int, now: datetime) -> bool:
        """Tell whether a home is declared away now."""
        return any(absence.covers(now) for absence in self.absences.get(home, ()))

    def counts_from(self, now: datetime) -> dict[int, float]:
        """Say, for homes that came back, from when a silence counts."""
        ends = {
            home: max(
                (a.ends_at for a in absences if a.ends_at <= now),
                default=None,
            )
            for home, absences in self.absences.items()
        }
        return {home: end.timestamp() for home, end in ends.items() if end is not None}

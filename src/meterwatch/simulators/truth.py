"""What is really going on in a home, so that alerts can be held against it."""

from dataclasses import dataclass
from datetime import datetime

from meterwatch.domain.household import DeviceKind
from meterwatch.simulators.mishaps import (
    Away,
    Fall,
    FlatBattery,
    HubCut,
    Ill,
    Mishap,
    OpenTap,
    Press,
    Unheard,
    flow,
)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really going on in a home at a moment, whatever the meters let us know."""

    home: int
    at: datetime
    going_on: tuple[Mishap, ...]

    @property
    def fallen(self) -> bool:
        """Whether somebody lies there and cannot get up."""
        return any(isinstance(m, Fall) for m in self.going_on)

    @property
    def away(self) -> bool:
        """Whether nobody is at home."""
        return any(isinstance(m, Away) for m in self.going_on)

    @property
    def heard(self) -> bool:
        """Whether the meter can be heard."""
        flat = (m for m in self.going_on if isinstance(m, FlatBattery))
        mute = any(m.device is DeviceKind.METER and m.silent_at(self.at) for m in flat)
        return not mute and not any(isinstance(m, HubCut | Unheard) for m in self.going_on)

    @property
    def litres_per_hour(self) -> float:
        """What runs without anybody at the tap."""
        return flow(self.going_on, self.at)

    @property
    def needs_somebody(self) -> bool:
        """Whether somebody should go and look: a fall, an illness, a press, a tap that runs."""
        return any(isinstance(m, Fall | Ill | Press | OpenTap) for m in self.going_on)

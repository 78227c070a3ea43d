"""Homes, the people in them, the people we may call for them, and the devices that speak for them.

Names and numbers never show in a `repr`: what is logged by accident carries ids only.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Level(StrEnum):
    """The four levels of the area tree (区 › 街道 › 社区 › 网格)."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"


class Grade(StrEnum):
    """Care grade of a household (五维评估). It shortens waits and never removes a step."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"


class Role(StrEnum):
    """What a contact is to a household or an area."""

    GUARDIAN = "guardian"  # 监护人
    COMMUNITY = "community"  # 社区联系人
    NEIGHBOUR = "neighbour"  # 邻居
    VOLUNTEER = "volunteer"  # 志愿者
    STREET_DUTY = "street_duty"  # 街道值班
    DISTRICT_DUTY = "district_duty"  # 区级值班


class DeviceKind(StrEnum):
    """What a device is."""

    METER = "meter"
    BUTTON = "button"


@dataclass(frozen=True, slots=True)
class Area:
    """A node of the area tree, and the scope of every permission."""

    id: int
    parent_id: int | None
    level: Level
    name: str


@dataclass(frozen=True, slots=True)
class Household:
    """A home. `code` is the office's own number; `label` says where it is, without a name."""

    id: int
    area_id: int
    code: str
    label: str = field(repr=False)
    grade: Grade = Grade.GREEN


@dataclass(frozen=True, slots=True)
class Resident:
    """A person who lives in a household."""

    id: int
    household_id: int
    name: str = field(repr=False)
    birth_year: int | None = field(default=None, repr=False)
    lives_alone: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody we may call. `phone` is E.164; `can_text` is false for a landline."""

    id: int
    name: str = field(repr=False)
    phone: str = field(repr=False)
    can_text: bool = True
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Device:
    """What speaks for a home, under `address`. Meter fields are ignored for buttons.

    Attributes
    ----------
    resolution_litres : float
        The smallest step of the register.
    interval_minutes : int
        How often it should report.
    rollover_litres : float or None
        Where the register starts again at zero, if it is known.
    max_flow_litres_per_hour : float
        More than this cannot pass the pipe: a jump beyond it is not use.
    hub : str
        The gateway or concentrator through which it speaks; homes of one hub fall silent together.
    """

    id: int
    household_id: int
    kind: DeviceKind
    address: str
    resolution_litres: float = 1.0
    interval_minutes: int = 60
    rollover_litres: float | None = None
    max_flow_litres_per_hour: float = 3_000.0
    hub: str = ""


@dataclass(frozen=True, slots=True)
class Swap:
    """A declared exchange of a meter: the old one's last register and the new one's first."""

    device_id: int
    at: datetime
    old_final_litres: float
    new_start_litres: float


VACANT = "vacant"  # the reason of an absence: nobody lives there


@dataclass(frozen=True, slots=True)
class Absence:
    """A household is away until a time (报备). It ends by itself, and at the first use.

    A home in which nobody lives is away like any other, for a year or until water is used.
    """

    household_id: int
    since: datetime
    until: datetime
    reason: str
    ended_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """When it is over: at the time that was said, or when it was ended before that."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    @property
    def vacant(self) -> bool:
        """Whether nobody lives there."""
        return self.reason == VACANT

    def covers(self, moment: datetime) -> bool:
        """Tell whether the household is away at this moment."""
        return self.since <= moment < self.ends_at

"""Outages: homes that go quiet together, and what that explains of each of them.

A group is named by a key that stays the same whatever homes it has: `area:12`, `zone:north`,
`hub:gw-1`, or `building:12:3` for building 3 of area 12.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from meterwatch.domain.signal import LOW_USE, NO_USE

RIPE = 0.85  # a silence that has used up so much of its limit is not explained by what comes then
GRACE = timedelta(hours=1)  # readings of an outage come in so much later than it ends
LONGEST_ANNOUNCED = timedelta(hours=24)
EXPLAINED = frozenset({NO_USE, LOW_USE})


class GroupKind(StrEnum):
    """What homes have in common, what tells most first."""

    BUILDING = "building"
    AREA = "area"
    ZONE = "zone"
    HUB = "hub"


@dataclass(frozen=True, slots=True)
class Group:
    """Homes that may go quiet or wild by one cause; `name` is empty for an area itself."""

    kind: GroupKind
    area_id: int
    name: str
    homes: tuple[int, ...] = field(repr=False)

    @property
    def key(self) -> str:
        """The name under which its past is kept."""
        return group_key(self.kind, self.area_id, self.name)

    def worry(self, family: str) -> str:
        """Give the kind of an alert about this group: `area_quiet`, `area_quiet:building:3`."""
        return family if self.kind is GroupKind.AREA else f"{family}:{self.kind}:{self.name}"


def group_key(kind: GroupKind, area_id: int, name: str) -> str:
    """Name a group; a building is named within its area, zones and hubs by themselves."""
    if kind is GroupKind.AREA:
        return f"{kind}:{area_id}"
    return f"{kind}:{area_id}:{name}" if kind is GroupKind.BUILDING else f"{kind}:{name}"


def key_of_worry(worry: str, area_id: int) -> str:
    """Give the key of the group that an alert of this kind, about this area, is about."""
    kind, _, name = worry.partition(":")[2].partition(":")
    return group_key(GroupKind(kind or GroupKind.AREA), area_id, name)


@dataclass(frozen=True, slots=True)
class Outage:
    """Water that was announced to be off, for a group, by whom it was said; it ends by itself."""

    id: int
    kind: GroupKind
    area_id: int
    name: str
    since: datetime
    until: datetime
    what: str
    said_by: str = ""
    ended_at: datetime | None = None

    @property
    def key(self) -> str:
        """The group it is about."""
        return group_key(self.kind, self.area_id, self.name)

    @property
    def ends_at(self) -> datetime:
        """When it is over: as announced, or when somebody said so before."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    @property
    def spell(self) -> "Spell":
        """What it explains; its last readings come a little later."""
        return Spell(self.key, self.since, self.ends_at + GRACE)


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which a group had no water; `until` is None while nobody knows its end."""

    key: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Silence:
    """A worry of a home that is about to be raised.

    `limit` is how long a `NO_USE` may last, and how many hours a `LOW_USE` adds up.
    """

    kind: str
    began_at: datetime
    as_of: datetime
    limit: timedelta


def holds(
    spells: Iterable[tuple[Spell, timedelta]], silence: Silence, longest: timedelta, now: datetime
) -> bool:
    """Tell whether one of these spells explains a silence, so that it is not raised yet.

    What was silent before the rest is never explained. A spell explains for as long as `longest`;
    when it ends, a silence counts anew from its end: nobody is forgotten.

    Parameters
    ----------
    spells : iterable of (Spell, timedelta)
        Each with how long a silence of this home may last that begins at the end of the spell.
    """
    return any(_explains(spell, after, silence, longest, now) for spell, after in spells)


def _explains(
    spell: Spell, after: timedelta, silence: Silence, longest: timedelta, now: datetime
) -> bool:
    if spell.since > now:
        return False
    low = silence.kind == LOW_USE  # hours that hold the spell are poor, whenever they began to be
    if not low and spell.since - silence.began_at >= RIPE * silence.limit:
        return False
    if spell.until is None:
        return now < spell.since + longest
    if now < spell.until:
        return True
    anew = silence.as_of < spell.until + (silence.limit if low else after)
    return anew and (low or silence.began_at < spell.until)


def subject_area(paths: Sequence[tuple[int, ...]]) -> int:
    """Give the smallest area that holds all homes, or the one of most; paths lead downwards."""
    shared = 0
    for steps in zip(*paths, strict=False):
        if len(set(steps)) > 1:
            break
        shared += 1
    if shared:
        return paths[0][shared - 1]
    nearest = [path[-1] for path in paths]
    return max(sorted(set(nearest)), key=nearest.count)

"""How different people live with their taps: the figures behind the invented homes.

Times are local minutes after midnight. The shares of litres and the hours follow what is published
of single homes: a peak at nine and one in the evening, hardly anything between two and five.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to open a tap, once a day at the most.

    `chance` is how likely it is on a day; a reason of chance 1 is never left out, whatever else
    the day brings. `litres` are shares of the day: only their proportions count.
    """

    minute: float
    spread: float
    chance: float
    litres: float
    draws: float

    @property
    def row(self) -> tuple[float, float, float, float, float]:
        """Give the figures as one row of a table."""
        return (self.minute, self.spread, self.chance, self.litres, self.draws)


@dataclass(frozen=True, slots=True)
class Outing:
    """Being out: how likely on a day, when it begins (a minute) and how long it lasts (hours)."""

    chance: float
    minute: float
    hours: float
    spread: float = 1.0


@dataclass(frozen=True, slots=True)
class Persona:
    """A way of living. The first reason is getting up, the last is going to bed."""

    name: str
    persons: int
    litres: float
    reasons: tuple[Reason, ...]
    outing: Outing
    weekend_outing: Outing
    weekend_later: float = 20.0
    laundry_minute: float = 570.0


def _day_of(wake: float, bed: float, noon: float = 0.8) -> tuple[Reason, ...]:
    """Lay out a day at home between getting up and going to bed."""
    return (
        Reason(wake, 20, 1.0, 14, 3),
        Reason(max(540.0, wake + 70), 40, 0.85, 22, 5),  # breakfast, dishes, the floor
        Reason(700, 30, noon, 14, 4),
        Reason(930, 70, 0.5, 6, 2),
        Reason(min(1_140.0, bed - 110), 35, 0.9, 18, 5),
        Reason(min(1_200.0, bed - 60), 30, 0.55, 25, 3),  # a shower
        Reason(bed, 20, 1.0, 9, 2),
    )


EARLY = Persona(
    "early riser", 1, 88.0, _day_of(320, 1_240), Outing(0.45, 400, 2.0), Outing(0.4, 400, 2.0)
)
USUAL = Persona(
    "at home", 1, 92.0, _day_of(400, 1_300), Outing(0.35, 580, 2.5), Outing(0.35, 600, 3.0)
)
LATE = Persona(
    "late sleeper", 1, 84.0, _day_of(545, 1_405), Outing(0.4, 820, 3.0), Outing(0.4, 820, 3.0)
)
COUPLE = Persona(
    "two persons",
    2,
    165.0,
    tuple(sorted(_day_of(380, 1_290) + _day_of(430, 1_320), key=lambda reason: reason.minute)),
    Outing(0.3, 580, 2.5),
    Outing(0.4, 600, 3.0),
)
WORKER = Persona(
    "worker",
    1,
    86.0,
    _day_of(385, 1_330, noon=0.6),
    Outing(0.95, 450, 9.5),
    Outing(0.4, 640, 3.0),
    weekend_later=70.0,
    laundry_minute=1_185.0,
)
OFTEN_OUT = Persona(
    "often out",
    1,
    72.0,
    _day_of(390, 1_310),
    Outing(0.65, 510, 7.0, 2.0),
    Outing(0.5, 520, 8.0, 2.0),
)

# One of each ten homes, in turn: most people are at home, some are rarely.
IN_TURN = (USUAL, EARLY, USUAL, COUPLE, LATE, USUAL, EARLY, OFTEN_OUT, USUAL, WORKER)

"""Plain rules, always shown beside ours: no detector is judged without them.

S10 fewer than 10 L in any trailing 12 h, T10 the same looked at 08:00 and 20:00 only; Fn no use
for n hours; Gk no use for k times the longest silence under 24 h of the last 28 days, Ek the same
over silences begun at about the same time of day; Zh a surprise of h by the hour of day, Qk one
scaled by the home's own maximum, Ch surprise or 24 hours.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from meterwatch.domain.usage import Floats
from meterwatch.evaluation.alarms import Absences, Alarms
from meterwatch.evaluation.plain.past import Past
from meterwatch.evaluation.plain.rules import (
    Fixed,
    Hazard,
    HazardOrDay,
    OwnHazard,
    OwnLongest,
    Rule,
    SameTime,
)
from meterwatch.evaluation.plain.view import View
from meterwatch.evaluation.plain.volume import LittleWater, LittleWaterTwiceADay
from meterwatch.evaluation.scenes import Scene

__all__ = ["EVERY", "USUAL", "Past", "Plainly", "Rule", "View", "chosen", "named"]

USUAL = ("S10", "T10", "F12", "F16", "F24", "G1.25", "E1.25", "Z10", "Q1.25", "C10")
_NUMBERS = {
    "S": "10",
    "T": "10",
    "F": "8 10 12 14 16 18 20 24 30 36 48",
    "G": "1 1.1 1.25 1.5 2",
    "Z": "3 4 5 6 7 8 9 10 12 14 16 20",
    "Q": "0.8 1 1.25 1.5 2",
    "C": "6 8 10 12 14",
    "E": "0.8 1 1.1 1.25 1.5 2",
}
EVERY = tuple(letter + number for letter, row in _NUMBERS.items() for number in row.split())
_KINDS: Mapping[str, Callable[[float], Rule]] = {
    "S": LittleWater,
    "T": LittleWaterTwiceADay,
    "F": Fixed,
    "G": OwnLongest,
    "E": SameTime,
    "Z": Hazard,
    "Q": OwnHazard,
    "C": HazardOrDay,
}


def named(name: str) -> Rule:
    """Make the plain rule of a name.

    Raises
    ------
    ValueError
        If there is no such rule.

    Examples
    --------
    >>> named("F24").name, named("g1.5").name
    ('F24', 'G1.5')
    """
    letter, number = name[:1].upper(), name[1:]
    try:
        value = float(number)
    except ValueError:
        value = np.nan
    if letter not in _KINDS or not 0.0 < value < np.inf:
        raise ValueError(f"no plain rule {name!r}; write them like {', '.join(USUAL)}")
    return _KINDS[letter](value)


class Plainly:
    """Scores plain rules on one home; what they share is worked out once.

    Parameters
    ----------
    record : Scene
        The untouched record.
    """

    def __init__(self, record: Scene) -> None:
        self._record = View(record)
        self._past = Past.of(self._record)

    @property
    def absences(self) -> Absences:
        """The silences of the record, of which the long ones are absences."""
        view, ends = self._record, self._record.scene.ends_at[0]
        began = ends[view.broken[0]]
        return Absences(began, np.append(began[1:], ends[-1]))

    def alarms(self, rule: Rule) -> Alarms:
        """Give what a rule raises on the untouched record."""
        view, scene = self._record, self._record.scene
        fired = rule.fires(view, self._past)[0] & scene.judged[0]
        columns = np.flatnonzero(fired)
        _, first = np.unique(rule.groups(view)[0, columns], return_index=True)
        at = columns[first]
        over = np.searchsorted(view.silence[0], view.silence[0, at], side="right")
        over = np.minimum(over, len(fired) - 1)
        return Alarms(view.since[0, at], scene.heard_at[0, at], scene.ends_at[0, over])

    def delays(self, rule: Rule, struck: View) -> Floats:
        """Give the hours from each injection to what finds it; infinite if nothing does."""
        scene = struck.scene
        fired = rule.fires(struck, self._past) & scene.judged
        rows, columns = np.arange(len(fired)), fired.argmax(axis=1)
        hours = scene.hours_after(rows, columns)
        return np.where(fired.any(axis=1), hours, np.inf)


def chosen(names: Sequence[str]) -> tuple[Rule, ...]:
    """Make plain rules of names; `all` stands for every one, `usual` for a handful."""
    sets = {"all": EVERY, "usual": USUAL, "none": ()}
    wide = [each for name in names for each in sets.get(name, (name,))]
    return tuple(named(name) for name in dict.fromkeys(wide))

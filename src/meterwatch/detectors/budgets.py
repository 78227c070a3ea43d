"""Budgets: how many false alarms a year a home may cost, from which learning finds its limits.

The one knob of a deployment. A street with many volunteers looks sooner and more often in vain; a
red home may have a budget of its own grade, and any one home one of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from meterwatch.domain.household import Grade

LEAST, MOST = 0.2, 50.0  # alarms a household-year; beyond them no limit could be meant


@dataclass(frozen=True, slots=True)
class Budget:
    """How many false alarms a household-year the limits of a home may cost.

    Parameters
    ----------
    false_alarms_per_home_year : float, default 5.0
        For every home for which nothing else is said.
    by_grade : mapping of grade to float
        For the homes of a grade.

    Raises
    ------
    ValueError
        If a number is not between 0.2 and 50, or there is no such grade; the text names the key.
    """

    false_alarms_per_home_year: float = 5.0
    by_grade: Mapping[Grade, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        check("false_alarms_per_home_year", self.false_alarms_per_home_year)
        for grade, alarms in self.by_grade.items():
            if grade not in {*Grade}:
                raise ValueError(f"by_grade: no grade {grade!r}; there are {', '.join(Grade)}")
            check(f"by_grade.{grade}", alarms)
        given = {Grade(grade): float(alarms) for grade, alarms in self.by_grade.items()}
        object.__setattr__(self, "by_grade", given)

    def of(self, grade: Grade, own: float | None = None) -> float:
        """Give the budget of one home: its own, else that of its grade, else that of all.

        >>> Budget(5.0, {Grade.RED: 8.0}).of(Grade.RED), Budget().of(Grade.GREEN, own=2.0)
        (8.0, 2.0)
        """
        if own is not None:
            return own
        return self.by_grade.get(grade, self.false_alarms_per_home_year)


def check(name: str, alarms: object) -> None:
    """Refuse a number of alarms a year that cannot be meant; the text begins with its name."""
    number = isinstance(alarms, int | float) and not isinstance(alarms, bool)
    if not (number and LEAST <= alarms <= MOST):  # type: ignore[operator]  # it is a number then
        raise ValueError(f"{name}: must be a number from {LEAST:g} to {MOST:g}, not {alarms!r}")

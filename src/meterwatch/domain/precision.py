"""Precision: how often a rule was right, as far as somebody went and said what was found.

Alerts without an outcome say nothing either way: they are counted, and left out of the share.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from meterwatch.domain.lesson import Verdict

Z90 = 1.6448536269514722  # a share lies within so many standard errors nine times in ten


@dataclass(frozen=True, slots=True)
class Tally:
    """The alerts of one rule, by what was found.

    >>> tally = Tally(Counter({Verdict.TRUE: 3, Verdict.FALSE: 9, Verdict.UNKNOWN: 2}))
    >>> tally.alerts, tally.answered, tally.precision
    (14, 12, 0.25)
    """

    by_verdict: Mapping[Verdict, int] = field(default_factory=Counter)

    @property
    def alerts(self) -> int:
        """How many there were."""
        return sum(self.by_verdict.values())

    @property
    def answered(self) -> int:
        """Of how many it is known what was found."""
        return self.alerts - self.by_verdict.get(Verdict.UNKNOWN, 0)

    @property
    def precision(self) -> float | None:
        """The share of those that were right; None where nothing is known."""
        return self.by_verdict.get(Verdict.TRUE, 0) / self.answered if self.answered else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Within what the share lies nine times in ten (Wilson's score interval)."""
        if not self.answered:
            return None
        return wilson(self.by_verdict.get(Verdict.TRUE, 0), self.answered)


def wilson(hits: int, trials: int, z: float = Z90) -> tuple[float, float]:
    """Give Wilson's score interval of a share; honest for few trials and for shares near 0 or 1.

    Source: Wilson, Journal of the American Statistical Association 22 (1927), 209-212.

    >>> [round(bound, 3) for bound in wilson(0, 10)], [round(bound, 3) for bound in wilson(5, 10)]
    ([0.0, 0.213], [0.269, 0.731])
    """
    share, square = hits / trials, z * z / trials
    middle = share + square / 2.0
    reach = z * ((share * (1.0 - share) + square / 4.0) / trials) ** 0.5
    low, high = ((middle + sign * reach) / (1.0 + square) for sign in (-1.0, 1.0))
    return (low if hits else 0.0), (high if hits < trials else 1.0)

"""Runs of water: how far back each home's flow goes on, and how long a flow of its size may."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meterwatch.domain.usage import Bools, Floats

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """How many hours a flow may go on, by its size: straight lines between points."""

    flows: Floats
    hours: Floats
    slopes: Floats

    @classmethod
    def through(cls, flows: Floats, hours: Floats) -> "Curve":
        """Join the points; past the last one the hours stay."""
        return cls(flows, hours, np.append(np.diff(hours) / np.diff(flows), 0.0))

    def hours_at(self, flow: Floats) -> Floats:
        """Give how many hours a flow may go on that never fell below this."""
        place = np.searchsorted(self.flows, flow, side="right") - 1
        allowed: Floats = self.hours[place] + self.slopes[place] * (flow - self.flows[place])
        return allowed


@dataclass(slots=True, eq=False)
class Runs:
    """The run that ends each row, as far back as it has been followed, and what is told of it.

    `low` is its lowest rate so far, `ends_seen` whether its oldest interval is seen to flow,
    `begins_unseen` whether it is unknown if the water flowed before;
    `since`, `hours`, `least`, `limit` and `severity` belong to the part that is told.
    """

    judged: Bools
    ends_seen: Bools
    begins_unseen: Bools
    began: Floats
    low: Floats
    seen_hours: Floats
    unseen_hours: Floats
    score: Floats
    since: Floats
    hours: Floats
    least: Floats
    limit: Floats
    severity: Floats

    @classmethod
    def none(cls, homes: int) -> "Runs":
        """Begin with nothing that flows."""

        def full(value: float) -> Floats:
            return np.full(homes, value)

        return cls(
            judged=np.zeros(homes, dtype=np.bool_),
            ends_seen=np.zeros(homes, dtype=np.bool_),
            begins_unseen=np.zeros(homes, dtype=np.bool_),
            began=full(np.nan),
            low=full(np.inf),
            seen_hours=full(0.0),
            unseen_hours=full(0.0),
            score=full(0.0),
            since=full(np.nan),
            hours=full(0.0),
            least=full(0.0),
            limit=full(0.0),
            severity=full(0.0),
        )

    def keep(self, rows: Rows, hours: Floats, limit: Floats, severity: Floats) -> None:
        """Let the part that was just judged be the one that is told."""
        self.since[rows], self.least[rows] = self.began[rows], self.low[rows]
        self.hours[rows], self.limit[rows], self.severity[rows] = hours, limit, severity

"""The report: what was measured of each rule, for all homes and for each cohort, as JSON.

Alarms are counted per household-year in three ways: all; with absences of 48 h and more taken as
declared; and on ordinary days, which is the same as nights away of 24 h and more declared too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from meterwatch.domain.usage import Floats
from meterwatch.evaluation.figures import Delay, Rate, Resampling, finite
from meterwatch.evaluation.homes import Indices
from meterwatch.evaluation.weeks import Week

WAYS = ("all", "declared_48h", "ordinary")

Json = dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What one rule did on each home.

    Attributes
    ----------
    name, detector, settings : str
    injection : str
        What it was asked to find; empty where it is asked for its alarms alone.
    counts : (H, 3) float64
        Its alarms, counted in the three ways.
    delays : tuple of (C,) float64, hours
        How late it found what was put into each home; None where nothing was.
    further : (H,) float64, optional
        Its alarms where no other rule of ours stood, absences of 48 h and more declared.
    """

    name: str
    detector: str
    settings: str
    injection: str
    counts: Floats
    delays: tuple[Floats, ...] | None = None
    further: Floats | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one rule."""

    name: str
    detector: str
    settings: str
    injection: str
    alarms: dict[str, Rate]
    delay: Delay | None
    further: Rate | None

    @property
    def headline(self) -> Rate:
        """The rate that is quoted: with absences of 48 h and more taken as declared."""
        return self.alarms["declared_48h"]

    def as_json(self) -> Json:
        """Give the row as JSON values."""
        return {
            "name": self.name,
            "detector": self.detector,
            "settings": self.settings,
            "injection": self.injection or None,
            "false_alarms": self._alarms(),
            "per_home": dict(zip(("p10", "p50", "p90"), self._spread(), strict=True)),
            **self._delays(),
        }

    def _spread(self) -> list[float | None]:
        return [finite(each) for each in self.headline.spread]

    def _alarms(self) -> Json:
        means = {way: rate.mean for way, rate in self.alarms.items()}
        means["declared_24h"] = means["ordinary"]
        shown: Json = {way: means[way].number() for way in (*WAYS, "declared_24h")}
        shown["interval90"] = self.headline.mean.interval()
        shown["intervals90"] = {way: means[way].interval() for way in WAYS}
        if self.further:
            shown["further"] = self.further.mean.number()
            shown["further_interval90"] = self.further.mean.interval()
        return shown

    def _delays(self) -> Json:
        if self.delay is None:
            return {"delay_hours": None, "found_within": None, "missed_72h": None}
        delay = self.delay
        return {
            "delay_hours": {
                "median": delay.median.number(),
                "p90": delay.p90.number(),
                "interval90": delay.median.interval(),
                "p90_interval90": delay.p90.interval(),
            },
            "found_within": {f"{h}h": share.number() for h, share in delay.within.items()},
            "missed_72h": delay.missed.number(),
        }


@dataclass(frozen=True, slots=True)
class Cohort:
    """The figures of some homes."""

    homes: int
    household_years: float
    rows: tuple[Row, ...]

    @classmethod
    def of(
        cls, measured: Sequence[Measured], years: Floats, members: Indices, seed: int
    ) -> "Cohort":
        """Work out the figures of these homes."""
        resampling = Resampling.of(len(members), seed)
        rows = tuple(_row(each, years[members], members, resampling) for each in measured)
        return cls(len(members), float(years[members].sum()), rows)

    def row(self, name: str, injection: str | None = None) -> Row:
        """Find a row by its name, and by what it was asked to find.

        Raises
        ------
        KeyError
            If there is none.
        """
        for row in self.rows:
            if row.name == name and injection in {None, row.injection}:
                return row
        raise KeyError(f"no row {name!r} in this report")

    def as_json(self) -> Json:
        """Give the cohort as JSON values."""
        return {
            "homes": self.homes,
            "household_years": finite(self.household_years),
            "rules": [row.as_json() for row in self.rows],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found, and on what it was measured."""

    every: Cohort
    cohorts: Mapping[str, Cohort]
    left_out: int
    injections: int
    prior: str
    conditions: Mapping[str, object] = field(default_factory=dict)
    week: Week | None = field(default=None, compare=False)

    def as_json(self) -> Json:
        """Give the report as JSON values."""
        return {
            **self.every.as_json(),
            "cohorts": {name: cohort.as_json() for name, cohort in self.cohorts.items()},
            "left_out": self.left_out,
            "injections": self.injections,
            "prior": self.prior,
            "conditions": dict(self.conditions),
            "interval": "90 % bootstrap over homes; of alarms with >= 48 h declared, of the median",
        }


def _row(each: Measured, years: Floats, members: Indices, resampling: Resampling) -> Row:
    counts = each.counts[members]
    late = None if each.delays is None else [each.delays[home] for home in members]
    asked = late is not None and any(len(hours) for hours in late)
    return Row(
        each.name,
        each.detector,
        each.settings,
        each.injection,
        {way: resampling.rate(counts[:, i], years) for i, way in enumerate(WAYS)},
        resampling.delay(late) if late is not None and asked else None,
        None if each.further is None else resampling.rate(each.further[members], years),
    )


def everybody(homes: int) -> Indices:
    """Give the rows of all homes."""
    return np.arange(homes)

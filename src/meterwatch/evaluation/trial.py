"""A trial: everything that is needed to score rules on the same homes and the same injections."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from meterwatch.detectors import Detector, FlatFlow, LowUse, NoUse
from meterwatch.detectors.prior import Prior
from meterwatch.domain.usage import Floats
from meterwatch.evaluation import priors
from meterwatch.evaluation.alarms import Alarms
from meterwatch.evaluation.homes import Home, Indices
from meterwatch.evaluation.injections import (
    COLLAPSE,
    LEAK,
    TAP,
    TRICKLE,
    Injection,
    inject,
    partial,
)
from meterwatch.evaluation.judging import Judge
from meterwatch.evaluation.nights import Learnt, Nights, learn_nights
from meterwatch.evaluation.plain import Plainly, Rule, View
from meterwatch.evaluation.report import Measured
from meterwatch.evaluation.scenes import untouched
from meterwatch.evaluation.weeks import Week, typical, week_of

BUDGET = 5.0  # alarms a household-year, as the service has it unless told otherwise
FLOWS = (TAP, LEAK, TRICKLE)
_FLOW_SHARE = 1 / 3  # a flow is followed for days, so fewer are put in


@dataclass(frozen=True, slots=True)
class Candidate:
    """A detector to be scored.

    Parameters
    ----------
    name : str
        What the report calls it.
    detector : Detector
    budget : float, alarms a household-year
        For which its limits are learnt.
    """

    name: str
    detector: Detector
    budget: float = BUDGET


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is put into homes, how often, and under which seed.

    A home's own injections depend on the seed and its name, not on the other homes.
    """

    injections: int = 150
    seed: int = 7
    partial_shares: tuple[float, ...] = (0.25,)


class Trial:
    """Homes with what was learnt of them and what is put into them.

    Parameters
    ----------
    homes : sequence of Home
    prior : Prior, optional
        What is held to be known of homes in general; without one it is fitted in folds.
    budgets : sequence of float
        For which limits are learnt.
    tick : callable
        Told after each piece of work.
    """

    def __init__(
        self,
        homes: Sequence[Home],
        prior: Prior | None,
        budgets: Sequence[float],
        conditions: Conditions,
        tick: Callable[[], None],
    ) -> None:
        self.homes, self.conditions, self.tick = tuple(homes), conditions, tick
        self.records = [untouched(home) for home in homes]
        self.plainly = [Plainly(record) for record in self.records]
        self._struck: dict[str, list[View]] = {}
        self._drawn: dict[str, Injection] = {}
        self._learnt: dict[float, list[Learnt]] = {}
        if budgets:
            nights = Nights.of(homes)
            known = [prior] * len(homes) if prior else priors.in_folds(nights, conditions.seed)
            self._learnt = learn_nights(nights, known, budgets, tick)

    def struck(self, injection: Injection) -> list[View]:
        """Give the homes with an injection, drawn when it is first asked for."""
        if injection.name not in self._struck:
            self._drawn[injection.name] = injection
            number, seed = self.conditions.injections, self.conditions.seed
            if not injection.stops_use:
                number = math.ceil(number * _FLOW_SHARE)
            self._struck[injection.name] = [
                View(inject(home, injection, number, seed)) for home in self.homes
            ]
        return self._struck[injection.name]

    def injected(self) -> int:
        """Count the collapses that were put into the homes, once for every rule."""
        drawn = self._struck.get(COLLAPSE.name, [])
        return sum(len(view.scene.struck_at) for view in drawn)

    def judges(self, candidate: Candidate) -> list[Judge]:
        """Give a candidate with what it knows of each home."""
        return [Judge(candidate.detector, learnt) for learnt in self._learnt[candidate.budget]]

    def alarms(self, candidate: Candidate) -> list[Alarms]:
        """Give what a candidate raises on the untouched record of each home."""
        raised = []
        for judge, record in zip(self.judges(candidate), self.records, strict=True):
            raised.append(judge.alarms(record))
            self.tick()
        return raised

    def of_candidate(
        self, candidate: Candidate, raised: Sequence[Alarms], beside: Sequence[Alarms] | None
    ) -> Iterator[Measured]:
        """Measure a candidate, once for each thing that it is asked to find.

        Parameters
        ----------
        raised : sequence of Alarms
            What `alarms` gave.
        beside : sequence of Alarms, optional
            Those of another candidate, beside which its own are counted as further ones.
        """
        flow = candidate.detector.name == FlatFlow.name
        counts = self.counts(raised, excused=not flow)
        further = None
        if beside is not None:
            new = [own.further_to(other) for own, other in zip(raised, beside, strict=True)]
            further = self.counts(new, excused=True)[:, 1]
        for injection in asked_to_find(candidate.detector, self.conditions) or (None,):
            yield Measured(
                candidate.name,
                candidate.detector.name,
                repr(candidate.detector),
                injection.name if injection else "",
                counts,
                self._delays(candidate, injection) if injection else None,
                further,
            )

    def together(self, other: Candidate, measured: Measured, counts: Floats) -> Measured:
        """Measure two detectors that watch together: what either of them finds.

        Parameters
        ----------
        other : Candidate
            Beside whom `measured` counted its further alarms.
        counts : (H, 3) float64
            The alarms of the other.
        """
        injection = self._drawn[measured.injection]
        late = self._delays(other, injection)
        own = measured.delays or late
        further = counts[:, 1] if measured.further is None else measured.further
        return replace(
            measured,
            name=f"{other.name} + {measured.name}",
            counts=counts + further[:, np.newaxis],
            delays=tuple(np.minimum(*both) for both in zip(own, late, strict=True)),
        )

    def week(self, candidate: Candidate, delays: Sequence[Floats], among: Indices) -> Week:
        """Show one home's days up to a collapse that is found as late as most are."""
        scenes = [view.scene for view in self.struck(COLLAPSE)]
        home, row = typical(delays, scenes, among)
        late = float(delays[home][row])
        return week_of(self.judges(candidate)[home], self.records[home], scenes[home], row, late)

    def of_plain(self, rule: Rule) -> Measured:
        """Measure a plain rule."""
        raised, late = [], []
        for plainly, struck in zip(self.plainly, self.struck(COLLAPSE), strict=True):
            raised.append(plainly.alarms(rule))
            late.append(plainly.delays(rule, struck))
            self.tick()
        counts = self.counts(raised, excused=True)
        return Measured(rule.name, "plain", repr(rule), COLLAPSE.name, counts, tuple(late))

    def counts(self, raised: Sequence[Alarms], *, excused: bool = True) -> Floats:
        """Count in the three ways; a flow is not excused by an absence."""
        counted = [
            alarms.counts(plainly.absences)
            for alarms, plainly in zip(raised, self.plainly, strict=True)
        ]
        counts = np.array(counted)
        return counts if excused else np.repeat(counts[:, :1], counts.shape[1], axis=1)

    def _delays(self, candidate: Candidate, injection: Injection) -> tuple[Floats, ...]:
        late = []
        for judge, view in zip(self.judges(candidate), self.struck(injection), strict=True):
            late.append(judge.delays(view.scene))
            self.tick()
        return tuple(late)


def asked_to_find(detector: Detector, conditions: Conditions) -> tuple[Injection, ...]:
    """Give what a detector is meant to find; nothing for one that is scored on its alarms alone."""
    if detector.name == NoUse.name:
        return (COLLAPSE,)
    if detector.name == FlatFlow.name:
        return FLOWS
    if detector.name == LowUse.name:
        return tuple(partial(share) for share in conditions.partial_shares)
    return ()


def alarm_rows(
    homes: Sequence[Home], raised: Mapping[str, Sequence[Alarms]]
) -> Iterator[tuple[str, str, float, float]]:
    """Give the alarms of each kind as (home, kind, since, fired_at), in the order of time."""
    rows = [
        (home.name, kind, float(since), float(at))
        for kind, each in raised.items()
        for home, alarms in zip(homes, each, strict=True)
        for since, at in zip(alarms.since, alarms.fired_at, strict=True)
    ]
    return iter(sorted(rows, key=lambda row: (row[3], row[0], row[1])))

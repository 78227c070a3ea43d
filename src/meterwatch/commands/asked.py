"""What `meterwatch evaluate` is asked: which detectors, on which homes, with which prior."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from meterwatch import detectors
from meterwatch.config import Settings
from meterwatch.config.prior import read_prior
from meterwatch.detectors import NoUse
from meterwatch.detectors.presets import PRESETS
from meterwatch.detectors.prior import Prior
from meterwatch.evaluation import Arrivals, Candidate, Conditions, Record, Report
from meterwatch.evaluation import evaluate as score
from meterwatch.evaluation.priors import clash

OWN, FOLDS, SHIPPED = "auto", "folds", "default"
EVERY = "all"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is scored, on which homes, with what is known of homes in general."""

    records: Sequence[Record]
    zone: ZoneInfo
    candidates: Sequence[Candidate]
    prior: Prior | None
    arrivals: Arrivals
    use_litres: float

    @classmethod
    def of(
        cls,
        settings: Settings,
        records: Sequence[Record],
        zone: ZoneInfo,
        arrivals: Arrivals,
        budgets: Sequence[float],
        presets: Sequence[str],
        prior: str,
    ) -> "Asked":
        """Read what was asked on the command line.

        Raises
        ------
        ValueError
            If there is no such preset, or the file of the prior is none.
        """
        judges = [*candidates(settings, budgets), *deployed(presets, budgets[0])]
        known = prior_of(prior, settings, records)
        return cls(records, zone, judges, known, arrivals, settings.usage.use_litres)

    def score(
        self,
        rules: Sequence[str],
        conditions: Conditions,
        persons: Mapping[str, int],
        progress: Callable[[float], None],
    ) -> Report:
        """Score them."""
        return score(
            self.records,
            self.zone,
            self.candidates,
            self.prior,
            rules=rules,
            conditions=conditions,
            arrivals=self.arrivals,
            persons=persons,
            use_litres=self.use_litres,
            progress=progress,
        )


def candidates(settings: Settings, budgets: Sequence[float]) -> list[Candidate]:
    """Give the configured detectors, `no_use` once for each budget."""
    found = []
    for each in detectors.build(settings.detector_tables()):
        if isinstance(each, NoUse):
            found += [Candidate(f"{each.name} {budget:g}", each, budget) for budget in budgets]
        else:
            found.append(Candidate(each.name, each, budgets[0]))
    return found


def deployed(names: Sequence[str], budget: float) -> list[Candidate]:
    """Give the rules of other services by their names."""
    wanted = [each for name in names for each in (PRESETS if name == EVERY else (name,))]
    missing = [name for name in wanted if name not in PRESETS]
    if missing:
        raise ValueError(f"no preset {missing[0]!r}; there are {', '.join(PRESETS)}")
    return [Candidate(name, PRESETS[name].rule, budget) for name in dict.fromkeys(wanted)]


def prior_of(asked: str, settings: Settings, records: Sequence[Record]) -> Prior | None:
    """Give the prior that was asked for; None stands for one fitted in folds."""
    if asked == FOLDS:
        return None
    if asked not in {OWN, SHIPPED}:
        return read_prior(Path(asked))
    shipped = settings.prior()
    taught = clash(shipped, [record.home for record in records])
    return None if taught and asked == OWN else shipped

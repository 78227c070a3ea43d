"""Priors: nobody is scored with what he taught.

The prior that ships was fitted on named homes. Where a file holds any of them, each home is learnt
with a prior fitted anew on the homes of the other folds.
"""

from collections.abc import Sequence

import numpy as np

from meterwatch.detectors.prior import Prior, fit_prior
from meterwatch.evaluation.nights import Nights

FOLDS = 5


def clash(prior: Prior, names: Sequence[str]) -> bool:
    """Tell whether a prior was fitted on any of these homes."""
    return not set(prior.fitted_on).isdisjoint(names)


def in_folds(nights: Nights, seed: int, folds: int = FOLDS) -> list[Prior]:
    """Fit for each home a prior on the homes of the other folds.

    Raises
    ------
    ValueError
        If there are fewer than two homes: then nobody is left to learn from.
    """
    count = len(nights.homes)
    if count < 2:  # noqa: PLR2004  # one to score and one to learn from
        raise ValueError("a prior in folds needs two homes at least; give one with --prior")
    silences = nights.silences()
    shuffled = np.random.default_rng([seed, count]).permutation(count)
    fold = np.empty(count, dtype=np.int64)
    fold[shuffled] = np.arange(count) % min(folds, count)
    fitted = {}
    for number in range(min(folds, count)):
        others = np.flatnonzero(fold != number)
        names = tuple(nights.homes[row].name for row in others)
        fitted[number] = fit_prior(silences.take(tuple(others.tolist()), others), names)
    return [fitted[int(number)] for number in fold]

"""How unlikely a count is: the tail of a count of homes that are not quite independent."""

import numpy as np

from meterwatch.domain.usage import Floats

MOST = 400  # a larger group is judged like one of so many homes


def tail(few: Floats, homes: Floats, share: Floats, spread: Floats) -> Floats:
    """Give the chance that at most `few` of `homes` are counted, by the beta-binomial law.

    Parameters
    ----------
    few, homes, share, spread : arrays of one shape
        The count; of how many; the mean chance of each, and the correlation between them. More
        than 400 homes are judged like 400 with the same share, which only makes it larger.
    """
    shape = np.shape(few)
    many = np.ravel(homes)
    scale = np.minimum(many, MOST) / many
    count = np.ceil(np.ravel(few) * scale - 1e-9)[:, np.newaxis]
    most = np.minimum(many, MOST)[:, np.newaxis]
    share, spread = np.ravel(share)[:, np.newaxis], np.ravel(spread)[:, np.newaxis]
    beta = (1.0 - spread) / spread
    yes, no = share * beta, (1.0 - share) * beta
    step = np.arange(float(MOST))
    none = np.cumsum(np.where(step < most, np.log((no + step) / (beta + step)), 0.0), axis=1)
    inside = step < np.minimum(count, most)
    left = np.where(inside, most - step, 1.0)
    odds = left * (yes + step) / ((step + 1.0) * (no + left - 1.0))
    more = np.cumsum(np.log(np.where(inside, odds, 1.0)), axis=1)
    chance = np.exp(none[:, -1:] + more)
    total = np.exp(none[:, -1]) + np.cumsum(np.where(inside, chance, 0.0), axis=1)[:, -1]
    likely: Floats = np.minimum(total, 1.0).reshape(shape)
    return likely


def weight(seen: Floats, homes: Floats, usual: Floats) -> Floats:
    """Give the logarithm of the likelihood ratio of the share that was seen to the usual one."""
    share = np.clip(seen / homes, 1e-12, 1.0 - 1e-12)
    of_used = share * np.log(share / usual)
    ratio: Floats = homes * (of_used + (1.0 - share) * np.log((1.0 - share) / (1.0 - usual)))
    return ratio

"""What the parameters of every rule have in common: each is a positive finite number."""

from dataclasses import fields
from typing import Any

import numpy as np


def check_positive(rule: Any) -> None:
    """Refuse parameters that cannot be meant.

    Parameters
    ----------
    rule : dataclass instance
        Every field of which is a number.

    Raises
    ------
    ValueError
        If one is not a positive finite number; the text names it.
    """
    for field in fields(rule):
        value = getattr(rule, field.name)
        if not 0.0 < value < np.inf:
            raise ValueError(f"{field.name}: must be positive and finite, not {value}")

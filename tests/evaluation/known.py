"""What the tests of the harness hold to be known of homes in general; made up, like the homes."""

from datetime import UTC

import numpy as np

from meterwatch.detectors.prior import Prior
from meterwatch.domain.usage import CLASSES, HOURS, LocalTime
from meterwatch.evaluation.arrivals import Arrivals
from meterwatch.evaluation.homes import Home, enter
from meterwatch.evaluation.records import Record

PRIOR = Prior(np.full((CLASSES, HOURS, 48), 0.3), np.full((CLASSES, HOURS), 0.1), source="made up")


def entered(of: Record, arrivals: Arrivals | None = None) -> Home:
    home = enter(of, LocalTime.of(UTC), 3.0, arrivals)
    assert home is not None
    return home

"""Alerts: one standing worry of one kind about one home or one area, until somebody went.

`nouns` says what an alert is and holds the table of its states, `advance` moves it, `raising`
brings signals to it.
"""

from meterwatch.domain.alert.advance import advance, give_up_step, open_alert
from meterwatch.domain.alert.nouns import (
    SENSOR_ACTS,
    TRANSITIONS,
    Act,
    Alert,
    Circle,
    Line,
    Move,
    NotAllowed,
    State,
)
from meterwatch.domain.alert.raising import Raised, Surroundings, raise_alerts, rests
from meterwatch.domain.signal import Condition

__all__ = [
    "SENSOR_ACTS",
    "TRANSITIONS",
    "Act",
    "Alert",
    "Circle",
    "Condition",
    "Line",
    "Move",
    "NotAllowed",
    "Raised",
    "State",
    "Surroundings",
    "advance",
    "give_up_step",
    "open_alert",
    "raise_alerts",
    "rests",
]

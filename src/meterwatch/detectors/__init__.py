"""Judges the water use of all homes at once: arrays in, findings out.

A detector is a frozen dataclass whose fields are its settings. The list below is by hand, because
its lines decide who is woken at night.
"""

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from meterwatch.detectors.flat_flow import FlatFlow
from meterwatch.detectors.no_use import NoUse
from meterwatch.domain.usage import Findings, LocalTime, UsageProfile, UsageWindow

__all__ = ["DETECTORS", "Detector", "FlatFlow", "NoUse", "build"]


class Detector(Protocol):
    """What judges one kind of worry for every home of a window.

    The laws that each one obeys are checked in `tests/detectors/test_laws.py`.
    """

    name: ClassVar[str]

    def detect(self, usage: UsageWindow, profile: UsageProfile, local: LocalTime) -> Findings:
        """Judge every household in the window; one verdict a row."""
        ...


DETECTORS: Mapping[str, type[Any]] = MappingProxyType(
    {
        NoUse.name: NoUse,
        FlatFlow.name: FlatFlow,
    }
)


def build(settings: Mapping[str, Mapping[str, object]]) -> tuple[Detector, ...]:
    """Make the detectors that the `[detectors.<name>]` tables of a configuration ask for.

    A detector without a table takes its defaults; `enabled = false` leaves it out.

    Raises
    ------
    ValueError
        If a name, a field or a value is not understood; the text names the place and the mend.

    Examples
    --------
    >>> build({"no_use": {"use_litres": 5}, "flat_flow": {"enabled": False}})[0].use_litres
    5.0
    """
    unknown = sorted(set(settings) - set(DETECTORS))
    if unknown:
        raise ValueError(f"[detectors.{unknown[0]}]: unknown; there are {', '.join(DETECTORS)}")
    chosen = []
    for name in DETECTORS:
        table = dict(settings.get(name, {}))
        enabled = table.pop("enabled", True)
        if not isinstance(enabled, bool):
            raise ValueError(  # noqa: TRY004  # one kind of error for every fault of a configuration
                f"[detectors.{name}] enabled: must be true or false, not {enabled!r}"
            )
        if enabled:
            chosen.append(_make(name, table))
    return tuple(chosen)


def _make(name: str, table: Mapping[str, object]) -> Detector:
    names = [field.name for field in fields(DETECTORS[name])]
    unknown = sorted(set(table) - set(names))
    if unknown:
        there_are = ", ".join([*names, "enabled"])
        raise ValueError(f"[detectors.{name}] {unknown[0]}: unknown; there are {there_are}")
    try:
        made: Detector = DETECTORS[name](**{key: _number(table[key], key) for key in table})
    except ValueError as error:
        raise ValueError(f"[detectors.{name}] {error}") from None
    return made


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key}: must be a number, not {value!r}")  # noqa: TRY004  # as above
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{key}: is too large") from None

"""Judges the water use of all homes at once: arrays in, findings out.

A detector is a frozen dataclass whose fields are its settings. The list below is by hand, because
its lines decide who is woken at night.
"""

import math
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from meterwatch.detectors.budgets import Budget
from meterwatch.detectors.flat_flow import FlatFlow
from meterwatch.detectors.low_use import LowUse
from meterwatch.detectors.no_use import NoUse
from meterwatch.detectors.odd_hours import OddHours
from meterwatch.detectors.presets import Preset, preset_of
from meterwatch.domain.usage import Findings, LocalTime, UsageProfile, UsageWindow

__all__ = [
    "BY_USE",
    "DETECTORS",
    "LEARNT",
    "OPTIONAL",
    "Budget",
    "Detector",
    "FlatFlow",
    "LowUse",
    "NoUse",
    "OddHours",
    "Preset",
    "budget_of",
    "build",
    "presets_of",
]


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
        LowUse.name: LowUse,
        FlatFlow.name: FlatFlow,
        OddHours.name: OddHours,
    }
)
OPTIONAL = frozenset({OddHours.name})  # only where their table says `enabled = true`
BY_USE = (NoUse.name, LowUse.name, OddHours.name)  # ask what counts as a use
# What a detector's table says of how its limits are learnt, and not of how it judges by them.
LEARNT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {NoUse.name: ("false_alarms_per_home_year", "by_grade", "prior")}
)


def build(settings: Mapping[str, Mapping[str, object]]) -> tuple[Detector, ...]:
    """Make the detectors that the `[detectors.<name>]` tables of a configuration ask for.

    A detector without a table takes its defaults; `preset` puts a deployed rule in its place,
    `enabled = false` leaves it out, and those of `OPTIONAL` ask for `enabled = true`.

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
    budget_of(settings)
    chosen = []
    for name in DETECTORS:
        table = {
            key: value
            for key, value in settings.get(name, {}).items()
            if key not in LEARNT.get(name, ())
        }
        enabled = table.pop("enabled", name not in OPTIONAL)
        if not isinstance(enabled, bool):
            raise ValueError(  # noqa: TRY004  # one kind of error for every fault of a configuration
                f"[detectors.{name}] enabled: must be true or false, not {enabled!r}"
            )
        if enabled:
            chosen.append(_make(name, table))
    return tuple(chosen)


def budget_of(settings: Mapping[str, Mapping[str, object]]) -> Budget:
    """Give the budget of false alarms that `[detectors.no_use]` sets.

    Raises
    ------
    ValueError
        If a number cannot be meant; the text names the place and the mend.

    Examples
    --------
    >>> budget_of({"no_use": {"by_grade": {"red": 8}}}).by_grade
    {<Grade.RED: 'red'>: 8.0}
    """
    table = settings.get(NoUse.name, {})
    given: dict[str, Any] = {f.name: table[f.name] for f in fields(Budget) if f.name in table}
    by_grade = given.get("by_grade", {})
    try:
        if not isinstance(by_grade, Mapping):
            raise ValueError(f"by_grade: must be a table, not {by_grade!r}")  # noqa: TRY004, TRY301  # as above
        return Budget(**given)
    except ValueError as error:
        raise ValueError(f"[detectors.{NoUse.name}] {error}") from None


def presets_of(settings: Mapping[str, Mapping[str, object]]) -> Mapping[str, tuple[str, Preset]]:
    """Give the presets that a configuration puts in the place of detectors, with their names.

    Raises
    ------
    ValueError
        If one is not known; the text names the place and the mend.

    Examples
    --------
    >>> presets_of({"no_use": {"preset": "24h"}})["no_use"][1].where
    'Huesca (Agua de vida) 2023; K-water, Korea, 2017-2019'
    """
    found = {}
    for name, table in settings.items():
        if table.get("preset"):
            try:
                found[name] = (str(table["preset"]), preset_of(name, table["preset"]))
            except ValueError as error:
                raise ValueError(f"[detectors.{name}] {error}") from None
    return found


def _make(name: str, table: Mapping[str, object]) -> Detector:
    given = table.get("preset")
    if given:
        beside = sorted(set(table) - {"preset"})
        if beside:
            raise ValueError(f"[detectors.{name}] {beside[0]}: a preset stands alone; take it out")
        return presets_of({name: {"preset": given}})[name][1].rule
    table = {key: table[key] for key in table if key != "preset"}
    names = [field.name for field in fields(DETECTORS[name])]
    unknown = sorted(set(table) - set(names))
    if unknown:
        there_are = ", ".join([*names, *LEARNT.get(name, ()), "enabled", "preset"])
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
        number = float(value)
    except OverflowError:
        raise ValueError(f"{key}: is too large") from None
    if not math.isfinite(number):
        raise ValueError(f"{key}: must be a finite number, not {value!r}")
    return number

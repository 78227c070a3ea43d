"""By which rules homes are judged, in words: learnt for each home, or a preset with its source."""

from collections.abc import Mapping
from dataclasses import dataclass

from meterwatch.dashboard.tongue import Tongue, mark
from meterwatch.dashboard.words import kind
from meterwatch.detectors.deployed import HighTotal, LowTotal
from meterwatch.detectors.presets import Preset, Rule

_LEARNT: Mapping[str, str] = {
    "no_use": mark("A limit learnt for each home, by the hour at which its taps were shut."),
    "low_use": mark("Floors learnt for each home, by weekday, for what it draws in three days."),
    "flat_flow": mark("The stronger a flow, the shorter it may run; what always runs is learnt."),
    "odd_hours": mark("Quiet hours of the night learnt for each home; red homes only."),
}


@dataclass(frozen=True, slots=True)
class RuleTold:
    """One rule in force: its worry, what it asks, and, of a preset, its name and its source."""

    title: str
    asks: str
    preset: str = ""
    where: str = ""
    source: str = ""


def in_force(
    tongue: Tongue, watched: tuple[str, ...], presets: Mapping[str, tuple[str, Preset]]
) -> tuple[RuleTold, ...]:
    """Tell of each detector that is watched by which rule it judges."""
    told = []
    for name in watched:
        if name in presets:
            told.append(preset_told(tongue, *presets[name]))
        else:
            asks = tongue.say(_LEARNT[name]) if name in _LEARNT else ""
            told.append(RuleTold(kind(tongue, name), asks))
    return tuple(told)


def preset_told(tongue: Tongue, name: str, preset: Preset) -> RuleTold:
    """Tell of a preset what it asks of every home, who runs it and where it was found."""
    asks = _asks(tongue, preset.rule)
    return RuleTold(kind(tongue, preset.detector), asks, name, preset.where, preset.source)


def _asks(tongue: Tongue, rule: Rule) -> str:
    say, hours = tongue.say, tongue.number(rule.hours)
    if isinstance(rule, LowTotal):
        if rule.below_litres <= 1.0:
            return say("The same for every home: no water for %(hours)s h.", hours=hours)
        text = mark("The same for every home: less than %(litres)s L in %(hours)s h.")
        return say(text, litres=tongue.number(rule.below_litres), hours=hours)
    if isinstance(rule, HighTotal):
        text = mark("The same for every home: more than %(litres)s L in %(hours)s h.")
        return say(text, litres=tongue.number(rule.above_litres), hours=hours)
    return say("The same for every home: water in every interval of %(hours)s h.", hours=hours)

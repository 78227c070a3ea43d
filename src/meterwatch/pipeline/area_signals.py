"""Which groups a look raises, and which of those that stand it ends: pure, no database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from meterwatch.detectors.common_cause import Verdict
from meterwatch.domain.outage import Group
from meterwatch.domain.signal import AREA_QUIET, AREA_WILD, SubjectKind

Subject = tuple[SubjectKind, int, str]
_SHARED = 0.5  # groups that share so much of the smaller one have one cause
_WIDER = 1.5  # so many times as many homes, and a group takes the place of one inside it


@dataclass(slots=True)
class Decision:
    """What a look came to: the groups that are raised, as what, and the worries that are over."""

    raised: list[tuple[int, str]] = field(default_factory=list)
    over: list[Subject] = field(default_factory=list)


def subject_of(group: Group, family: str) -> Subject:
    """Give the key of the standing alert about a group."""
    return (SubjectKind.AREA, group.area_id, group.worry(family))


def decide(
    groups: Sequence[Group],
    verdict: Verdict,
    standing: Collection[Subject],
    excused: Collection[int] = (),
) -> Decision:
    """Choose, among the groups that fired, those that explain the most; end what is as usual.

    Parameters
    ----------
    standing : collection of subjects
        The worries about groups that stand.
    excused : collection of int
        Groups (by index) whose quiet was announced.
    """
    decision = Decision()
    held = _held(groups, verdict, standing, decision)
    fired = np.flatnonzero(verdict.quiet | verdict.wild)
    for number in sorted(fired.tolist(), key=lambda n: (-verdict.weight[n], n)):
        family = AREA_QUIET if verdict.quiet[number] else AREA_WILD
        if held.get(number) == family or (family == AREA_QUIET and number in excused):
            continue
        rivals = [other for other in held if _have_one_cause(groups[number], groups[other])]
        stood = {other for other, _ in decision.raised}
        if any(other in stood or not _swallows(groups, verdict, number, other) for other in rivals):
            continue
        for other in rivals:
            decision.over.append(subject_of(groups[other], held.pop(other)))
        held[number] = family
        decision.raised.append((number, family))
    return decision


def _held(
    groups: Sequence[Group],
    verdict: Verdict,
    standing: Collection[Subject],
    decision: Decision,
) -> dict[int, str]:
    """Give the groups whose worry stands and goes on; what ended, or is no group now, is over."""
    named: Mapping[Subject, tuple[int, str]] = {
        subject_of(group, family): (number, family)
        for number, group in enumerate(groups)
        for family in (AREA_QUIET, AREA_WILD)
    }
    held: dict[int, str] = {}
    for subject in standing:
        number, family = named.get(subject, (-1, ""))
        ended = verdict.back if family == AREA_QUIET else verdict.calm
        if number < 0 or bool(ended[number]):
            decision.over.append(subject)
        else:
            held[number] = family
    return held


def _have_one_cause(one: Group, other: Group) -> bool:
    shared = len(set(one.homes) & set(other.homes))
    return shared >= _SHARED * min(len(one.homes), len(other.homes))


def _swallows(groups: Sequence[Group], verdict: Verdict, wide: int, inner: int) -> bool:
    """Tell whether a group explains more than one inside it, which was raised before."""
    mine, its = set(groups[wide].homes), set(groups[inner].homes)
    larger = its <= mine and len(mine) >= _WIDER * len(its)
    return larger and bool(verdict.weight[wide] > verdict.weight[inner])

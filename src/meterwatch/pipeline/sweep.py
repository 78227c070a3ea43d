"""Sweep: look at the homes with fresh readings, and raise what needs raising.

The heart of the service. Window, detectors and decisions are pure, so the same readings judged at
the same moments always raise the same alerts. A moment ends when readings of the next one come,
or when the caller says so; what it raised is written in one transaction together with how far
the sweep has come, so that a sweep that was killed goes on exactly where it stopped.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import numpy as np

from meterwatch.detectors import Detector
from meterwatch.domain.alert import raise_alerts, rests
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Grade
from meterwatch.domain.signal import (
    CONCERN_KINDS,
    EXPLAINED_BY_ABSENCE,
    HUB_SILENT,
    METER_SILENT,
    SILENCE_KINDS,
    Condition,
    Origin,
    Signal,
    SilenceRule,
    SubjectKind,
    lost,
    missed,
    seen,
    worries,
)
from meterwatch.domain.usage import Findings, LocalTime, UsageWindow
from meterwatch.pipeline.board import Board
from meterwatch.pipeline.explained import CommonCause, LimitAfter, limit_after, unexplained
from meterwatch.pipeline.known import Known
from meterwatch.pipeline.moves import keep_raised, surroundings
from meterwatch.pipeline.respond.returns import take_return
from meterwatch.store import Store, Transaction
from meterwatch.store.alerts import Standing
from meterwatch.store.house import SWEPT
from meterwatch.store.telemetry import Stand

Subject = tuple[SubjectKind, int, str]
_AT_ONCE = 20  # signals a transaction
HOMES_AT_ONCE = 4_000  # so many windows stay in a processor's caches while detectors go over them


@dataclass(frozen=True, slots=True)
class Watch:
    """What a sweep watches with."""

    detectors: tuple[Detector, ...]
    local: LocalTime
    policies: Policies
    silence: SilenceRule
    common: CommonCause = field(default_factory=CommonCause)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep came to: how many alerts opened, and where each judged home stands."""

    alerts: int
    stands: tuple[Stand, ...]


def sweep(
    store: Store, board: Board, known: Known, watch: Watch, homes: Collection[int], now: datetime
) -> Swept:
    """Judge these homes, and every meter's punctuality, as of `now`."""
    counts_from = known.counts_from(now)
    with store.transaction(read_only=True) as tx:
        standing = tx.alerts.standing()
        awaited = tx.alerts.awaited()

    signals: list[Signal] = []
    returned: dict[int, int] = {}
    stands: list[Stand] = []
    for part in _parts(sorted(homes)):
        usage = board.window(part, counts_from)
        profile = known.profile_of(part)
        found = {d.name: d.detect(usage, profile, watch.local) for d in watch.detectors}
        signals += _inferred(usage, found, standing, known, now)
        returned |= _returned(known, awaited, usage, found, now)
        stands += _stands(usage, found)
    signals += _missed(board, known, watch.silence, standing, now)
    news = _news(store, signals, standing)
    longest = watch.common.longest
    news = unexplained(store, news, standing, _limits(known, watch.local), longest, now)

    alerts = 0
    while len(news) > _AT_ONCE:
        alerts += _write(store, watch, news[:_AT_ONCE], {}, now)
        news = news[_AT_ONCE:]
    if news or returned:
        alerts += _write(store, watch, news, returned, now, done=True)
    return Swept(alerts, tuple(stands))


def _parts(homes: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(homes), HOMES_AT_ONCE):
        yield homes[start : start + HOMES_AT_ONCE]


def _news(
    store: Store, signals: list[Signal], standing: Mapping[Subject, Standing]
) -> list[Signal]:
    """Leave out what is written down already, and worries that people answered lately."""
    stood = {subject: one.condition for subject, one in standing.items()}
    news = [signal for signal in signals if stood.get(signal.subject) is not signal.condition]
    fresh = [signal.subject for signal in news if signal.subject not in standing]
    if not fresh:
        return news
    with store.transaction(read_only=True) as tx:
        answered = tx.alerts.answered(fresh)
        asked = {subject for subject in fresh if _is_asked(tx, subject)}
    return [
        signal
        for signal in news
        if (signal.subject in standing or signal.subject in asked)
        and not rests(signal, answered.get(signal.subject))
    ]


def _is_asked(tx: Transaction, subject: Subject) -> bool:
    """Tell whether a home is looked at this closely: concerns are for red homes alone."""
    kind, number, name = subject
    return name not in CONCERN_KINDS or tx.homes.grade((kind, number)) is Grade.RED


def _limits(known: Known, local: LocalTime) -> Callable[[int], LimitAfter]:
    """Let limits of homes be looked up where there is need."""
    return lambda home: partial(limit_after, known.profile_of([home]), local)


def _write(
    store: Store,
    watch: Watch,
    signals: list[Signal],
    returned: dict[int, int],
    now: datetime,
    *,
    done: bool = False,
) -> int:
    """Write some of what a moment raised; only when all is written has it been judged.

    A bell may be waiting for the writer's place: a thousand alerts are many short transactions.
    A sweep that is killed between them raises the same again, which changes nothing.
    """
    with store.transaction() as tx:
        standing = tx.alerts.standing_of([signal.subject for signal in signals])
        raised = raise_alerts(signals, standing, surroundings(tx, watch.policies), now)
        new = keep_raised(tx, raised, now)
        for home, at in returned.items():
            take_return(tx, home, datetime.fromtimestamp(at, UTC), now)
        if done:
            tx.house.set_mark(SWEPT, int(now.timestamp()))
    return len(new)


def _inferred(
    usage: UsageWindow,
    found: Mapping[str, Findings],
    standing: Mapping[Subject, Standing],
    known: Known,
    now: datetime,
) -> list[Signal]:
    """Turn verdicts into signals; what a declared absence explains raises nothing."""
    signals: list[Signal] = []
    parted = (part for name, findings in found.items() for part in worries(name, findings))
    for kind, findings in parted:
        homes = {key[1]: one.began_at for key, one in standing.items() if key[2] == kind}
        for signal in seen(kind, usage, findings, homes):
            fresh = signal.condition is Condition.ACTIVE and signal.subject_id not in homes
            if kind in CONCERN_KINDS and not fresh:
                continue  # quiet nights later answer nothing: whoever visits next shall ask
            if not (fresh and kind in EXPLAINED_BY_ABSENCE and known.away(signal.subject_id, now)):
                signals.append(signal)
    return signals


def _missed(
    board: Board,
    known: Known,
    rule: SilenceRule,
    standing: Mapping[Subject, Standing],
    now: datetime,
) -> list[Signal]:
    """Say what did not report, and which alerts of silence are over.

    After an outage of our own, a meter of which nothing is known yet is given time to report.
    """
    names = {name for _, _, name in standing}
    silent = [
        beat
        for beat in map(board.heartbeat, board.silent(now, rule).tolist())
        if known.listened_to(beat, now)
        or (SubjectKind.HOUSEHOLD, beat.household_id, METER_SILENT) in standing
        or f"{HUB_SILENT}:{beat.hub}" in names
    ]
    signals = [*missed(silent, board.homes_of_hub, rule, now), *lost(silent, standing, now)]
    still = {signal.subject for signal in signals}
    for kind, number, name in standing:
        subject = (kind, number, name)
        if name.partition(":")[0] in SILENCE_KINDS and subject not in still:
            signals.append(
                Signal(
                    Origin.MISSED,
                    name,
                    kind,
                    number,
                    now,
                    now,
                    f"{name}:{number}:over:{int(now.timestamp())}",
                    condition=Condition.CLEARED,
                )
            )
    return signals


def _returned(
    known: Known,
    awaited: Mapping[int, datetime],
    usage: UsageWindow,
    found: Mapping[str, Findings],
    now: datetime,
) -> dict[int, int]:
    """Name the homes whose people are away and that have used water since they left, and when.

    They are declared away, or a visit found that somebody had left.
    """
    if "no_use" not in found:
        return {}
    last_use = found["no_use"].figures["last_use_at"]
    returned = {}
    for row, home in enumerate(usage.homes):
        running = [a.since for a in known.absences.get(home, ()) if a.covers(now)]
        left = [max(running)] if running else []
        left += [awaited[home]] if home in awaited else []
        if not left:
            continue
        its_hours = usage.hours[row][usage.ends_at[row] == last_use[row]]
        began = last_use[row] - 3_600.0 * its_hours.max(initial=0.0)
        if began >= min(left).timestamp():
            returned[home] = int(last_use[row])
    return returned


def _stands(usage: UsageWindow, found: Mapping[str, Findings]) -> list[Stand]:
    verdict = found.get("no_use")
    if verdict is None:
        return []
    last = verdict.figures["last_use_at"]
    base = np.nan_to_num(verdict.figures["base_litres_per_hour"])
    return [
        Stand(
            home,
            int(usage.as_of[row]),
            int(last[row]) if np.isfinite(last[row]) else None,
            bool(verdict.known[row]),
            float(base[row]),
            float(verdict.limit[row]) if np.isfinite(verdict.limit[row]) else None,
        )
        for row, home in enumerate(usage.homes)
        if np.isfinite(usage.as_of[row])
    ]

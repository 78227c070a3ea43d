"""Common cause: once an hour, look at groups of homes, and raise one signal about all of a group.

A building without water is one worry about the building, told to duty officers with its homes as
evidence, and not forty worries about people. What a home's silence owes to it is in `explained`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from meterwatch.detectors import NoUse
from meterwatch.detectors.arrays import base_flow
from meterwatch.detectors.common_cause import WINDOWS, Cause, Habits, Verdict
from meterwatch.domain.alert import raise_alerts, rests
from meterwatch.domain.escalation import Policies
from meterwatch.domain.outage import GRACE, RIPE, Group
from meterwatch.domain.signal import AREA_KINDS, AREA_QUIET, Condition, Origin, Signal, SubjectKind
from meterwatch.domain.usage import HOURS, Bools
from meterwatch.pipeline.area_signals import Subject, decide, subject_of
from meterwatch.pipeline.board import Board
from meterwatch.pipeline.known import Known
from meterwatch.pipeline.moves import keep_raised, surroundings
from meterwatch.pipeline.sweep import HOMES_AT_ONCE, Watch
from meterwatch.store import Store

Counts = NDArray[np.float64]

LEARNT_DAYS = 28
KEPT_DAYS = 60
_FRESH = 2 * 3_600.0  # a home last heard longer ago says nothing of now
_PAST_THE_HOUR = 300  # meters that report on the hour have been heard by then
_GROUPS_AT_ONCE = 500
_NAMED = 300  # homes named as evidence
_EPOCH = date(1970, 1, 1)
_DAY = 86_400
_SATURDAY = 5
T = TypeVar("T")


class Lookout:
    """What is known of the groups, between one look and the next.

    Parameters
    ----------
    store : Store
    watch : Watch
    """

    def __init__(self, store: Store, watch: Watch) -> None:
        self._store = store
        self._watch = watch
        self._cause = watch.common.cause
        self._groups: tuple[Group, ...] = ()
        self._members: tuple[NDArray[np.int64], ...] = ()
        self._day = -1
        self._today: Counts = np.zeros(0)
        self._habits: Habits

    def gather(self, board: Board) -> None:
        """Say which homes form groups; to be asked again when homes were edited."""
        if not self._watch.common.enabled:
            return
        place = {home: row for row, home in enumerate(board.homes)}
        with self._store.transaction(read_only=True) as tx:
            self._groups = tx.areas.groups(int(self._cause.least_homes))
        self._members = tuple(
            np.array([place[home] for home in group.homes if home in place], dtype=np.int64)
            for group in self._groups
        )
        self._day = -1

    def is_due(self, last: int, now: int) -> bool:
        """Tell whether the time of a look has come since a moment."""
        return (now - _PAST_THE_HOUR) // 3_600 > (last - _PAST_THE_HOUR) // 3_600

    def look(self, board: Board, known: Known, now: datetime) -> int:
        """Judge every group as of now; count the alerts that are new. A second time adds none."""
        if not self._groups:
            return 0
        day, hour = self._local(now)
        self._learn(day)
        homes = recent_uses(self._cause, board, known, now)
        counts = np.stack([homes[rows].sum(axis=0) for rows in self._members])
        verdict = self._cause.judge(
            counts,
            self._habits,
            weekend=bool(_is_weekend(np.array([day]))[0]),
            hour=hour,
            groups=len(self._groups),
        )
        standing, excused = self._around(now)
        decision = decide(self._groups, verdict, standing, excused)
        self._count(day, hour, counts, verdict, standing, excused)
        signals = [_over(subject, now) for subject in decision.over]
        for number, family in decision.raised:
            rows, window = self._members[number], int(verdict.window[number])
            still = rows[(homes[rows, window, 0] > 0) & (homes[rows, window, 1] == 0)]
            silent = [board.homes[row] for row in still.tolist()]
            seen = _Silent.of(board, known, self._watch, silent)
            signals.append(_about(self._groups[number], family, verdict, number, seen, now))
        return _raise(self._store, self._watch.policies, signals, now) if signals else 0

    def _local(self, now: datetime) -> tuple[int, int]:
        """Give the local day and hour of the look whose time has come."""
        seconds = self._watch.local.seconds(np.array([now.timestamp() - _PAST_THE_HOUR]))[0]
        return int(seconds // _DAY), int(seconds // 3_600) % HOURS

    def _learn(self, day: int) -> None:
        """At the first look of a day, learn what each group is used to."""
        if day == self._day:
            return
        keys = [group.key for group in self._groups]
        first, counts = _date(day - LEARNT_DAYS), self._store.counts
        weekend = _is_weekend(np.arange(day - LEARNT_DAYS, day))
        learnt = [
            self._cause.learn(counts.past(some, first, LEARNT_DAYS, len(WINDOWS)), weekend)
            for some in _parts(keys, _GROUPS_AT_ONCE)
        ]
        arrays = {each.name: [getattr(one, each.name) for one in learnt] for each in fields(Habits)}
        self._habits = Habits(**{name: np.concatenate(parts) for name, parts in arrays.items()})
        self._today = counts.past(keys, _date(day), 1, len(WINDOWS))[:, 0]
        self._day = day
        counts.forget(_date(day - KEPT_DAYS))

    def _around(self, now: datetime) -> tuple[set[Subject], set[int]]:
        """Give the worries about groups that stand, and the groups whose quiet was announced."""
        with self._store.transaction(read_only=True) as tx:
            standing = {
                subject
                for subject in tx.alerts.standing()
                if subject[2].partition(":")[0] in AREA_KINDS
            }
            outages = tx.areas.outages(now - GRACE)
            dry = [tx.areas.members(o.key) for o in outages if o.since <= now + GRACE]
        excused = {
            number
            for number, group in enumerate(self._groups)
            if any(2 * len(homes.intersection(group.homes)) >= len(group.homes) for homes in dry)
        }
        return standing, excused

    def _count(
        self,
        day: int,
        hour: int,
        counts: Counts,
        verdict: Verdict,
        standing: Collection[Subject],
        excused: Collection[int],
    ) -> None:
        """Keep what was counted, except where it was not as usual: that teaches nothing."""
        odd = verdict.quiet | verdict.wild
        odd[list(excused)] = True
        for number, group in enumerate(self._groups):
            odd[number] |= any(subject_of(group, family) in standing for family in AREA_KINDS)
        self._today[:, hour] = np.where(odd[:, np.newaxis, np.newaxis], 0.0, counts)
        keys = (group.key for group in self._groups)
        days = {key: today for key, today in zip(keys, self._today, strict=True) if today.any()}
        self._store.counts.put(_date(day), days)


def recent_uses(cause: Cause, board: Board, known: Known, now: datetime) -> Counts:
    """Tell of each home on the board what it did lately.

    Returns
    -------
    (homes, windows, 2) float64
        1 where the window could be judged, and where it held a use; a home that is away, or was
        not heard lately, is not judged.
    """
    found = np.zeros((len(board.homes), len(WINDOWS), 2))
    done = 0
    for part in _parts(board.homes, HOMES_AT_ONCE):
        usage = board.window(part, {})
        judged, used = cause.recent(usage, base_flow(usage)[:, -1])
        with np.errstate(invalid="ignore"):
            here = usage.as_of > now.timestamp() - _FRESH
        here &= ~np.array([known.away(home, now) for home in part], dtype=np.bool_)
        rows = slice(done, done + len(part))
        found[rows, :, 0], found[rows, :, 1] = judged & here[:, None], used & here[:, None]
        done += len(part)
    return found


class _Silent:
    """The homes of a group that are quiet now: since when, and who was silent before the rest."""

    def __init__(self, homes: Sequence[int], began: float, before: Sequence[int]) -> None:
        self.homes = homes
        self.began = began
        self.before = before

    @classmethod
    def of(cls, board: Board, known: Known, watch: Watch, homes: Sequence[int]) -> "_Silent":
        """Look at their silences, as the detector does that would alarm about each."""
        if not homes:
            return cls((), np.nan, ())
        alone = next((d for d in watch.detectors if isinstance(d, NoUse)), NoUse())
        usage = board.window(homes, {})
        found = alone.detect(usage, known.profile_of(homes), watch.local)
        began = float(np.fmax.reduce(found.figures["last_use_at"]))
        with np.errstate(invalid="ignore"):
            ripe = (began - found.since) / 3_600.0 >= RIPE * found.limit
        before = ripe | np.isnan(found.figures["last_use_at"])
        return cls(homes, began, [home for home, was in zip(homes, before, strict=True) if was])


def _about(
    group: Group, family: str, verdict: Verdict, number: int, silent: _Silent, now: datetime
) -> Signal:
    """Make the signal about a group, with its homes as evidence."""
    looked_back = WINDOWS[int(verdict.window[number])]
    began = now - timedelta(hours=looked_back)
    if family == AREA_QUIET and np.isfinite(silent.began):
        began = min(datetime.fromtimestamp(silent.began, UTC), now)
    evidence: dict[str, float | int | str] = {
        "group": str(group.kind),
        "name": group.name,
        "window_hours": looked_back,
        "homes": int(verdict.judged[number]),
        "used": int(verdict.used[number]),
        "expected": round(float(verdict.expected[number]), 1),
        "chance": float(f"{verdict.chance[number]:.1e}"),
        "as_of": int(now.timestamp()),
    }
    if family == AREA_QUIET:
        evidence["quiet"] = ",".join(map(str, silent.homes[:_NAMED]))
        evidence["before"] = ",".join(map(str, silent.before[:_NAMED]))
    kind = group.worry(family)
    key = f"{kind}:{group.area_id}:{int(began.timestamp())}"
    about = SubjectKind.AREA
    return Signal(Origin.SEEN, kind, about, group.area_id, began, now, key, evidence=evidence)


def _over(subject: Subject, now: datetime) -> Signal:
    about, area, kind = subject
    key = f"{kind}:{area}:over:{int(now.timestamp())}"
    return Signal(Origin.SEEN, kind, about, area, now, now, key, Condition.CLEARED)


def _raise(store: Store, policies: Policies, signals: list[Signal], now: datetime) -> int:
    """Write what a look came to, in one transaction; leave out what people answered lately."""
    with store.transaction() as tx:
        standing = tx.alerts.standing_of([signal.subject for signal in signals])
        fresh = [signal.subject for signal in signals if signal.subject not in standing]
        answered = tx.alerts.answered(fresh) if fresh else {}
        news = [signal for signal in signals if not rests(signal, answered.get(signal.subject))]
        return len(
            keep_raised(tx, raise_alerts(news, standing, surroundings(tx, policies), now), now)
        )


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _is_weekend(days: NDArray[np.int64]) -> Bools:
    weekend: Bools = (days + 3) % 7 >= _SATURDAY  # 1970-01-01 was a Thursday
    return weekend


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)

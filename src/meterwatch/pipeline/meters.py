"""The meters at work: board, profiles and absences in memory, and moments judged in order.

Readings are judged moment by moment of the time at which they were heard, so that a day's backlog
raises what it would have raised live, and so that a run that was killed and restarted ends like
one that was not. A moment is judged when it is over: when something of a later one was heard, or a
meter a second time, or when `close` says so. None reaches from one night into the next: what was
learnt in a night counts for the first reading after three.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from meterwatch.detectors.schedule import night_begins, night_of
from meterwatch.pipeline.board import DAYS, Board
from meterwatch.pipeline.common_cause import Lookout
from meterwatch.pipeline.known import Known
from meterwatch.pipeline.sweep import Watch, sweep
from meterwatch.store import Store
from meterwatch.store.house import HOMES_REVISION, PROFILES_REVISION, SWEPT
from meterwatch.store.telemetry import Row, Stand

_CHUNK = 4_000  # readings, so that one who is asked to end does so soon


class Meters:
    """What the meters role holds in memory.

    Parameters
    ----------
    store : Store
    watch : Watch
    moment : timedelta
        How long one moment lasts: a second when live, longer in a replay.
    night : callable, optional
        In a replay, the night's work, done here before the first reading that was heard in the
        night, so that it is judged by what was learnt then. Live, the night role does it.
    listening_since : datetime, optional
        Since when the broker is listened to again; before that, silence was ours.
    """

    def __init__(
        self,
        store: Store,
        watch: Watch,
        moment: timedelta = timedelta(seconds=1),
        night: Callable[[datetime, Board], bool] | None = None,
        listening_since: datetime | None = None,
    ) -> None:
        self._store = store
        self._watch = watch
        self._moment = int(moment.total_seconds())
        self._night = night
        self._listening_since = listening_since
        self._tonight = range(0)
        self._waiting: list[Row] = []
        self._heard: set[int] = set()  # the meters of those that wait
        self._unjudged: set[int] = set()
        self._odd: set[int] = set()
        self._stands: dict[int, Stand] = {}
        self._lookout = Lookout(store, watch)
        self._homes_revision = self._profiles_revision = -1
        self._swept = self._written = self._first_mark()
        self.alerts = 0
        self.refresh()

    def _first_mark(self) -> int:
        """Say how far has been judged; what lay there before the first start counts as judged."""
        with self._store.transaction() as tx:
            swept = tx.house.mark(SWEPT)
            if swept is None:
                swept = self._store.telemetry.last_heard() or 0
                tx.house.set_mark(SWEPT, swept)
        return swept

    @property
    def swept(self) -> datetime:
        """Up to which moment readings have been judged."""
        return datetime.fromtimestamp(self._swept, UTC)

    @property
    def board(self) -> Board:
        """The live window of all homes."""
        return self._board

    def refresh(self) -> None:
        """Read homes and profiles anew if an edit or a night's learning was announced."""
        with self._store.transaction(read_only=True) as tx:
            homes = tx.house.mark(HOMES_REVISION) or 0
            profiles = tx.house.mark(PROFILES_REVISION) or 0
            if homes != self._homes_revision:
                self._board = Board(tx.homes.watched(), tx.homes.swaps())
                self._absences = tx.homes.absences(self.swept - timedelta(days=DAYS))
        if homes != self._homes_revision:
            self._unjudged.intersection_update(self._board.homes)  # an edit may take a meter away
            self._rebuild(None, self._swept)
            self._lookout.gather(self._board)
        if (homes, profiles) != (self._homes_revision, self._profiles_revision):
            profile = self._store.telemetry.profiles(self._board.homes)
            self._known = Known(profile, self._absences, self._listening_since)
        self._homes_revision, self._profiles_revision = homes, profiles

    def catch_up(self, *, some: bool = False) -> bool:
        """Take in what was committed and is not judged yet, in the order in which it was heard.

        With `some`, no more than a little of it; tells whether there may be more.
        """
        self._waiting, began, after = [], self._swept, self._swept
        self._heard.clear()
        while rows := self._store.telemetry.heard(after, _CHUNK):
            self.take(rows)
            after = rows[-1][2]
            if some and self._swept > began:
                return True
        return False

    def judge_all(self, now: datetime) -> None:
        """Judge every home once, as is done after a start."""
        self.close(now)
        self._sweep(self._board.homes, now)
        self.settle()

    def hear(self, rows: Sequence[Row]) -> None:
        """Lay committed readings by until the next `close`."""
        self._lay_by(rows)

    def take(self, rows: Sequence[Row]) -> None:
        """Take in committed readings in the order in which they were heard."""
        for row in rows:
            if self._waiting and self._is_of_a_later_moment(row):
                self._judge_waiting(min(self._end(self._waiting[0]), row[2] - 1))
            self._lay_by([row])
        self.settle()

    def _lay_by(self, rows: Sequence[Row]) -> None:
        self._waiting += rows
        self._heard.update(row[0] for row in rows)

    def _is_of_a_later_moment(self, row: Row) -> bool:
        """Tell whether what waits has to be judged first; seconds are never parted."""
        again = row[0] in self._heard and row[2] > self._waiting[-1][2]
        return again or row[2] > self._end(self._waiting[0])

    def close(self, now: datetime) -> None:
        """Judge what waits without waiting for a later moment."""
        self._judge_waiting(max(int(now.timestamp()), self._swept))
        self.settle()

    def _end(self, row: Row) -> int:
        """Give the last second of the moment in which a reading was heard."""
        end = (row[2] // self._moment + 1) * self._moment - 1
        return end if self._night is None else min(end, self._night_around(row[2]).stop - 1)

    def _night_around(self, at: int) -> range:
        """Give the seconds in which the same night is in force as at this one."""
        if at not in self._tonight:
            local = self._watch.local
            number = int(night_of(local, np.array([float(at)]))[0])
            self._tonight = range(night_begins(local, number), night_begins(local, number + 1))
        return self._tonight

    def _judge_waiting(self, end: int) -> None:
        self._learn()
        applied = self._board.apply(self._waiting)
        self._odd |= applied.odd_devices
        # A reading may have come onto the board by a rebuild: its home is judged all the same.
        self._unjudged |= applied.homes | self._board.homes_of(row[0] for row in self._waiting)
        self._waiting = []
        self._heard.clear()
        end = max(end, self._swept)
        if self._odd:
            self._rebuild(frozenset(self._odd), end)
        now = datetime.fromtimestamp(end, UTC)
        if self._lookout.is_due(self._swept, end):
            self.alerts += self._lookout.look(self._board, self._known, now)
        self._sweep(self._unjudged, now)
        # Only now: what a failure left unjudged is judged the next time.
        self._odd, self._unjudged, self._swept = set(), set(), end

    def _learn(self) -> None:
        """In a replay, do the work of the nights that have begun, and go on by what they taught."""
        if self._night is None or not self._waiting:
            return
        # Whatever was heard before this night is judged: what waits is the first heard in it.
        self._swept = max(self._swept, self._night_around(self._waiting[0][2]).start - 1)
        if self._night(datetime.fromtimestamp(self._waiting[0][2], UTC), self._board):
            self.refresh()

    def _rebuild(self, devices: frozenset[int] | None, until: int) -> None:
        odd = self._board.rebuild(self._store.telemetry, devices, until)
        self._store.telemetry.put_aside(odd)

    def _sweep(self, homes: Collection[int], now: datetime) -> None:
        swept = sweep(self._store, self._board, self._known, self._watch, homes, now)
        self.alerts += swept.alerts
        self._stands.update({stand.household_id: stand for stand in swept.stands})

    def settle(self) -> None:
        """Write down how far the sweep has come and where homes stand, once a batch."""
        if self._stands:
            self._store.telemetry.put_stands(self._stands.values())
            self._stands = {}
        if self._swept > self._written:
            with self._store.transaction() as tx:
                tx.house.set_mark(SWEPT, self._swept)
            self._written = self._swept

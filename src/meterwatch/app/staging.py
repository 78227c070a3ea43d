"""The stage of the demo: an invented district that lives, and on which things can be made happen.

Time runs as it does, and can be moved on; the fleet speaks only by payloads.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event, RLock

import numpy as np
import structlog

from meterwatch import gateways
from meterwatch.app.air import Air, BrokerLost, Straight
from meterwatch.app.house import House
from meterwatch.clock import MovedClock, machine_now
from meterwatch.daemon.trouble import named
from meterwatch.detectors.schedule import ROLLED_DAYS
from meterwatch.domain.fact import Fact
from meterwatch.domain.household import Role
from meterwatch.domain.notification import Reply
from meterwatch.domain.signal import LIFE_KINDS, SubjectKind
from meterwatch.gateways.base import Message
from meterwatch.pipeline.board import Board
from meterwatch.pipeline.import_homes import import_homes
from meterwatch.pipeline.ingest import ingest
from meterwatch.pipeline.learn import night
from meterwatch.pipeline.respond import take_reply
from meterwatch.simulators.chance import Scene, open_scene
from meterwatch.simulators.district import District
from meterwatch.simulators.fleet import Fleet
from meterwatch.store.views.demo import Played, played

_log = structlog.get_logger(__name__)
HISTORY = timedelta(days=60)
_STEP = timedelta(minutes=5)  # how finely time is moved on
_BELLS_BACK = timedelta(hours=4)  # bells and batteries have spoken within so long
_BATCH = 20_000
_WISHES = 3  # homes whose guardians want a word each day
_BEAT = timedelta(seconds=5)
_ROLES = ("bells", "meters", "people", "night")

Progress = Callable[[str, float], None]


class Interrupted(Exception):  # noqa: N818  # says what happened
    """The demo was told to end before everything was set up."""


class Stage:
    """An invented district before a house; every method may be called from any thread.

    Parameters
    ----------
    house : House
    clock : MovedClock
        The clock of that house.
    fleet : Fleet
        What the district says.
    stop : Event
        When it is set, whatever goes on here ends soon.
    """

    def __init__(self, house: House, clock: MovedClock, fleet: Fleet, stop: Event) -> None:
        self.house = house
        self.fleet = fleet
        self.district: District = fleet.district
        self._clock = clock
        self._stop = stop
        self._air: Air = Straight(house)
        self._told = clock.now()
        self._beaten = machine_now() - _BEAT
        self._lock = RLock()
        self._replies = count(1)
        self._chance = np.random.default_rng(7)
        self.scene: Scene | None = None

    # Before the curtain rises.

    def set_up(self, file: Path, progress: Progress) -> None:
        """Import the district, let it live for sixty days, and let things have gone wrong.

        Parameters
        ----------
        file : Path
            Where the district's homes are written as the file that an office would import.
        progress : callable
            Told what is being done, and which share of it is.

        Raises
        ------
        Interrupted
            If it is told to stop.
        """
        now = self._clock.now()
        self.scene = open_scene(self.fleet, now)
        self.district.write_csv(file)
        import_homes(self.house.store, file.read_bytes(), now - HISTORY, zone=self.house.zone)
        self._wish(now)
        self._live(now, progress)
        self.house.watch_meters()
        self._told = now - _BELLS_BACK
        progress("scene", 1.0)

    def _wish(self, now: datetime) -> None:
        """Let a few guardians want to hear each day that water was used."""
        with self.house.store.transaction() as tx:
            homes = sorted({one.device.household_id for one in tx.homes.watched()})
            for home in homes[:_WISHES]:
                circle = tx.homes.circle((SubjectKind.HOUSEHOLD, home))
                for guardian in circle.by_role.get(Role.GUARDIAN, ()):
                    tx.digests.want(home, guardian, "system", now)

    def _live(self, now: datetime, progress: Progress) -> None:
        """Write sixty days of readings by the path that every reading takes; learn in between."""
        house, since = self.house, now - HISTORY
        with house.store.transaction(read_only=True) as tx:
            board = Board(tx.homes.watched(), tx.homes.swaps())
        for until in _nights(now):
            for facts in self._said(since, until):
                taken = ingest(house.store, house.directory(), house.policies, facts, until)
                board.apply(taken.rows)
            night(house.store, [board], house.schooling, until)
            since = until
            progress("history", 1.0 - (now - until) / HISTORY)

    def _said(self, since: datetime, until: datetime) -> Iterator[list[Fact]]:
        """Give what the meters said in a stretch of the past, by the batch."""
        facts: list[Fact] = []
        for _, message in self.fleet.backfill(since, until):
            facts += gateways.decode(message, {}).facts
            if len(facts) >= _BATCH:
                yield facts
                facts = []
            if self._stop.is_set():
                raise Interrupted
        yield facts

    def open_air(self, air: Air) -> None:
        """Let the fleet speak through this from now on."""
        with self._lock:
            self._air = air
            self._step()

    # While it plays.

    def play(self) -> None:
        """Let time pass until told to stop; what fails is done again a second later."""
        while not self._stop.wait(1.0):
            try:
                with self._lock:
                    self._step()
            except Exception as error:  # noqa: BLE001  # whatever it is, the play goes on
                _log.error("demo_step_failed", failure=named(error))

    def _step(self) -> None:
        """Let everything that is sent by now be heard, judged and acted upon."""
        now = self._clock.now()
        self._send([message for _, message in self.fleet.messages(self._told, now)])
        self._told = now
        self.house.sweep()
        self.house.escalate()
        self.house.tell_daily()
        self.house.deliver()
        self.house.work_at_night(now)
        self._beat()

    def _send(self, messages: Sequence[Message]) -> None:
        """Send through the air; if the broker is gone, go on without one and lose nothing."""
        try:
            self._air.send(messages)
        except BrokerLost:
            _log.warning("demo_goes_on_without_broker")
            self._air.close()
            self._air = Straight(self.house)
            self._air.send(messages)

    def _beat(self) -> None:
        """Say that the roles are alive: here one thread plays them all."""
        now = machine_now()
        if now - self._beaten < _BEAT:
            return
        self._beaten = now
        with self.house.store.transaction() as tx:
            for role in _ROLES:
                tx.house.beat(role, "demo", now)

    def forward(self, hours: float) -> None:
        """Move time on, in steps small enough that nobody's turn is missed."""
        with self._lock:
            for _ in range(max(1, round(timedelta(hours=hours) / _STEP))):
                if self._stop.is_set():
                    return
                self._clock.advance(_STEP)
                self._step()

    def press(self, household_id: int) -> None:
        """Let somebody press the bell of a home."""
        self._happen(household_id, self.fleet.press)

    def fall(self, household_id: int) -> None:
        """Let somebody fall: from now on no water is drawn in this home."""
        self._happen(household_id, self.fleet.fall)

    def fall_ill(self, household_id: int) -> None:
        """Let somebody stay in bed: from now on little water is drawn in this home."""
        self._happen(household_id, self.fleet.fall_ill)

    def open_tap(self, household_id: int) -> None:
        """Leave a tap open in a home."""
        self._happen(household_id, self.fleet.open_tap)

    def cut_hub(self, hub: str) -> None:
        """Cut a gateway off."""
        with self._lock:
            chosen = hub if hub in self.district.hubs else self._any_hub()
            self.fleet.cut(chosen, self._clock.now())
            self._step()

    def reply(self, phone: str, text: str) -> None:
        """Let the owner of a phone write back."""
        with self._lock:
            now = self._clock.now()
            ref = f"demo-{next(self._replies)}-{int(now.timestamp())}"
            take_reply(self.house.store, Reply(ref, phone, text, now), now)
            self.house.deliver()

    def _happen(self, household_id: int, act: Callable[[int, datetime], None]) -> None:
        with self._lock:
            act(self._number(household_id), self._clock.now())
            self._step()

    def _number(self, household_id: int) -> int:
        """Find the invented home of a household, or choose one in which nothing has happened."""
        with self.house.store.transaction(read_only=True) as tx:
            code = tx.homes.code_of(household_id) if household_id else None
        if code is not None:
            return self.district.number_of(code)
        now = self._clock.now()
        calm = [
            home.number
            for home in self.district.homes
            if not self.fleet.truth(home.number, now).needs_somebody
        ]
        return int(self._chance.choice(calm or [self.district.homes[0].number]))

    def _any_hub(self) -> str:
        return str(self._chance.choice(list(self.district.hubs)))

    # After the curtain has fallen.

    def leave_air(self) -> None:
        """Let the fleet be silent, and end what it spoke through."""
        with self._lock:
            self._air.close()

    def report(self) -> tuple[Played, int]:
        """Say what happened, and how many of those alerted of really need somebody."""
        with self.house.store.view() as view:
            report = played(view, LIFE_KINDS)
        now = self._clock.now()
        needing = sum(
            self.fleet.truth(self.district.number_of(code), now).needs_somebody
            for code in report.homes
        )
        return report, needing


def _nights(now: datetime) -> Iterator[datetime]:
    """List the nights to catch up on, so that together they roll up the whole history."""
    moment = now - HISTORY + timedelta(days=ROLLED_DAYS)
    while moment < now:
        yield moment
        moment += timedelta(days=ROLLED_DAYS)
    yield now

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
from meterwatch.app.air import BrokerLost, Straight, ThroughBroker
from meterwatch.app.house import House
from meterwatch.clock import MovedClock, machine_now
from meterwatch.domain.fact import Fact
from meterwatch.domain.notification import Reply
from meterwatch.domain.signal import LIFE_KINDS
from meterwatch.gateways.base import Message
from meterwatch.pipeline.board import Board
from meterwatch.pipeline.import_homes import import_homes
from meterwatch.pipeline.ingest import ingest
from meterwatch.pipeline.learn import ROLLED_DAYS, night
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
_BEAT = timedelta(seconds=5)
_ROLES = ("bells", "meters", "people", "night")

Progress = Callable[[str, float], None]


class Stage:
    """An invented district before a house; every method may be called from any thread."""

    def __init__(self, house: House, clock: MovedClock, fleet: Fleet) -> None:
        self.house = house
        self.fleet = fleet
        self.district: District = fleet.district
        self._clock = clock
        self._air: Straight | ThroughBroker = Straight(house)
        self._told = clock.now()
        self._beaten = machine_now() - _BEAT
        self._lock = RLock()
        self._replies = count(1)
        self._chance = np.random.default_rng(7)
        self.scene: Scene | None = None

    # Before the curtain rises.

    def set_up(self, file: Path, progress: Progress) -> None:
        """Import the district, fill in its history, learn from it, and let things have gone wrong.

        Parameters
        ----------
        file : Path
            Where the district's homes are written as the file that an office would import.
        """
        now = self._clock.now()
        self.scene = open_scene(self.fleet, now)
        self.district.write_csv(file)
        import_homes(self.house.store, file.read_bytes(), now - HISTORY, zone=self.house.zone)
        self._fill(now, progress)
        self._learn(now, progress)
        self.house.watch_meters()
        self._told = now - _BELLS_BACK
        progress("scene", 1.0)

    def _fill(self, now: datetime, progress: Progress) -> None:
        """Write sixty days of readings, by the path that every reading takes."""
        facts: list[Fact] = []
        for moment, message in self.fleet.backfill(now - HISTORY, now):
            facts += gateways.decode(message, {}).facts
            if len(facts) >= _BATCH:
                self._keep(facts, moment)
                facts = []
                progress("history", 1.0 - (now - moment) / HISTORY)
        self._keep(facts, now)

    def _keep(self, facts: list[Fact], now: datetime) -> None:
        ingest(self.house.store, self.house.directory(), self.house.policies, facts, now)

    def _learn(self, now: datetime, progress: Progress) -> None:
        """Do the work of the nights that lie behind."""
        nights = list(_nights(now))
        for number, moment in enumerate(nights):
            with self.house.store.transaction(read_only=True) as tx:
                board = Board(tx.homes.watched(), tx.homes.swaps())
            board.rebuild(self.house.store.telemetry, None, int(moment.timestamp()))
            night(self.house.store, board, self.house.local, moment)
            progress("learn", (number + 1) / len(nights))

    def open_air(self, air: Straight | ThroughBroker) -> None:
        """Let the fleet speak through this from now on."""
        with self._lock:
            self._air = air
            self._step()

    # While it plays.

    def play(self, stop: Event) -> None:
        """Let time pass until told to stop."""
        while not stop.wait(1.0):
            with self._lock:
                self._step()

    def _step(self) -> None:
        """Let everything that is sent by now be heard, judged and acted upon."""
        now = self._clock.now()
        self._send([message for _, message in self.fleet.messages(self._told, now)])
        self._told = now
        self.house.sweep()
        self.house.escalate()
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
                self._clock.advance(_STEP)
                self._step()

    def press(self, household_id: int) -> None:
        """Let somebody press the bell of a home."""
        self._happen(household_id, self.fleet.press)

    def fall(self, household_id: int) -> None:
        """Let somebody fall: from now on no water is drawn in this home."""
        self._happen(household_id, self.fleet.fall)

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

    def close(self) -> tuple[Played, int]:
        """Leave the air; say what happened, and how many of those alerted of really needed it."""
        with self._lock:
            self._air.close()
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

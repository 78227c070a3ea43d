"""A house that dies before any of its transactions goes on like one that never died.

The deaths of real processes come when they come; here they come everywhere.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, event, func, select

from meterwatch import migrations
from meterwatch.app.house import House
from meterwatch.app.replaying import Row, as_facts, look_over
from meterwatch.app.roles import clock_of
from meterwatch.clock import machine_now
from meterwatch.config import Settings
from meterwatch.pipeline.deliver import deliver
from meterwatch.pipeline.import_homes import import_homes
from meterwatch.store import Store
from meterwatch.store.house import NIGHT, SWEPT
from meterwatch.store.tables import telemetry
from tests.e2e import stored

HOMES, DAYS, BATCH = 6, 33, 100
LONGEST = 90  # transactions: about three batches and what they lead to
HEAD = "household,area_community,meter,guardian,guardian_phone,neighbour,neighbour_phone\n"


class Died(BaseException):
    """What a process that is killed would not even notice."""


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> list[Row]:
    """Give a month of a few homes: long enough to learn limits from, and to judge by them."""
    recording = look_over(shared_data / "daiad" / "daiad-readings.csv.gz")
    until = recording.since + timedelta(days=DAYS)
    homes = recording.households[:HOMES]
    return [row for row in recording.rows() if row[0] in homes and row[1] < until.timestamp()]


def homes_csv(rows: list[Row]) -> bytes:
    """Give every other home somebody to call."""
    lines = ""
    for number, home in enumerate(sorted({row[0] for row in rows})):
        lines += f"{home},梅园社区,{home},"
        lines += f"G{number},+1 202 555 010{number},N,+1 202 555 0120\n" if number % 2 else ",,,\n"
    return (HEAD + lines).encode()


class Installation:
    """Databases, and the lives of a process that works on them."""

    def __init__(self, folder: Path, rows: list[Row]) -> None:
        folder.mkdir()
        self.url = f"sqlite:///{folder}/meterwatch.db"
        migrations.upgrade(self.url)
        self.store = Store(self.url)
        began = datetime.fromtimestamp(rows[0][1], UTC)
        import_homes(self.store, homes_csv(rows), began, zone=UTC)
        # What the broker still holds: taken off when it was acknowledged.
        self.held = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
        self.deaths = 0
        # The first moment is a night's as well: nothing was learnt before it.
        self.nights = {0, (int(rows[0][1]) // 3_600 + 1) * 3_600 - 1}
        self._machine = machine_now()

    def live(self) -> None:
        """Be started, and take in, judge, escalate and send until all is done."""
        house = House(_settings(self.url), self.store, clock_of("meters", self.store, by_data=True))
        house.watch_meters()
        while self.held:
            house.take(as_facts(self.held[0]))
            del self.held[0]
            while house.judge():
                pass
            self.nights.add(stored.mark(self.store, NIGHT))
            house.escalate()
            self._deliver(house)
        house.sweep()
        self._deliver(house)

    def _deliver(self, house: House) -> None:
        while deliver(self.store, house.carriage, house.clock.now, lambda: self._machine):
            pass

    def live_through(self, transactions: Callable[[], int]) -> None:
        """Live again and again, and die before so many transactions are over."""
        while True:
            self._machine += timedelta(minutes=1)  # whatever was claimed is free again
            try:
                with _dying_after(transactions()):
                    self.live()
            except Died:
                self.deaths += 1
                self.store.close()
                self._look_at_the_night()
            else:
                return

    def _look_at_the_night(self) -> None:
        """See that nothing was learnt of which the readings may be judged once more."""
        night, swept = stored.mark(self.store, NIGHT), stored.mark(self.store, SWEPT)
        newest = select(func.max(telemetry.profiles.c.learnt_at))
        learnt_at = stored.telemetry_rows(self.store, newest)[0][0] or 0
        assert max(night, learnt_at) <= swept + 1  # it knows what was heard before it began
        self.nights.add(night)


def _settings(url: str) -> Settings:
    wait = {"exhausted_minutes": 10_080, "visiting_minutes": 10_080}
    return Settings.model_validate(
        {
            "database": {"url": url},
            "deployment": {"zone": "Europe/Madrid"},
            "escalation": {"no_use": wait, "flat_flow": wait},
        }
    )


@contextmanager
def _dying_after(transactions: int) -> Iterator[None]:
    """Let the process die when it begins one transaction more than so many."""
    left = transactions

    def begin(_connection: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Died

    event.listen(Engine, "begin", begin)
    try:
        yield
    finally:
        event.remove(Engine, "begin", begin)


@pytest.fixture(scope="module")
def undisturbed(
    rows: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("alive") / "house", rows)
    installation.live()
    yield installation
    installation.store.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_house_that_dies_again_and_again_ends_like_one_that_lives(
    undisturbed: Installation, rows: list[Row], tmp_path: Path, seed: int
) -> None:
    installation = Installation(tmp_path / "house", rows)
    chance = Random(seed)
    installation.live_through(lambda: chance.randint(1, LONGEST))
    store, like = installation.store, undisturbed.store
    assert installation.deaths > 20
    assert installation.nights <= undisturbed.nights
    assert stored.registers(store) == stored.registers(like)
    assert stored.worries(store) == stored.worries(like)
    assert stored.senses(store) == stored.senses(like)
    assert stored.signals(store) == stored.signals(like)
    assert set(stored.told(store).values()) == {1}
    assert stored.told(store).total() == stored.delivered(store)
    store.close()

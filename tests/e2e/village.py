"""A village of eight invented homes and its house, alive for as long as its clock is moved by hand.

Payloads, intake, board, sweep, ladder, outbox and provider are the real ones; of the way from a
meter to a phone only the broker is left out.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from meterwatch import gateways, migrations
from meterwatch.app.air import Straight
from meterwatch.app.house import House, open_store
from meterwatch.clock import HandClock
from meterwatch.config import Settings
from meterwatch.config.sections import Database
from meterwatch.domain.household import Role
from meterwatch.domain.notification import Reply
from meterwatch.notify.provider import Provider
from meterwatch.pipeline.deliver import deliver
from meterwatch.pipeline.import_homes import import_homes
from meterwatch.pipeline.respond import take_reply
from meterwatch.simulators.district import invent
from meterwatch.simulators.fleet import Fleet
from meterwatch.store.tables import people as p
from meterwatch.store.tables import telemetry as m
from meterwatch.store.views import queue, system
from meterwatch.store.views.queue import QueueRow

HOMES = 8
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MIDNIGHT = datetime(2025, 4, 7, 16, tzinfo=UTC)  # in Shanghai, where the 8th of April begins
LIVED = 30  # days before: enough to have learnt every home
FALLEN = 6  # the home of the story, and when somebody falls there
FALL = MIDNIGHT + timedelta(hours=6, minutes=40)
EVENING = MIDNIGHT + timedelta(hours=20, minutes=50)  # a reading before the alert


def settings_in(folder: Path, **sections: object) -> Settings:
    """Give the settings of a village whose database lies in a folder."""
    url = f"sqlite:///{folder}/meterwatch.db"
    return Settings(database=Database(url=url), **sections)  # type: ignore[arg-type]


def settle(folder: Path) -> None:
    """Make the database of a village in which thirty days were lived."""
    settings = settings_in(folder)
    migrations.upgrade(settings.database.url)
    village = Village(settings, MIDNIGHT - LIVED * DAY)
    file = folder / "homes.csv"
    village.district.write_csv(file)
    import_homes(
        village.house.store, file.read_bytes(), village.clock.now(), zone=village.house.zone
    )
    for _ in range(LIVED):
        village.live_a_day()
    village.house.store.close()


def live_until_evening(folder: Path) -> None:
    """Let somebody fall in a settled village, and the day pass until shortly before the alert."""
    village = Village(settings_in(folder))
    village.house.watch_meters()
    village.pass_until(lambda: village.clock.now() >= FALL)
    village.fall()
    village.pass_until(lambda: village.clock.now() >= EVENING)
    village.close()


class Village:
    """The homes, their house and the hands on its clocks.

    The clock of decisions and the machine's are moved together, in small steps.
    """

    def __init__(
        self, settings: Settings, at: datetime = MIDNIGHT, provider: Provider | None = None
    ) -> None:
        self.clock, self.machine = HandClock(at), HandClock(at)
        self.district = invent(HOMES)
        self.fleet = Fleet(self.district)
        self.house = House(settings, open_store(settings), self.clock, provider)
        self.replies = 0
        self.senders = 1
        self._air = Straight(self.house)
        self._told = at

    def close(self) -> None:
        self.house.store.close()

    def fall(self) -> None:
        """Let somebody fall in the home of the story."""
        self.fleet.fall(FALLEN, FALL)

    def live_a_day(self) -> None:
        """Let a day pass of which only its readings and its night matter."""
        until = self.clock.now() + DAY
        facts = [
            fact
            for _, message in self.fleet.backfill(self.clock.now(), until)
            for fact in gateways.decode(message, {}).facts
        ]
        self.clock.set(until)
        self.house.take(facts)
        self.house.work_at_night(until)

    def step(self, by: timedelta = MINUTE) -> None:
        """Move the clocks, and give every part of the house its turn."""
        self.machine.advance(by)
        now = self.clock.advance(by)
        self._air.send([message for _, message in self.fleet.messages(self._told, now)])
        self._told = now
        self.house.sweep()
        self.turn()
        self.house.work_at_night(now)

    def turn(self) -> None:
        """Give those their turn who escalate and send."""
        self.house.escalate()
        self.send()

    def send(self) -> None:
        """Send everything that is awake, by all senders at once."""
        with ThreadPoolExecutor(self.senders) as together:
            for sending in [together.submit(self._send) for _ in range(self.senders)]:
                sending.result()

    def _send(self) -> None:
        house = self.house
        while deliver(house.store, house.carriage, self.clock.now, self.machine.now):
            pass

    def pass_minutes(self, minutes: int) -> None:
        """Let minute after minute pass."""
        for _ in range(minutes):
            self.step()

    def pass_until(self, is_so: Callable[[], bool], by: timedelta = 5 * MINUTE) -> None:
        """Let time pass until something is so; two days are enough for everything."""
        for _ in range(int(2 * DAY / by)):
            if is_so():
                return
            self.step(by)
        raise AssertionError("it did not come to that in two days")

    def standing(self) -> list[QueueRow]:
        """Give the open worries, as the console shows them."""
        with self.house.store.view() as view:
            return list(queue.standing(view))

    def last_texts(self) -> dict[str, str]:
        """Give the newest text on each fake phone."""
        with self.house.store.view() as view:
            return {row.phone: row.text for row in reversed(system.inbox(view, 1_000))}

    def phone(self, home: int, role: Role) -> str:
        """Give the number of somebody around a home."""
        return self.district.home(home).contacts[role].phone

    def shown(self, home: int, since: datetime) -> list[tuple[datetime, float]]:
        """Give what the meter of a home showed, and when it was heard."""
        address = self.district.home(home).meter.address
        device = select(p.devices.c.id).where(p.devices.c.address == address)
        with self.house.store.view() as view:
            number = view.people.execute(device).scalar_one()
            r = m.readings.c
            query = select(r.received_at, r.litres).where(r.device_id == number)
            rows = view.telemetry.execute(query.order_by(r.measured_at)).all()
        heard = [(datetime.fromtimestamp(at, UTC), litres) for at, litres in rows]
        return [row for row in heard if row[0] >= since]


class Hands:
    """What the demo's doors ask of a stage, for a village."""

    def __init__(self, village: Village) -> None:
        self._village = village

    def reply(self, phone: str, text: str) -> None:
        """Let the owner of a phone write back."""
        village, now = self._village, self._village.clock.now()
        village.replies += 1
        take_reply(village.house.store, Reply(f"story-{village.replies}", phone, text, now), now)
        village.send()

    def fall(self, household_id: int) -> None:
        """Let somebody fall."""
        self._village.fleet.fall(household_id, self._village.clock.now())

    def press(self, household_id: int) -> None:
        """Let somebody press the bell."""
        self._village.fleet.press(household_id, self._village.clock.now())

    def fall_ill(self, household_id: int) -> None:
        """Let somebody stay in bed."""
        self._village.fleet.fall_ill(household_id, self._village.clock.now())

    def open_tap(self, household_id: int) -> None:
        """Leave a tap open."""
        self._village.fleet.open_tap(household_id, self._village.clock.now())

    def cut_hub(self, hub: str) -> None:
        """Cut a gateway off."""
        self._village.fleet.cut(hub, self._village.clock.now())

    def forward(self, hours: float) -> None:
        """Move time on."""
        for _ in range(round(hours * 12)):
            self._village.step(5 * MINUTE)

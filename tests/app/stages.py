"""A stage of eight invented homes whose clock is moved by hand, on files of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from sqlalchemy import select

from meterwatch import migrations
from meterwatch.app.house import House, open_store
from meterwatch.app.staging import Stage
from meterwatch.clock import HandClock, MovedClock
from meterwatch.config import Settings
from meterwatch.config.sections import Database
from meterwatch.pipeline.import_homes import import_homes
from meterwatch.simulators.district import invent
from meterwatch.simulators.fleet import Fleet
from meterwatch.store.tables import telemetry as m

NOON = datetime(2025, 4, 8, 4, tzinfo=UTC)  # in Shanghai
HOMES = 8
Shown = list[tuple[int, int, float]]  # device, measured, litres


def no_word(_what: str, _share: float) -> None:
    """Tell nobody how far it is."""


def house_in(folder: Path, clock: MovedClock) -> House:
    """Open a house without homes in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(database=Database(url=f"sqlite:///{folder}/meterwatch.db"))
    migrations.upgrade(settings.database.url)
    return House(settings, open_store(settings), clock)


@contextmanager
def a_stage(folder: Path, seed: int = 1, stop: Event | None = None) -> Iterator[Stage]:
    """Give a stage before which nothing has happened yet; time passes only by `forward`."""
    clock = MovedClock(machine=HandClock(NOON).now)
    house = house_in(folder, clock)
    district = invent(HOMES)
    district.write_csv(folder / "homes.csv")
    homes = (folder / "homes.csv").read_bytes()
    import_homes(house.store, homes, NOON - timedelta(days=1), zone=house.zone)
    house.watch_meters()
    stage = Stage(house, clock, Fleet(district, seed), stop or Event())
    yield stage
    stage.leave_air()
    house.store.close()


def shown(house: House) -> Shown:
    """Give everything that meters have said."""
    r = m.readings.c
    query = select(r.device_id, r.measured_at, r.litres).order_by(r.device_id, r.measured_at)
    with house.store.view() as view:
        return [tuple(row) for row in view.telemetry.execute(query)]

"""Learn: one night's learning as the service does it, and what it keeps of a home on disk.

Some homes with a past of half a year in tables of their own; each round is the next night: boards
are read from the database, days rolled up and counted, limits learnt and written. Nothing in it
knows of other homes, so the CPU time of a home is carried over to a million.
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bench.report import Line, Stage, budgets
from bench.rounds import Spread
from meterwatch import migrations
from meterwatch.config import Settings
from meterwatch.config.sections import Database
from meterwatch.detectors.schedule import ROLLED_DAYS, night_begins
from meterwatch.domain.usage import HOURS, Floats, LocalTime, UsageProfile
from meterwatch.pipeline.import_homes import import_homes
from meterwatch.pipeline.learn import Schooling, boards_before, night
from meterwatch.pipeline.patterns import date_of
from meterwatch.simulators.district import invent
from meterwatch.store import Store

HOMES, ROUNDS = 500, 3
MILLION = 1_000_000
PAST_DAYS, HEARD_DAYS = 180, 8
FIRST_DAY = 20_000  # since 1970-01-01
_DAY = 86_400
_LOCAL = LocalTime.of(UTC)
_FLOAT32 = 4  # bytes


def measure(homes: int = HOMES, rounds: int = ROUNDS) -> Stage:
    """Measure the night of some homes, over and over."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database=Database(url=f"sqlite:///{Path(folder) / 'bench.db'}"))
        schooling = Schooling(_LOCAL, settings.prior(), settings.budget())
        migrations.upgrade(settings.database.url)
        store = Store(settings.database.url)
        try:
            _settle(store, homes, rounds)
            taken = [_night(store, schooling, FIRST_DAY + number) for number in range(rounds + 1)]
            return _stage(store, homes, taken[1:])
        finally:
            store.close()


def _stage(store: Store, homes: int, taken: list[tuple[float, float]]) -> Stage:
    held = budgets("learn")
    cpu, wall = (Spread.of([each[which] for each in taken]) for which in (0, 1))
    hours = MILLION / homes / 3_600.0
    kept = _bytes(store, homes)
    lines = (
        Line(
            "core_hours",
            cpu.median * hours,
            "core-hours, 1M",
            held.get("core_hours"),
            cpu.least * hours,
            cpu.most * hours,
            cpu.median,
            wall.median,
        ),
        Line("bytes_a_home", kept.median, "bytes", held.get("bytes_a_home"), kept.least, kept.most),
    )
    return Stage("learn", homes, "none: an absolute figure of this machine", lines)


def _settle(store: Store, homes: int, rounds: int) -> None:
    """Import the homes, and give them a past: roll-ups up to the first night, and readings."""
    began = datetime.fromtimestamp((FIRST_DAY - PAST_DAYS) * _DAY, UTC)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "homes.csv"
        invent(homes).write_csv(file)
        import_homes(store, file.read_bytes(), began, zone=UTC)
    with store.transaction(read_only=True) as tx:
        meters = [(w.device.household_id, w.device.id) for w in tx.homes.watched() if w.device.hub]
    days = PAST_DAYS + rounds + 1
    litres = _litres(np.random.default_rng(1), homes, days)
    known = np.ones(HOURS, dtype=np.bool_)
    for day in range(PAST_DAYS - ROLLED_DAYS):
        hours = slice(day * HOURS, (day + 1) * HOURS)
        rows = ((home, litres[row, hours], known) for row, (home, _) in enumerate(meters))
        store.telemetry.put_rollups(date_of(FIRST_DAY - PAST_DAYS + day), rows)
    first = (PAST_DAYS - HEARD_DAYS) * HOURS
    registers = np.cumsum(litres, axis=1)[:, first:]
    start = (FIRST_DAY - HEARD_DAYS) * _DAY
    for row, (_, device) in enumerate(meters):
        at = [start + (hour + 1) * 3_600 for hour in range(registers.shape[1])]
        said = zip(at, registers[row].tolist(), strict=True)
        store.telemetry.add([(device, moment, moment + 3, total) for moment, total in said])


def _litres(rng: np.random.Generator, homes: int, days: int) -> Floats:
    """Draw whole litres by the hour: much by day, little by night, some days away."""
    chance = np.where(np.arange(HOURS) < 6, 0.06, 0.35)  # noqa: PLR2004  # the night
    used = rng.random((homes, days, HOURS)) < chance * rng.uniform(0.5, 1.3, (homes, 1, 1))
    used &= rng.random((homes, days, 1)) > 0.05  # noqa: PLR2004  # of the days
    litres = np.where(used, np.ceil(rng.lognormal(2.4, 1.0, used.shape)), 0.0)
    return litres.reshape(homes, days * HOURS)


def _night(store: Store, schooling: Schooling, day: int) -> tuple[float, float]:
    now = datetime.fromtimestamp(night_begins(_LOCAL, day), UTC) + timedelta(minutes=1)
    wall, cpu = time.perf_counter(), time.process_time()
    night(store, boards_before(store, now), schooling, now)
    return time.process_time() - cpu, time.perf_counter() - wall


def _bytes(store: Store, homes: int) -> Spread:
    """Say what is kept of a home beside its roll-ups: its pattern and its profile."""
    profile = sum(int(np.prod(shape)) for shape in UsageProfile.shapes().values()) * _FLOAT32
    patterns = store.telemetry.patterns(range(1, homes + 1))
    return Spread.of([float(len(pattern.state) + profile) for pattern in patterns.values()])

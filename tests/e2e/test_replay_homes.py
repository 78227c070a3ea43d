"""A year of fifty-two recorded homes goes through a real broker into both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.e2e import stored
from tests.e2e.daemon import Daemon, replaying, wait_for
from tests.parts.broker import Broker

HOMES = 52


@pytest.fixture
def recording(shared_data: Path) -> Path:
    return shared_data / "daiad" / "daiad-readings.csv.gz"


@pytest.fixture
def daemons(tmp_path: Path, broker: Broker, pg_url: str) -> Iterator[tuple[Daemon, ...]]:
    url = f"sqlite:///{tmp_path}/sqlite/meterwatch.db"
    both = (
        Daemon(tmp_path / "sqlite", url, broker),
        Daemon(tmp_path / "postgres", pg_url, broker),
    )
    yield both
    for daemon in both:
        daemon.close()


def holds(daemon: Daemon, count: int) -> bool:
    return stored.count_readings(daemon.store) == count


def test_every_register_of_every_home_arrives_once_in_both_databases(
    recording: Path, daemons: tuple[Daemon, ...], broker: Broker, tmp_path: Path
) -> None:
    daemons[0].command("replay", str(recording), "--homes-csv", str(tmp_path / "homes.csv"))
    for daemon in daemons:
        daemon.command("import", str(tmp_path / "homes.csv"))
    with ThreadPoolExecutor() as together:
        list(together.map(lambda daemon: daemon.start(by_data=True), daemons))

    with replaying(recording, broker):
        expected = stored.recorded(recording)
        count = sum(map(len, expected.values()))
    assert len(expected) == HOMES
    for daemon in daemons:
        wait_for("all is stored", partial(holds, daemon, count), every=1.0)
        assert stored.registers(daemon.store) == expected
        assert not stored.refused(daemon.store)

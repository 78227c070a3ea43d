"""One process wakes another at once; a wake-up that is lost costs nothing but the wait."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs

from meterwatch.daemon.waking import Relay, Sleeper, sleeper, waker
from meterwatch.daemon.waking.sockets import folder_for
from tests.parts.postgres import Postgres

SOON = 30.0


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/meterwatch.db"
    given: str = request.getfixturevalue("pg_url")
    return given


@pytest.fixture
def sleep(url: str) -> Iterator[Callable[..., Sleeper]]:
    sleepers: list[Sleeper] = []

    def make(*channels: str) -> Sleeper:
        sleepers.append(sleeper(url, *channels))
        return sleepers[-1]

    yield make
    for one in sleepers:
        one.close()


@pytest.fixture
def ring(url: str) -> Iterator[Callable[[str], None]]:
    rings = waker(url)
    yield rings.ring
    rings.close()


Sleep = Callable[..., Sleeper]
Ring = Callable[[str], None]


def test_a_ring_wakes_every_sleeper_on_its_channel(sleep: Sleep, ring: Ring) -> None:
    first, second = sleep("outbox"), sleep("homes", "outbox")
    ring("outbox")
    assert first.wait(SOON) == second.wait(SOON) == {"outbox"}


def test_a_ring_that_came_before_the_wait_is_heard(sleep: Sleep, ring: Ring) -> None:
    one = sleep("outbox", "homes")
    ring("outbox")
    ring("homes")
    heard: frozenset[str] = frozenset()
    while heard != {"outbox", "homes"}:
        rang = one.wait(SOON)
        assert rang
        heard |= rang
    assert not one.wait(0.0)


def test_a_ring_of_another_channel_is_none_of_mine(sleep: Sleep, ring: Ring) -> None:
    one = sleep("outbox")
    ring("homes")
    ring("outbox")
    while not (rang := one.wait(SOON)):
        pass
    assert rang == {"outbox"}


def test_without_a_ring_the_wait_ends_by_itself(sleep: Sleep) -> None:
    assert sleep("outbox").wait(0.001) == frozenset()


def test_a_wait_can_be_interrupted(sleep: Sleep) -> None:
    one, ended = sleep("outbox"), Event()

    def wait() -> None:
        assert one.wait(3_600.0) == frozenset()
        ended.set()

    thread = Thread(target=wait)
    thread.start()
    one.interrupt()
    assert ended.wait(SOON)
    thread.join(SOON)


def test_many_rings_do_not_block_the_one_who_rings(sleep: Sleep, ring: Ring) -> None:
    one = sleep("outbox")
    for _ in range(2_000):
        ring("outbox")
    assert one.wait(SOON) == {"outbox"}


def test_nobody_needs_to_sleep_for_a_ring(ring: Ring) -> None:
    ring("outbox")


def test_a_relay_calls_who_does_the_work(url: str, ring: Ring) -> None:
    called = Event()
    relay = Relay(sleeper(url, "outbox", "homes"), {"outbox": called.set})
    relay.start()
    ring("homes")
    ring("outbox")
    assert called.wait(SOON)
    assert relay.stop(SOON)


CHILD = """
import sys
from meterwatch.daemon.waking import sleeper
one = sleeper(sys.argv[1], "outbox")
print("sleeping", flush=True)
while not (rang := one.wait(60)): pass
print(*rang, flush=True)
one.wait(60)
"""


def test_another_process_is_woken_and_one_that_was_killed_disturbs_nobody(
    url: str, sleep: Sleep, ring: Ring
) -> None:
    command = [sys.executable, "-c", CHILD, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "sleeping\n"
        ring("outbox")
        assert child.stdout.readline() == "outbox\n"
        child.send_signal(signal.SIGKILL)
    one = sleep("outbox")
    ring("outbox")
    assert one.wait(SOON) == {"outbox"}


def test_a_socket_of_a_killed_process_is_cleared_away_and_nothing_is_left_in_the_end(
    tmp_path: Path,
) -> None:
    database = tmp_path / "meterwatch.db"
    url = f"sqlite:///{database}"
    command = [sys.executable, "-c", CHILD, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "sleeping\n"
        child.send_signal(signal.SIGKILL)
    one, rings = sleeper(url, "outbox"), waker(url)
    assert len(list(folder_for(database).iterdir())) == 2
    rings.ring("outbox")
    assert len(list(folder_for(database).iterdir())) == 1
    one.close()
    rings.close()
    assert list(tmp_path.iterdir()) == []


def test_a_database_deep_in_the_folders_has_its_sockets_where_paths_are_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    deep = tmp_path / ("深" * 40) / "meterwatch.db"
    folder = folder_for(deep)
    assert folder.parent == short
    assert folder != folder_for(deep.with_name("other.db"))
    one, rings = sleeper(f"sqlite:///{deep}", "outbox"), waker(f"sqlite:///{deep}")
    rings.ring("outbox")
    assert one.wait(SOON) == {"outbox"}
    assert folder.stat().st_mode & 0o777 == 0o700
    one.close()
    rings.close()
    short.rmdir()  # it is empty
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert len(str(folder_for(deep))) < 80


def test_where_no_socket_may_be_made_one_sleeps_on_without(tmp_path: Path) -> None:
    database = tmp_path / "meterwatch.db"
    folder_for(database).symlink_to(tmp_path)
    with capture_logs() as logs:
        one = sleeper(f"sqlite:///{database}", "outbox")
    assert [line["event"] for line in logs] == ["cannot_be_woken"]
    assert one.wait(0.001) == frozenset()
    one.interrupt()
    assert one.wait(SOON) == frozenset()
    one.close()
    assert os.listdir(tmp_path) == [folder_for(database).name]  # noqa: PTH208


def test_a_sleeper_finds_a_database_that_was_restarted_and_looks_at_everything(
    postgres: Postgres, pg_url: str
) -> None:
    one, rings = sleeper(pg_url, "outbox", "homes"), waker(pg_url)
    rings.ring("outbox")
    assert one.wait(SOON) == {"outbox"}
    with capture_logs() as logs:
        postgres.kill()
        rings.ring("outbox")
        postgres.start()
        while not (rang := one.wait(0.01)):
            pass
    assert rang == {"outbox", "homes"}
    told = [line["event"] for line in logs]
    # A slow start may be met twice on the way, and the last word may come after the wait.
    assert told[0] == "does_not_hear"
    assert set(told) <= {"does_not_hear", "hears_again"}
    rings.ring("homes")
    assert one.wait(SOON) == {"homes"}
    one.close()
    rings.close()


def test_a_notify_in_a_transaction_is_heard_when_it_commits(pg_url: str) -> None:
    one, engine = sleeper(pg_url, "outbox"), create_engine(pg_url)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_notify('meterwatch', 'outbox')"))
        assert one.wait(0.001) == frozenset()
    assert one.wait(SOON) == {"outbox"}
    one.close()
    engine.dispose()

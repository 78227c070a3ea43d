"""The supervisor starts again what dies, ends in order, and leaves nobody behind."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from subprocess import PIPE, Popen
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from meterwatch.daemon.roles import Patience, supervise
from meterwatch.daemon.systemd import sd_notify, watchdog_seconds

SOON = 30.0
QUICK = Patience(first=0.001, longest=0.002, grace=SOON)

# A role that tells a named pipe of its start and of its orderly end, and ends when it is asked to.
ROLE = """
import os, sys
from meterwatch.daemon.signals import until_signal
stop = until_signal(grace_seconds=float(sys.argv[3]) if len(sys.argv) > 3 else 30)
def tell(word):
    with open(sys.argv[1], "w") as pipe:
        print(sys.argv[2], word, os.getpid(), file=pipe)
tell("started")
stop.wait()
tell("ended")
"""

STUBBORN = ROLE.replace("stop.wait()", "import threading; threading.Event().wait()")

SUPERVISOR = """
import sys
from meterwatch.daemon.roles import Patience, supervise
from meterwatch.daemon.signals import until_signal
stop = until_signal()
commands = {role: [sys.executable, "-c", sys.argv[2], sys.argv[1], role, sys.argv[3]]
            for role in ("bells", "meters")}
sys.exit(supervise(commands, stop, Patience(first=0.001, grace=float(sys.argv[4]))))
"""


class Ear:
    """Reads what the roles tell, line by line."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "told"
        os.mkfifo(self.path)
        # Open for writing too, so that reading does not end when a role does.
        self._pipe = os.open(self.path, os.O_RDWR)
        self._told = b""

    def hear(self, count: int) -> dict[tuple[str, str], int]:
        """Give the next lines as (role, word) and process id."""
        while self._told.count(b"\n") < count:
            assert readable(self._pipe), f"only {self._told!r} was told"
            self._told += os.read(self._pipe, 4_096)
        *lines, self._told = self._told.split(b"\n", count)
        words = [line.decode().split() for line in lines]
        return {(role, word): int(pid) for role, word, pid in words}

    def close(self) -> None:
        os.close(self._pipe)


def readable(descriptor: int) -> bool:
    """Wait until something can be read, or a process has ended; tell whether it came to that."""
    return bool(select.select([descriptor], [], [], SOON)[0])


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    listens = Ear(tmp_path)
    yield listens
    listens.close()


def role(ear: Ear, name: str, program: str = ROLE) -> list[str]:
    return [sys.executable, "-c", program, str(ear.path), name]


class Stop(Event):
    """An event that remembers how long it was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: Queue[float] = Queue()

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None:
            self.waits.put(timeout)
        return super().wait(timeout)


class Supervised:
    """A supervisor in a thread of this process."""

    def __init__(self, commands: dict[str, list[str]], patience: Patience) -> None:
        self.stop = Stop()
        self.code: int | None = None
        self._thread = Thread(target=self._run, args=(commands, patience))
        self._thread.start()

    def _run(self, commands: dict[str, list[str]], patience: Patience) -> None:
        self.code = supervise(commands, self.stop, patience)

    def join(self) -> int | None:
        self._thread.join(SOON)
        return self.code

    def end(self) -> int | None:
        self.stop.set()
        return self.join()


@contextmanager
def running(commands: dict[str, list[str]], patience: Patience = QUICK) -> Iterator[Supervised]:
    supervised = Supervised(commands, patience)
    try:
        yield supervised
    finally:
        supervised.end()


def test_roles_are_started_and_asked_to_end(ear: Ear) -> None:
    with running({"bells": role(ear, "bells"), "night": role(ear, "night")}) as supervised:
        started = ear.hear(2)
        assert supervised.end() == 0
    ended = ear.hear(2)
    assert started.keys() == {("bells", "started"), ("night", "started")}
    assert ended.keys() == {("bells", "ended"), ("night", "ended")}
    assert sorted(started.values()) == sorted(ended.values())


def test_a_role_that_is_killed_is_started_again_and_the_other_is_left_alone(ear: Ear) -> None:
    commands = {"bells": role(ear, "bells"), "night": role(ear, "night")}
    with capture_logs() as logs, running(commands) as supervised:
        first = ear.hear(2)
        lives = [first["bells", "started"]]
        for _ in range(2):
            os.kill(lives[-1], signal.SIGKILL)
            lives.append(ear.hear(1)["bells", "started"])
        assert supervised.end() == 0
    assert len(set(lives)) == 3
    assert ear.hear(2)["night", "ended"] == first["night", "started"]
    died = [line for line in logs if line["event"] == "role_died"]
    assert [(line["role"], line["code"]) for line in died] == [("bells", -signal.SIGKILL)] * 2


@pytest.mark.parametrize(
    ("settled", "waits"),
    [(SOON, [0.001, 0.002, 0.004, 0.004]), (0.0, [0.001, 0.001, 0.001, 0.001])],
)
def test_the_wait_before_a_new_start_grows_and_is_short_again_after_a_long_life(
    settled: float, waits: list[float]
) -> None:
    short_lived = [sys.executable, "-c", "raise SystemExit(3)"]
    with running({"bells": short_lived}, Patience(0.001, 0.004, settled)) as supervised:
        assert [supervised.stop.waits.get(timeout=SOON) for _ in waits] == waits


def test_a_role_that_does_not_end_is_killed(ear: Ear) -> None:
    commands = {"bells": role(ear, "bells", STUBBORN), "night": role(ear, "night")}
    with running(commands, Patience(grace=0.5)) as supervised:
        started = ear.hear(2)
        assert supervised.end() == 1
    assert ear.hear(1)["night", "ended"] == started["night", "started"]
    with pytest.raises(ProcessLookupError):
        os.kill(started["bells", "started"], 0)


def test_a_role_that_cannot_be_set_up_ends_all_with_its_code(ear: Ear) -> None:
    broken = [sys.executable, "-c", f"raise SystemExit({os.EX_CONFIG})"]
    with running({"bells": broken, "night": role(ear, "night")}) as supervised:
        assert supervised.join() == os.EX_CONFIG


def test_a_program_that_is_not_there_is_tried_again_until_the_end() -> None:
    with capture_logs() as logs, running({"bells": ["/nonexistent/program"]}) as supervised:
        for _ in range(2):
            supervised.stop.waits.get(timeout=SOON)
        assert supervised.end() == 0
    assert "role_not_started" in [line["event"] for line in logs]


@contextmanager
def supervisor(
    ear: Ear, program: str = ROLE, grace: float = SOON, own_grace: float = SOON
) -> Iterator[Popen[bytes]]:
    """Run a supervisor of two roles in a process of its own."""
    arguments = [str(ear.path), program, str(own_grace), str(grace)]
    command = [sys.executable, "-c", SUPERVISOR, *arguments]
    with Popen(command, stdout=subprocess.DEVNULL, stdin=PIPE, start_new_session=True) as process:
        yield process


def is_gone(pid: int) -> bool:
    """Wait for the end of a process that is not our child; tell whether it came."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return readable(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_supervisor_ends_all_in_order(ear: Ear, number: signal.Signals) -> None:
    with supervisor(ear) as process:
        started = ear.hear(2)
        process.send_signal(number)
        assert process.wait(SOON) == 0
    assert sorted(ear.hear(2).values()) == sorted(started.values())


def test_control_c_on_the_terminal_ends_all_in_order(ear: Ear) -> None:
    with supervisor(ear) as process:
        ear.hear(2)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(SOON) == 0
    assert set(ear.hear(2)) == {("bells", "ended"), ("meters", "ended")}


def test_a_killed_supervisor_leaves_no_orphan(ear: Ear) -> None:
    with supervisor(ear) as process:
        started = ear.hear(2)
        process.kill()
    assert set(ear.hear(2)) == {("bells", "ended"), ("meters", "ended")}
    assert all(is_gone(pid) for pid in started.values())


def test_a_killed_supervisor_leaves_no_orphan_even_of_roles_that_hang(ear: Ear) -> None:
    with supervisor(ear, STUBBORN, own_grace=0.01) as process:
        started = ear.hear(2)
        process.kill()
    assert all(is_gone(pid) for pid in started.values())


def test_a_second_signal_ends_a_process_that_hangs(ear: Ear) -> None:
    with Popen(role(ear, "bells", STUBBORN)) as process:
        ear.hear(1)
        while process.poll() is None:
            process.terminate()
    assert process.returncode == -signal.SIGTERM


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(SOON)
        address = f"\0meterwatch-test-{os.getpid()}-{tmp_path.name}"
        listener.bind(address)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{address[1:]}")
        monkeypatch.delenv("WATCHDOG_USEC", raising=False)
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield listener


def test_systemd_is_told_of_start_life_and_end(
    ear: Ear, systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "2000")
    with running({"bells": role(ear, "bells")}) as supervised:
        told = [systemd.recv(100) for _ in range(2)]
        assert told == [b"READY=1", b"WATCHDOG=1"]
        ear.hear(1)
        supervised.stop.set()
        while systemd.recv(100) != b"STOPPING=1":
            pass
        assert supervised.end() == 0


def test_where_no_systemd_listens_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "")
    assert not sd_notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "@meterwatch-nobody-listens-here")
    assert not sd_notify("READY=1")


@pytest.mark.parametrize(
    ("asked", "process", "seconds"),
    [
        ("30000000", "", 15.0),
        ("30000000", str(os.getpid()), 15.0),
        ("30000000", "1", None),
        ("", "", None),
        ("soon", "", None),
        ("0", "", None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_is_asked(
    monkeypatch: pytest.MonkeyPatch, asked: str, process: str, seconds: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", asked)
    if process:
        monkeypatch.setenv("WATCHDOG_PID", process)
    else:
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert watchdog_seconds() == seconds

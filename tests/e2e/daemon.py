"""Runs the daemon as it is run in earnest: its own processes, a real broker, a real database."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Event
from typing import Any

from sqlalchemy import select

from meterwatch.daemon.mqtt import BrokerSettings, Publisher
from meterwatch.daemon.signals import SUPERVISED
from meterwatch.gateways.native import ROOT
from meterwatch.store import Store
from meterwatch.store.tables import house
from tests.e2e import stored
from tests.parts.broker import Broker
from tests.parts.ports import free_port

ROLES = ("bells", "meters", "people", "night")
PATIENCE = 240.0  # the machine may be busy; nothing here is measured
_TOLD = 4_000  # characters of the log in the message of a failure

# Where bytecode is not kept, every start of a role would compile a thousand modules anew.
_BYTECODE = tempfile.mkdtemp(prefix="meterwatch-bytecode-")
atexit.register(shutil.rmtree, _BYTECODE, ignore_errors=True)
_ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
_ENVIRONMENT["PYTHONPYCACHEPREFIX"] = _BYTECODE

Tables = Mapping[str, Mapping[str, object]]


def wait_for(what: str, is_so: Callable[[], bool], every: float = 0.1) -> None:
    """Look again and again until it is so, and fail if that takes far too long."""
    pause, deadline = Event(), time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        pause.wait(every)


def meterwatch(*words: str, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, as a person would."""
    command = [sys.executable, "-m", "meterwatch", *words]
    done = subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=_ENVIRONMENT,
    )
    assert done.returncode == code, f"{words} ended with {done.returncode}: {done.stderr}"
    return done


def alive(pid: int) -> bool:
    """Tell whether a process is there and not only waiting to be buried."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@contextmanager
def publishing(broker: Broker, client_id: str) -> Iterator[Callable[..., Future[None]]]:
    """Give what publishes at quality 1; at the end the broker has everything."""
    settings = BrokerSettings(broker.host, broker.port, client_id, session_expiry_seconds=0)
    publisher = Publisher(settings)
    publisher.start()
    yield publisher.publish
    assert publisher.stop(PATIENCE), publisher.problem


@contextmanager
def replaying(recording: Path, broker: Broker, *words: str) -> Iterator[Popen[str]]:
    """Publish a recording from a process of its own, and see that it ends well."""
    command = [sys.executable, "-m", "meterwatch", "replay", str(recording), *words]
    command += ["--mqtt", f"{broker.host}:{broker.port}"]
    with Popen(command, stdout=PIPE, stderr=PIPE, text=True, env=_ENVIRONMENT) as publisher:
        yield publisher
        _, wrong = publisher.communicate(timeout=PATIENCE)
        assert publisher.returncode == 0, wrong


class Daemon:
    """An installation in a folder of its own, and its processes while it runs.

    Parameters
    ----------
    tables : mapping
        What the configuration says beside the addresses of database, broker and console.
    """

    def __init__(
        self, folder: Path, url: str, broker: Broker, tables: Tables | None = None
    ) -> None:
        folder.mkdir()
        self.broker, self.folder = broker, folder
        self.web_port = free_port()
        self.config = folder / "meterwatch.toml"
        self._client_id = f"e2e-{self.web_port}"
        self._write(url, tables or {})
        self._log_file = folder / "log"
        self._process: Popen[bytes] | None = None
        self._probes = count()
        self.command("migrate")
        self.store = Store(url)

    def _write(self, url: str, tables: Tables) -> None:
        addresses: dict[str, dict[str, object]] = {
            "database": {"url": url},
            "deployment": {"zone": "Europe/Madrid"},
            "mqtt": {
                "host": self.broker.host,
                "port": self.broker.port,
                "client_id": self._client_id,
            },
            "web": {"port": self.web_port},
        }
        for name, table in tables.items():
            addresses.setdefault(name, {}).update(table)
        written = ""
        for name, table in addresses.items():
            written += f"[{name}]\n"
            written += "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        self.config.write_text(written, "utf-8")

    def command(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run another command with this configuration."""
        return meterwatch(*words, "--config", str(self.config), cwd=self.folder, code=code)

    # Its life.

    def start(self, *, by_data: bool = False) -> None:
        """Start it, and return once it hears the broker."""
        command = [sys.executable, "-m", "meterwatch", "run", "--config", str(self.config)]
        command += ["--clock", "data"] if by_data else []
        with self._log_file.open("ab") as log:
            # Should the tests be killed, the end of this pipe ends the daemon.
            self._process = Popen(
                command,
                cwd=self.folder,
                stdin=PIPE,
                stdout=log,
                stderr=log,
                env=_ENVIRONMENT | {SUPERVISED: "1"},
            )
        self._wait_until_it_hears()

    def _wait_until_it_hears(self) -> None:
        """Publish what is refused to both roles that listen, until it was."""
        name = f"{self._client_id}-probe-{next(self._probes)}"
        topics = {f"{ROOT}/{sort}/{name}" for sort in ("readings", "presses")}
        refused = select(house.refused.c.topic).where(house.refused.c.topic.in_(topics))
        pause = Event()
        with publishing(self.broker, name) as publish:

            def hears() -> bool:
                assert self.process.poll() is None, f"it ended:\n{self.log()}"
                for topic in topics:
                    publish(topic, b"is anybody there?")
                pause.wait(0.2)
                return {topic for (topic,) in stored.people_rows(self.store, refused)} == topics

            wait_for("the daemon hears the broker", hears)

    @property
    def process(self) -> Popen[bytes]:
        """The supervisor."""
        assert self._process is not None, "it was not started"
        return self._process

    def pid(self, role: str) -> int:
        """Give the process that a role runs in now; 0 if it never did."""
        started = [line for line in self._lines() if line.get("role") == role and "pid" in line]
        return int(started[-1]["pid"]) if started else 0

    def pids(self) -> dict[str, int]:
        """Give the processes of all roles."""
        return {role: self.pid(role) for role in ROLES}

    def kill(self, role: str) -> None:
        """Kill a role as by kill -9, and return once it was started again."""
        killed = self.pid(role)
        os.kill(killed, signal.SIGKILL)
        wait_for(f"{role} is started again", lambda: self.pid(role) != killed)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and give its exit code."""
        self.process.send_signal(how)
        with self.process as process:
            code = process.wait(PATIENCE)
        self._process = None
        return code

    def close(self) -> None:
        """End whatever still runs, and let the broker forget it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            with self._process as process:
                process.wait()
        self.store.close()
        for role in ("bells", "meters"):
            # A session of the same name that ends with its connection takes its place.
            with publishing(self.broker, f"{self._client_id}-{role}") as publish:
                publish("e2e/farewell", b"")

    # What is known of it.

    def log(self) -> str:
        """Give the end of its log."""
        return self._log_file.read_text("utf-8")[-_TOLD:] if self._log_file.exists() else ""

    def _lines(self) -> list[dict[str, Any]]:
        """Give those lines of its log that are JSON."""
        lines = []
        for line in self._log_file.read_text("utf-8").splitlines():
            with suppress(ValueError):
                lines.append(json.loads(line))
        return [line for line in lines if isinstance(line, dict)]

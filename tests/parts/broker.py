"""Runs a real Mosquitto of our own for the tests."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Final

import pytest

from tests.parts.absent import absent
from tests.parts.ports import LOOPBACK, accepts, free_port, wait_until
from tests.parts.programs import find_program

SETTINGS = """\
listener {port} {host}
allow_anonymous true
user {user}
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes false
max_queued_messages 1000000
max_inflight_messages 1000
set_tcp_nodelay true
log_dest file {folder}/mosquitto.log
log_type error
log_type warning
log_type notice
"""


class Broker:
    """A Mosquitto on a free loopback port; it keeps its port and its sessions over a restart."""

    host: Final = LOOPBACK

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self._program = program
        self._process: Popen[bytes] | None = None
        self._settings = folder / "mosquitto.conf"
        # As root Mosquitto would become another user, to whom the folder is closed.
        settings = SETTINGS.format(
            port=self.port, host=self.host, folder=folder, user=folder.owner()
        )
        self._settings.write_text(settings, encoding="utf-8")

    def start(self) -> None:
        """Start, and return once it accepts connections; nothing if it runs."""
        if self._process is None:
            self._process = Popen([self._program, "-c", str(self._settings)])
            wait_until(self._process, lambda: accepts(self.port))

    def stop(self) -> None:
        """End in order: sessions and queues are saved."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None

    def kill(self) -> None:
        """End as by a power cut: what was not yet saved is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
            self._process = None

    def restart(self) -> None:
        """Stop and start: every client loses its connection, none its session."""
        self.stop()
        self.start()


@pytest.fixture(scope="session")
def broker_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Start the one broker of the run."""
    program = find_program("mosquitto")
    if program is None:
        absent("broker", "mosquitto is not installed")
    broker = Broker(program, tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def broker(broker_of_the_run: Broker) -> Iterator[Broker]:
    """Give the running broker; a test may stop it, the next one finds it running again.

    Sessions and retained messages outlive a test: use own client ids and topics.
    """
    broker_of_the_run.start()
    yield broker_of_the_run
    broker_of_the_run.start()

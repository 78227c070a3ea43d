"""The supervisor: one process a role, started again when it dies, and none left behind.

A role is a command, so that it survives whatever its imports do and has its signals to itself.
Each holds the end of a pipe whose other end only the supervisor has: when that is killed, even by
kill -9, the pipe ends and the roles know (`signals.until_signal`).
"""

import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from subprocess import PIPE, Popen, TimeoutExpired
from threading import Event, Lock

import structlog

from meterwatch.daemon.patience import growing
from meterwatch.daemon.signals import SUPERVISED
from meterwatch.daemon.systemd import sd_notify, watchdog_seconds
from meterwatch.daemon.trouble import named

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits (seconds).

    A role that dies is started again after `first`, then after twice as long, up to `longest`;
    one that has lived for `settled` begins at `first` again. Asked to end, the roles have `grace`.
    """

    first: float = 0.2
    longest: float = 10.0
    settled: float = 60.0
    grace: float = 10.0


def supervise(
    commands: Mapping[str, Sequence[str]], stop: Event, patience: Patience | None = None
) -> int:
    """Run one process for each role until `stop` is set, and give the exit code.

    Parameters
    ----------
    commands : mapping of role to argument list
    stop : Event
        What `until_signal` gives. Also set from here when a role ends with `EX_CONFIG` (78):
        settings that are wrong are not mended by starting again.

    Returns
    -------
    int
        0 after an orderly end, 1 if a role had to be killed, 78 if one could not be set up.
    """
    patience = patience or Patience()
    keepers = [_Keeper(role, command, stop, patience) for role, command in commands.items()]
    with ThreadPoolExecutor(max_workers=max(1, len(keepers))) as threads:
        running = [threads.submit(keeper.run) for keeper in keepers]
        for one in running:
            one.add_done_callback(lambda _: stop.set())  # no keeper ends for any other reason
        sd_notify("READY=1")
        while not stop.wait(watchdog_seconds()):
            sd_notify("WATCHDOG=1")
        sd_notify("STOPPING=1")
        return _end(keepers, running, patience.grace)


def _end(keepers: Sequence["_Keeper"], running: Sequence[Future[bool]], grace: float) -> int:
    """Ask all to end at once, and kill those that do not."""
    for keeper in keepers:
        keeper.ask()
    late = wait(running, timeout=grace).not_done
    for keeper, one in zip(keepers, running, strict=True):
        if one in late:
            keeper.kill()
    if not all(one.result() for one in running):
        return os.EX_CONFIG
    return 1 if late else 0


class _Keeper:
    """Keeps one role alive."""

    def __init__(self, role: str, command: Sequence[str], stop: Event, patience: Patience) -> None:
        self._command, self._stop, self._patience = list(command), stop, patience
        self._process: Popen[bytes] | None = None
        self._lock = Lock()
        self._log = _log.bind(role=role)

    def run(self) -> bool:
        """Start the role again and again until all is over; False if it cannot be set up."""
        waits = growing(self._patience.first, self._patience.longest)
        while not self._stop.is_set():
            code, settled = self._live()
            if code == os.EX_CONFIG:
                self._log.error("role_cannot_start", code=code)
                return False
            if settled:
                waits = growing(self._patience.first, self._patience.longest)
            pause = next(waits)
            if not self._stop.is_set():
                self._log.error("role_died", code=code, again_in_seconds=pause)
            self._stop.wait(pause)
        return True

    def _live(self) -> tuple[int, bool]:
        """Start the role and wait for its end; give its code and whether it had settled."""
        try:
            process = self._start()
        except OSError as error:  # no memory or no descriptors just now
            self._log.error("role_not_started", failure=named(error))
            return os.EX_OSERR, False
        if process is None:
            return 0, False
        with process:
            settled = self._outlives(process)
            return process.wait(), settled

    def _start(self) -> Popen[bytes] | None:
        with self._lock:
            if self._stop.is_set():
                return None
            # A process group of its own: Ctrl-C reaches the supervisor, who asks in order.
            self._process = Popen(
                self._command, stdin=PIPE, env=os.environ | {SUPERVISED: "1"}, process_group=0
            )
        self._log.info("role_started", pid=self._process.pid)
        return self._process

    def _outlives(self, process: Popen[bytes]) -> bool:
        try:
            process.wait(self._patience.settled)
        except TimeoutExpired:
            return True
        return False

    def ask(self) -> None:
        """Ask the role to end, if it runs."""
        with self._lock:
            if self._process is not None:
                self._process.terminate()

    def kill(self) -> None:
        """End the role and whatever it has started."""
        with self._lock, suppress(ProcessLookupError):
            if self._process is not None:
                self._log.error("role_killed", pid=self._process.pid)
                os.killpg(self._process.pid, signal.SIGKILL)

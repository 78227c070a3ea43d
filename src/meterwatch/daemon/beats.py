"""The beats: what a role does again and again, each in a thread of its own.

A beat that fails is tried again at its next time; it stops neither itself nor another. Every beat
says from time to time that it is alive, or why it fails.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Thread

import structlog

from meterwatch.daemon.trouble import named

_log = structlog.get_logger(__name__)

Note = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Beat:
    """Something to be done every so many seconds, and whenever it is woken."""

    name: str
    every_seconds: float
    work: Callable[[], object]


class Beats:
    """The beats of one role.

    Parameters
    ----------
    note : callable
        Called with (role, beat, failure) while a beat lives; `failure` is empty if it is well.
    seconds : callable
        Gives monotonic machine seconds.
    note_seconds : float
        A beat in unchanged health is not noted more often than this.
    """

    def __init__(
        self,
        role: str,
        beats: Sequence[Beat],
        note: Note,
        seconds: Callable[[], float],
        *,
        note_seconds: float = 1.0,
    ) -> None:
        self._pulses = {
            beat.name: _Pulse(role, beat, _Notebook(note, seconds, note_seconds)) for beat in beats
        }
        if len(self._pulses) < len(beats):
            raise ValueError(f"Two beats of {role} have the same name.")

    def start(self) -> None:
        """Begin; every beat does its work once at the start."""
        for pulse in self._pulses.values():
            pulse.thread.start()

    def wake(self, name: str) -> None:
        """Let a beat do its work now; if it is at it, once more after that."""
        self._pulses[name].woken.set()

    def stop(self, timeout: float = 10.0) -> bool:
        """End after the work in hand; tell whether all ended in time."""
        for pulse in self._pulses.values():
            pulse.stop()
        for pulse in self._pulses.values():
            pulse.join(timeout)
        return not any(pulse.thread.is_alive() for pulse in self._pulses.values())


class _Notebook:
    """Notes health when it changes, else not too often; a store that is down ends nothing."""

    def __init__(self, note: Note, seconds: Callable[[], float], note_seconds: float) -> None:
        self._note, self._seconds, self._note_seconds = note, seconds, note_seconds
        self._noted: tuple[float, str] | None = None
        self._failing = False

    def write(self, role: str, beat: str, failure: str) -> None:
        now = self._seconds()
        if self._noted and self._noted[1] == failure and now - self._noted[0] < self._note_seconds:
            return
        try:
            self._note(role, beat, failure)
        except Exception as error:  # noqa: BLE001  # whatever it is, the beat goes on
            if not self._failing:
                _log.warning("beat_not_noted", role=role, beat=beat, failure=named(error))
            self._failing = True
        else:
            self._failing = False
            self._noted = now, failure


class _Pulse:
    """One beat in its thread."""

    def __init__(self, role: str, beat: Beat, notebook: _Notebook) -> None:
        self._role, self._beat, self._notebook = role, beat, notebook
        self._log = _log.bind(role=role, beat=beat.name)
        self._stopping = Event()
        self._failure = ""
        self.woken = Event()
        self.thread = Thread(target=self._run, name=f"{role}-{beat.name}", daemon=True)

    def stop(self) -> None:
        self._stopping.set()
        self.woken.set()

    def join(self, timeout: float) -> None:
        if self.thread.ident is not None:
            self.thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.woken.clear()
            self._work()
            self._notebook.write(self._role, self._beat.name, self._failure)
            if not self._stopping.is_set():
                self.woken.wait(self._beat.every_seconds)

    def _work(self) -> None:
        try:
            self._beat.work()
        except Exception as error:  # noqa: BLE001  # it fails once; the next time may be better
            failure = named(error)
            if not self._failure:
                self._log.error("beat_failed", failure=failure)
            self._failure = failure
        else:
            if self._failure:
                self._log.info("beat_recovered", after=self._failure)
            self._failure = ""

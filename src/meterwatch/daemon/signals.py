"""How a process is asked to end: by a signal, or by the death of the one that started it."""

import os
import signal
from threading import Event, Thread
from types import FrameType

# Set for a process whose standard input is a pipe held open by its supervisor.
SUPERVISED = "METERWATCH_SUPERVISED"
_ASKING = (signal.SIGTERM, signal.SIGINT)
_GRACE_SECONDS = 10.0


def until_signal(grace_seconds: float = _GRACE_SECONDS) -> Event:
    """Give what is set once this process is asked to end; call it once, in the main thread.

    A second signal ends the process at once. A supervised process is also asked to end when its
    supervisor is gone, however that died, and ends by itself `grace_seconds` later at the latest.
    """
    stop = Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        for number in _ASKING:
            signal.signal(number, signal.SIG_DFL)
        # Not from here: the thread that was interrupted may hold the lock within `stop`.
        Thread(target=stop.set, name="stop").start()

    for number in _ASKING:
        signal.signal(number, ask)
    if os.environ.get(SUPERVISED):
        arguments = (stop, grace_seconds)
        Thread(target=_outlive, args=arguments, name="supervisor-watch", daemon=True).start()
    return stop


def _outlive(stop: Event, grace_seconds: float) -> None:
    """Wait for the end of the pipe that only the supervisor holds."""
    try:
        while os.read(0, 1_024):
            pass
    except OSError:
        pass  # closed before it was ours: nobody holds the other end
    stop.set()
    Event().wait(grace_seconds)
    os._exit(os.EX_TEMPFAIL)  # a thread that hangs must not leave an orphan

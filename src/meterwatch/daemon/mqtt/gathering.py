"""Where messages wait until there are enough of them, or the first has waited long enough.

What waits is bounded without losing anything: the broker sends no more than `receive_maximum`
messages that were not acknowledged, and what it will send again after a lost connection is
forgotten here. Only messages of quality 0, which nobody promised, are left out beyond a limit.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition

from meterwatch.gateways import Message


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, and by what to acknowledge it: number, quality and connection."""

    message: Message
    number: int
    quality: int
    epoch: int


class Gathering:
    """A queue that is emptied by the batch.

    Parameters
    ----------
    batch_seconds : float
        How long the first message of a batch waits for company.
    batch_messages : int
        So many do not wait any longer.
    unpromised : int
        So many waiting messages are enough to leave out further ones of quality 0.
    """

    def __init__(self, batch_seconds: float, batch_messages: int, unpromised: int) -> None:
        self._batch_seconds = batch_seconds
        self._batch_messages = batch_messages
        self._unpromised = unpromised
        self._waiting: deque[Heard] = deque()
        self._changed = Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, heard: Heard) -> bool:
        """Add a message; tell whether it was kept."""
        with self._changed:
            if self._closed or (heard.quality == 0 and len(self._waiting) >= self._unpromised):
                return False
            self._waiting.append(heard)
            if len(self._waiting) in {1, self._batch_messages}:
                self._changed.notify()
        return True

    def forget_promised(self) -> None:
        """Forget what the broker will send again."""
        with self._changed:
            self._waiting = deque(heard for heard in self._waiting if heard.quality == 0)

    def close(self) -> None:
        """Take nothing more in; what waits is one last batch or several, then there is none."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def next_batch(self) -> Sequence[Heard]:
        """Wait for a batch, in the order of arrival; an empty one means that all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(self._is_ready, self._batch_seconds)
            count = min(len(self._waiting), self._batch_messages)
            return [self._waiting.popleft() for _ in range(count)]

    def _is_ready(self) -> bool:
        return self._closed or len(self._waiting) >= self._batch_messages

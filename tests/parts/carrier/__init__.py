"""A carrier that speaks Twilio's dialect over real HTTP, remembers everything and fails on demand.

It shares no code with the package: it signs, judges and lists by its own reading of the carrier's
documentation. What reached a phone is in `phones`; what our side believes is its own affair.
"""

import http.client
import random
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Self
from urllib.parse import urlsplit

from tests.parts.carrier.desk import Office
from tests.parts.carrier.texts import (
    ACCOUNT,
    SENDER,
    SERVICE,
    TOKEN,
    Signed,
    Text,
    Trouble,
    sign,
)

__all__ = [
    "ACCOUNT",
    "SENDER",
    "SERVICE",
    "TOKEN",
    "Carrier",
    "Signed",
    "Text",
    "Trouble",
    "sign",
]

NEVER_ARRIVED = frozenset({"undelivered", "failed"})


@dataclass
class Carrier:
    """The carrier, listening on loopback from `start` to `stop`.

    `messages` are the texts it accepted, in order; `requests` counts the POSTs that asked it to.
    `refuses` holds numbers that are always refused, with the trouble; `unreachable` those whose
    phone is off. With `walks`, each text is walked to its end right after the answer.
    """

    reply_url: str = ""
    walks: bool = False
    messages: list[Text] = field(default_factory=list)
    received: list[Text] = field(default_factory=list)
    refuses: dict[str, Trouble] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    posted: list[tuple[Signed, int]] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._troubles: deque[Trouble] = deque()
        self._weather: tuple[random.Random, Mapping[Trouble, float]] | None = None
        self._go = threading.Event()
        self._asked = threading.Semaphore(0)
        self._server: Office | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        self._server = Office(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Hang up; twice is once."""
        self._go.set()
        if self._server is None or self._thread is None or not self._thread.is_alive():
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def phones(self) -> dict[str, list[str]]:
        """The truth: the texts that reached each phone, or are on their way to it."""
        with self._lock:
            reached: dict[str, list[str]] = defaultdict(list)
            for text in self.messages:
                if text.status not in NEVER_ARRIVED:
                    reached[text.to].append(text.body)
            return reached

    def trouble(self, *troubles: Trouble) -> None:
        """Let the next POSTs of messages meet these troubles, one each."""
        with self._lock:
            self._troubles.extend(troubles)

    def weather(self, seed: int, shares: Mapping[Trouble, float]) -> None:
        """Let every POST from now on meet a trouble by chance: its share of all POSTs."""
        self._weather = (random.Random(seed), dict(shares))

    def let_go(self) -> None:
        """Let every answer that hangs go out now, and later ones at once."""
        self._go.set()

    def wait_for_request(self, seconds: float = 10.0) -> None:
        """Return when one more POST has been taken in."""
        assert self._asked.acquire(timeout=seconds), "no message was posted"

    def deliver(self, sid: str, *, times: int = 1) -> None:
        """Walk a text to its end, and post each status `times` times."""
        text = self.text(sid)
        end = ("undelivered", 30003) if text.to in self.unreachable else ("delivered", None)
        for status, error in (("sent", None), end):
            self.report(sid, status, error, times=times)

    def undeliver(self, sid: str, error: int = 30003) -> None:
        """Let a text fail on its way."""
        self.report(sid, "undelivered", error)

    def report(self, sid: str, status: str, error: int | None = None, *, times: int = 1) -> None:
        """Set a status and post it, if the message asked for receipts."""
        text = self.text(sid)
        with self._lock:
            text.status, text.error = status, error
        if text.callback:
            signed = self.callback(text)
            for _ in range(times):
                self.post(signed)

    def reply(self, sender: str, to: str, body: str, *, times: int = 1) -> Text:
        """Let a person write to us: posts the text to `reply_url`, if there is one."""
        with self._lock:
            sid = f"SM{len(self.received) + 1:016x}{'f' * 16}"
            text = Text(sid, to, sender, body, _date(), direction="inbound", status="received")
            self.received.append(text)
        for _ in range(times if self.reply_url else 0):
            self.post(self.inbound(text, self.reply_url))
        return text

    def callback(self, text: Text) -> Signed:
        """Make the signed request that tells how far a text is."""
        form = {
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "AccountSid": ACCOUNT,
            "MessageStatus": text.status,
            "SmsStatus": text.status,
            "To": text.to,
            "From": text.sender,
        }
        if text.error is not None:
            form["ErrorCode"] = str(text.error)
        return sign(text.callback, form)

    def inbound(self, text: Text, url: str) -> Signed:
        """Make the signed request that hands a person's text to us."""
        form = {
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "AccountSid": ACCOUNT,
            "SmsStatus": "received",
            "From": text.sender,
            "To": text.to,
            "Body": text.body,
            "NumMedia": "0",
        }
        return sign(url, form)

    def post(self, signed: Signed) -> int:
        """Post a request to us and give the HTTP status; 0 if nobody answered."""
        there = urlsplit(signed.url)
        assert there.hostname is not None
        line = http.client.HTTPConnection(there.hostname, there.port or 80, timeout=15)
        target = there.path + (f"?{there.query}" if there.query else "")
        try:
            line.request("POST", target, signed.body, dict(signed.headers))
            answer = line.getresponse()
            answer.read()
            status = answer.status
        except OSError:
            status = 0
        finally:
            line.close()
        with self._lock:
            self.posted.append((signed, status))
        return status

    def text(self, sid: str) -> Text:
        with self._lock:
            return next(text for text in self.messages if text.sid == sid)

    def take(self, form: Mapping[str, str]) -> Text:
        with self._lock:
            sid = f"SM{len(self.messages) + 1:032x}"
            sender = form.get("From") or SENDER
            text = Text(
                sid, form["To"], sender, form["Body"], _date(), form.get("StatusCallback", "")
            )
            self.messages.append(text)
            return text

    def next_trouble(self, to: str) -> Trouble | None:
        """Say what goes wrong with this POST."""
        with self._lock:
            self.requests += 1
            if to in self.refuses:
                return self.refuses[to]
            if self._troubles:
                return self._troubles.popleft()
            if self._weather is None:
                return None
            chance, shares = self._weather
            return chance.choices([*shares, None], [*shares.values(), 1 - sum(shares.values())])[0]

    def taken_in(self) -> None:
        self._asked.release()

    def hang(self) -> None:
        self._go.wait(60)


def _date() -> str:
    """Give the date as it stands in every HTTP answer: carriers live on machine time."""
    return formatdate(usegmt=True)

"""The fake carrier's front desk: HTTP in, the carrier's own decisions out."""

import base64
import hmac
import json
import re
import socket
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.parts.carrier.texts import (
    ACCOUNT,
    REFUSALS,
    SENDER,
    SERVICE,
    TOKEN,
    Text,
    Trouble,
)


class Books(Protocol):
    """What the desk asks of the carrier behind it."""

    messages: list[Text]
    received: list[Text]
    walks: bool

    def next_trouble(self, to: str) -> Trouble | None: ...

    def take(self, form: Mapping[str, str]) -> Text: ...

    def taken_in(self) -> None: ...

    def hang(self) -> None: ...

    def text(self, sid: str) -> Text: ...

    def deliver(self, sid: str) -> None: ...


class Office(ThreadingHTTPServer):
    """Listens on a free loopback port."""

    daemon_threads = True

    def __init__(self, carrier: Books) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.carrier = carrier


class Desk(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    timeout = 60.0
    disable_nagle_algorithm = True  # an answer is two small writes
    _LIST = re.compile(rf"/2010-04-01/Accounts/{ACCOUNT}/Messages\.json")
    _ONE = re.compile(rf"/2010-04-01/Accounts/{ACCOUNT}/Messages/(SM\w+)\.json")

    @property
    def carrier(self) -> Books:
        assert isinstance(self.server, Office)
        return self.server.carrier

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write nothing."""

    def do_GET(self) -> None:
        if not self._known():
            return
        there = urlsplit(self.path)
        one = self._ONE.fullmatch(there.path)
        if self._LIST.fullmatch(there.path):
            self._answer(200, self._page(dict(parse_qsl(there.query)), there.path))
        elif one and any(text.sid == one[1] for text in self.carrier.messages):
            self._answer(200, self.carrier.text(one[1]).as_json())
        else:
            self._refuse(404, 20404)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._known():
            return
        if not self._LIST.fullmatch(self.path):
            self._refuse(404, 20404)
            return
        form = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
        trouble = self.carrier.next_trouble(form.get("To", ""))
        code = self._fault(form)
        if trouble is Trouble.DROP:
            self._cut()
        elif trouble is not None and trouble in REFUSALS:
            self._refuse(*REFUSALS[trouble])
        elif code:
            self._refuse(400, code)
        else:
            self._accept(form, trouble)

    def _accept(self, form: Mapping[str, str], trouble: Trouble | None) -> None:
        carrier = self.carrier
        text = carrier.take(form)
        first = json.dumps(text.as_json()).encode()
        carrier.taken_in()
        if trouble is Trouble.CALL_BACK_FIRST:
            carrier.deliver(text.sid)
        if trouble is Trouble.TAKE_THEN_DROP:
            self._cut()
        elif trouble is Trouble.TAKE_THEN_500:
            self._refuse(500, 20500)
        elif trouble is Trouble.TAKE_THEN_GIBBERISH:
            self._write(201, first[: len(first) // 2])
        else:
            if trouble is Trouble.TAKE_THEN_HANG:
                carrier.hang()
            self._write(201, first)
        if carrier.walks and trouble is not Trouble.CALL_BACK_FIRST:
            carrier.deliver(text.sid)

    def _known(self) -> bool:
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if hmac.compare_digest(self.headers.get("Authorization", ""), expected):
            return True
        self._refuse(401, 20003)
        return False

    def _fault(self, form: Mapping[str, str]) -> int:
        if not re.fullmatch(r"\+[1-9]\d{6,14}", form.get("To", "")):
            return 21211
        if form.get("From") not in {None, SENDER}:
            return 21606
        if form.get("MessagingServiceSid") not in {None, SERVICE}:
            return 21701
        if not form.get("From") and not form.get("MessagingServiceSid"):
            return 21603
        if not form.get("Body"):
            return 21602
        return 21617 if len(form["Body"]) > 1600 else 0

    def _page(self, query: Mapping[str, str], path: str) -> dict[str, Any]:
        """List the newest first; a text that waits has no date of sending and fails its filter."""
        texts = [*self.carrier.messages, *self.carrier.received][::-1]
        for name, read in (("To", "to"), ("From", "sender")):
            if name in query:
                texts = [text for text in texts if getattr(text, read) == query[name]]
        if any(name.startswith("DateSent") for name in query):
            texts = [text for text in texts if text.as_json()["date_sent"]]
        size, page = int(query.get("PageSize", 50)), int(query.get("Page", 0))
        following = urlencode({**query, "Page": page + 1})
        more = len(texts) > size * (page + 1)
        return {
            "messages": [text.as_json() for text in texts[size * page : size * (page + 1)]],
            "page": page,
            "page_size": size,
            "next_page_uri": f"{path}?{following}" if more else None,
        }

    def _refuse(self, status: int, code: int) -> None:
        # Like the real one, it quotes the number it was asked about.
        words = f"error {code} about +8613800138000"
        self._answer(status, {"code": code, "message": words, "status": status})

    def _answer(self, status: int, shown: Mapping[str, Any]) -> None:
        self._write(status, json.dumps(shown).encode())

    def _write(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:  # the client gave up waiting
            self.close_connection = True

    def _cut(self) -> None:
        self.close_connection = True
        self.carrier.taken_in()
        self.connection.shutdown(socket.SHUT_RDWR)

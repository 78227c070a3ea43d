"""A web server that keeps every request it gets as a hook, as the console would hand it on."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl

from meterwatch.notify.provider import Hook
from tests.notify.benches import NOON


class Listener:
    """Listens on loopback and answers 204."""

    def __init__(self) -> None:
        self.hooks: list[Hook] = []
        self._server = _Server(("127.0.0.1", 0), _Ear)
        self._server.listener = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    listener: Listener


class _Ear(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write nothing."""

    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.listener.hooks.append(
            Hook(
                self.path.rpartition("/")[2].partition("?")[0],
                self.server.listener.url + self.path,
                dict(self.headers.items()),
                dict(parse_qsl(body.decode(), keep_blank_values=True)),
                body,
                NOON,
            )
        )
        self.send_response(204)
        self.end_headers()

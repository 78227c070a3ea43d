"""The console as a server: how many may be connected at once."""

import socket
from contextlib import ExitStack
from types import SimpleNamespace
from typing import cast

import httpx
from fastapi import FastAPI

from meterwatch.app.console import ConsoleServer
from meterwatch.app.house import House
from meterwatch.config.web import Web


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def test_connections_past_the_limit_are_refused_at_once_and_served_again_later(
    app: FastAPI,
) -> None:
    house = cast("House", SimpleNamespace(settings=SimpleNamespace(web=Web())))
    port = free_port()
    server = ConsoleServer(house, app, port, most=3)
    server.start()
    probe = f"http://127.0.0.1:{port}/livez"
    try:
        assert httpx.get(probe).status_code == 200
        with ExitStack() as slow:
            for _ in range(3):
                idle = slow.enter_context(socket.create_connection(("127.0.0.1", port)))
                idle.sendall(b"GET /livez HTTP/1.1\r\n")
            assert httpx.get(probe).status_code == 503
        answers = (httpx.get(probe).status_code for _ in range(200))
        assert 200 in answers
    finally:
        server.stop()
    assert server.ended

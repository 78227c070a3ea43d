"""Finds free loopback ports, outside the range the kernel takes for outgoing connections."""

import secrets
import socket
import time
from collections.abc import Callable
from subprocess import Popen, TimeoutExpired

import pytest

LOOPBACK = "127.0.0.1"
FIRST, COUNT = 20_000, 12_000
PATIENCE = 30.0


def free_port() -> int:
    """Pick a port nobody listens on; a later restart finds it free as well."""
    for _ in range(100):
        port = FIRST + secrets.randbelow(COUNT)  # random is reseeded alike in every run
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise OSError("no free loopback port in 100 tries")


@pytest.fixture(scope="session", name="free_port")
def free_port_fixture() -> Callable[[], int]:
    """Give the picker of free ports: `port = free_port()`."""
    return free_port


def accepts(port: int) -> bool:
    """Tell whether somebody listens on the port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


def wait_until(process: Popen[bytes], ready: Callable[[], bool]) -> None:
    """Return once the process is ready; raise if it ends first or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        try:
            code = process.wait(timeout=0.02)
        except TimeoutExpired:
            if time.monotonic() > deadline:
                raise
        else:
            raise OSError(f"{process.args!r} ended with {code} before it was ready")

"""The console of the small town behind a real server, for a real browser."""

import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import BrowserContext, Page

from meterwatch.clock import MovedClock, machine_now
from meterwatch.dashboard import Settings, make, sessions
from meterwatch.dashboard.security import cookie_name
from meterwatch.store import Store
from tests.dashboard import town
from tests.dashboard.town import NOW, SHANGHAI, Town
from tests.parts.ports import LOOPBACK, free_port

LIMITS = sessions.Limits(Settings().idle, Settings().absolute)
PATIENCE = 30.0


class Announced(uvicorn.Server):
    """A server that says when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port."""
        await super().startup(sockets)
        self.serving.set()


class Served:
    """The console on a port, in a thread; it can be stopped, and started again there."""

    def __init__(self, make_app: Callable[[], FastAPI]) -> None:
        self._make = make_app
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.start()

    def start(self) -> None:
        """Serve, and return once pages are served."""
        self.app = self._make()
        settings = uvicorn.Config(
            self.app, host=LOOPBACK, port=self.port, log_config=None, timeout_graceful_shutdown=2
        )
        self._server = Announced(settings)
        self._thread = Thread(target=self._server.run, name="console")
        self._thread.start()
        assert self._server.serving.wait(PATIENCE)

    def stop(self) -> None:
        """End open streams, then the server; nothing if it is down."""
        self.app.state.pulse.close()
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Town]:
    """Found the town once; each test gets a copy of its files."""
    folder = tmp_path_factory.mktemp("browsed-town")
    store = town.found(f"sqlite:///{folder}/meterwatch.db")
    settled = town.settle(store)
    with store.transaction() as tx:
        tx.accounts.set_password(settled.operator, sessions.hash_password("a good password"))
    store.close()
    return folder, settled


@pytest.fixture
def here(founded: tuple[Path, Town], tmp_path: Path) -> Iterator[Town]:
    """Give the town on a SQLite of its own."""
    folder, settled = founded
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    store = Store(f"sqlite:///{tmp_path}/meterwatch.db")
    yield replace(settled, store=store)
    store.close()


@pytest.fixture
def served(here: Town) -> Iterator[Served]:
    """Give the running console; its clock of decisions begins at the town's moment."""
    clock = MovedClock(NOW - machine_now())
    console = Served(lambda: make(here.store, clock, machine_now, SHANGHAI))
    yield console
    console.stop()


@pytest.fixture
def log_in(here: Town, served: Served) -> Callable[[BrowserContext], None]:
    """Give what logs a browser in as the operator."""

    def logged_in(context: BrowserContext) -> None:
        token = sessions.begin(here.store, here.operator, machine_now(), LIMITS)
        cookie = {"name": cookie_name(secure=False), "value": token, "url": served.url}
        context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Lax"}])  # type: ignore[typeddict-item]

    return logged_in


@pytest.fixture
def operator(log_in: Callable[[BrowserContext], None], page: Page) -> Page:
    """Give the page of a logged-in operator; it closes before the server does."""
    log_in(page.context)
    return page

"""The console over a small town, and browsers of it that need no network."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from meterwatch.clock import HandClock
from meterwatch.dashboard import Settings, make, sessions
from meterwatch.dashboard.security import cookie_name
from meterwatch.store import Store
from tests.dashboard import town
from tests.dashboard.town import NOW, SHANGHAI, Town

LIMITS = sessions.Limits(Settings().idle, Settings().absolute)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Town]:
    """Found the town once; each test gets a copy of its files."""
    folder = tmp_path_factory.mktemp("town")
    store = town.found(f"sqlite:///{folder}/meterwatch.db")
    settled = town.settle(store)
    store.close()
    return folder, settled


@pytest.fixture
def here(founded: tuple[Path, Town], tmp_path: Path) -> Iterator[Town]:
    """Give the town on a SQLite of its own."""
    folder, settled = founded
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    store = Store(f"sqlite:///{tmp_path}/meterwatch.db")
    yield replace(settled, store=store, clock=HandClock(NOW))
    store.close()


@pytest.fixture
def machine() -> HandClock:
    """Give the machine's time, moved by hand."""
    return HandClock(NOW)


@pytest.fixture
def app(here: Town, machine: HandClock) -> FastAPI:
    """Give the console of the town."""
    return make(here.store, here.clock, machine.now, SHANGHAI)


Browse = Callable[..., TestClient]


@pytest.fixture
def browse(app: FastAPI) -> Browse:
    """Give the opener of a browser that sends what browsers send."""

    def opened(**settings: object) -> TestClient:
        browser = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
        browser.headers["Sec-Fetch-Site"] = "same-origin"
        return browser

    return opened


@pytest.fixture
def stranger(browse: Browse) -> TestClient:
    """Give a browser that is not logged in."""
    return browse()


@pytest.fixture
def client(browse: Browse, here: Town) -> TestClient:
    """Give a browser that the operator has logged in with."""
    browser = browse()
    token = sessions.begin(here.store, here.operator, NOW, LIMITS)
    browser.cookies.set(cookie_name(secure=False), token)
    return browser

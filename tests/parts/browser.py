"""Drives a real Chromium for the tests, cut off from everything but loopback.

Each test fails at its end if its pages asked any other host or wrote an error to the console,
unless it carries the mark `leaves_loopback` or `console_errors`.
"""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
    expect,
    sync_playwright,
)

from tests.parts.absent import absent
from tests.parts.programs import find_program

ARGUMENTS = [
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}
LOCAL_SCHEMES = {"about", "blob", "data"}

PATIENCE = 60_000  # milliseconds; a busy machine is no fault of a page
expect.set_options(timeout=PATIENCE)


@dataclass  # no slots: Playwright hangs its own attributes on the owner of a callback
class Watched:
    """What the pages of one test did that they should not."""

    strangers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Take down requests and errors of every page of the context."""
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", self._weberror)
        context.on("page", lambda page: page.on("websocket", lambda socket: self._ask(socket.url)))

    def _request(self, request: Request) -> None:
        self._ask(request.url)

    def _ask(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in LOCAL_SCHEMES and parts.hostname not in LOCAL_HOSTS:
            self.strangers.append(url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} at {message.location.get('url', '')}")

    def _weberror(self, raised: WebError) -> None:
        self.errors.append(str(raised.error))

    def judge(self, *, leaves_loopback: bool, console_errors: bool) -> None:
        """Raise on what was taken down and not allowed."""
        assert leaves_loopback or not self.strangers, (
            f"a page asked hosts other than loopback: {self.strangers}"
        )
        assert console_errors or not self.errors, (
            f"a page wrote errors to its console: {self.errors}"
        )


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of a Chromium that can show Chinese."""
    program = find_program("chromium", "chromium-browser", "google-chrome")
    if program is None:
        absent("browser", "chromium is not installed")
    fc_list = find_program("fc-list")
    if (
        fc_list
        and not subprocess.run([fc_list, ":lang=zh"], check=True, capture_output=True).stdout
    ):
        absent("font", "no font with Chinese characters is installed")
    return program


# Playwright's sync face keeps an event loop running in this thread while it is open, and
# asyncio.run() in any other test would be refused: so the browser lives as long as one file of
# tests, not as long as the run.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Start Chromium once a file of tests."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def watched(request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Give what the pages of this test did amiss, and fail the test on it at the end."""
    seen = Watched()
    yield seen
    marks = {mark.name for mark in request.node.iter_markers()}
    seen.judge(leaves_loopback="leaves_loopback" in marks, console_errors="console_errors" in marks)


@pytest.fixture
def open_context(browser: Browser, watched: Watched) -> Iterator[Callable[..., BrowserContext]]:
    """Give the opener of watched contexts; its arguments are Playwright's, over Shanghai's."""
    opened: list[BrowserContext] = []

    def open_one(**settings: Any) -> BrowserContext:
        context = browser.new_context(
            **{"locale": "zh-CN", "timezone_id": "Asia/Shanghai", **settings}
        )
        context.set_default_timeout(PATIENCE)
        watched.watch(context)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    """Give one page in a context of its own."""
    return open_context().new_page()

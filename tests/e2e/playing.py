"""The demo as a process of its own, and a visitor to it who needs no browser."""

import os
import re
import signal
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from subprocess import STDOUT, Popen
from threading import Event
from typing import Any, Self

import httpx

from tests.parts.ports import accepts

PATIENCE = 180.0  # seconds: the machine may be busy; nothing here is measured
_LOOK = 0.05
_MARK = "METERWATCH_TEST_MARK"
_HOME = re.compile(r'class="num">(SL\d{4})</td>')
_PHONE = re.compile(r'<section class="phone"[^>]* aria-label="(\+\d+)">(.*?)</section>', re.DOTALL)
_TEXT = re.compile(r"<li><p>(.*?)</p>", re.DOTALL)


def wait_for(what: str, is_so: Callable[[], bool]) -> None:
    """Look again and again until it is so, and fail if that takes far too long."""
    pause = Event()
    for _ in range(int(PATIENCE / _LOOK)):
        if is_so():
            return
        pause.wait(_LOOK)
    raise AssertionError(f"never: {what}")


class Demo:
    """`meterwatch demo` in a process group of its own, as a terminal would start it.

    Everything that it starts carries a mark in its environment, by which it is found again.
    """

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        self.port = port
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        self._mark = f"{folder}:{port}"
        self._said = folder / "said.txt"
        command = [sys.executable, "-m", "meterwatch", "demo", "--no-browser"]
        with self._said.open("wb") as said:
            self.process = Popen(
                [*command, "--port", str(port), *options],
                env=os.environ | {"TMPDIR": str(self.temporary), _MARK: self._mark},
                stdout=said,
                stderr=STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.ask_to_end(signal.SIGTERM)
            self.process.wait(PATIENCE)

    @property
    def said(self) -> str:
        """What it wrote to the terminal so far."""
        return self._said.read_text(encoding="utf-8")

    def wait_for(self, what: str, is_so: Callable[[], bool]) -> Self:
        """Wait until something is so; fail at once if the demo ends before."""

        def seen() -> bool:
            assert self.process.poll() is None, f"it ended:\n{self.said}"
            return is_so()

        wait_for(what, seen)
        return self

    def opened(self) -> Self:
        """Wait until people can come in."""
        return self.wait_for("the console is open", lambda: accepts(self.port))

    def ask_to_end(self, number: signal.Signals = signal.SIGINT) -> None:
        """Do what a terminal does at Ctrl-C: the whole process group gets the signal."""
        os.killpg(self.process.pid, number)

    def ended(self) -> int:
        """Wait for its end and give its exit code."""
        return self.process.wait(PATIENCE)

    def processes(self) -> list[str]:
        """Name what it started, itself included, and is still there."""
        mark = f"{_MARK}={self._mark}".encode()
        return [name for folder in Path("/proc").glob("[0-9]*") if (name := _marked(folder, mark))]

    def files(self) -> list[Path]:
        """List what lies in its folder for temporary files."""
        return list(self.temporary.rglob("*"))


def _marked(folder: Path, mark: bytes) -> str:
    try:
        marked = mark in (folder / "environ").read_bytes().split(b"\0")
        return (folder / "comm").read_text("utf-8").strip() if marked else ""
    except OSError:  # it has just ended, or is somebody else's
        return ""


class Visitor:
    """What a browser asks of the demo, without the browser."""

    def __init__(self, port: int) -> None:
        origin = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(
            base_url=origin, headers={"Origin": origin}, timeout=PATIENCE, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def act(self, what: str, **fields: str) -> None:
        """Press one of the demo's buttons."""
        answer = self.http.post(f"/demo/act/{what}", data=fields)
        assert answer.status_code == 303, answer.text

    def page(self, path: str) -> str:
        answer = self.http.get(path, headers={"Cookie": "language=en"})
        assert answer.status_code == 200, answer.text
        return answer.text

    def clock(self) -> float:
        """Read what time it is there, in epoch seconds."""
        told = re.search(r'data-now="([\d.]+)"', self.page("/about/licences"))
        assert told is not None
        return float(told[1])

    def alerts(self, kind: str = "", home: str | None = None) -> list[dict[str, Any]]:
        """Give the standing alerts, of a kind, of a home."""
        asked = {"state": "standing", "limit": "200"}
        rows: list[dict[str, Any]] = self.http.get("/api/v1/alerts", params=asked).json()
        rows = [row for row in rows if row["kind"].startswith(kind)]
        return [row for row in rows if home in {None, row["household_code"]}]

    def awaited(self, kind: str, home: str) -> dict[str, Any]:
        """Wait for the alert of a kind about a home, and give it."""
        wait_for(f"{kind} of {home}", lambda: bool(self.alerts(kind, home)))
        (alert,) = self.alerts(kind, home)
        return alert

    def lines(self, alert: int) -> list[str]:
        """Give the timeline of one alert, as codes."""
        return [line["what"] for line in self.http.get(f"/api/v1/alerts/{alert}").json()["lines"]]

    def number_of(self, home: str) -> str:
        """Find the number under which the console keeps a home."""
        found = re.search(r'href="/households/(\d+)"', self.page(f"/households?q={home}"))
        assert found is not None
        return found[1]

    def unknown_homes(self) -> set[str]:
        """Name the homes that are shown as unknown."""
        return set(_HOME.findall(self.page("/households?state=unknown")))

    def phones(self) -> dict[str, list[str]]:
        """Read the texts on the fake phones, the newest first."""
        return {
            phone: [unescape(text) for text in _TEXT.findall(part)]
            for phone, part in _PHONE.findall(self.page("/demo/phone"))
        }

    def reply(self, phone: str, text: str) -> None:
        """Write back from a fake phone."""
        answer = self.http.post("/demo/phone", data={"phone": phone, "text": text})
        assert answer.status_code == 303, answer.text

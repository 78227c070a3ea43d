"""The demonstration's own doors: fake phones, and buttons that make things happen.

Nothing of this exists in a real installation: the router is made only where a stage is given.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Annotated, Protocol

from fastapi import APIRouter, Form
from fastapi.responses import Response

from meterwatch.dashboard.desk import ReaderHere, go_to, local_path, not_found
from meterwatch.store.views import system
from meterwatch.store.views.system import InboxRow

_SHOWN = 400
_HOUR, _NIGHT = 1.0, 8.0
_SAID = {"press": "acted", "hour": "moved", "night": "moved"}  # the others take hours to be seen
Typed = Annotated[str, Form(max_length=200)]


class Stage(Protocol):
    """What a demonstration can make happen. A home of 0 means: choose one."""

    def press(self, household_id: int) -> None:
        """Let somebody press the bell of a home."""

    def fall(self, household_id: int) -> None:
        """Let somebody fall: from now on no water is drawn in this home."""

    def fall_ill(self, household_id: int) -> None:
        """Let somebody stay in bed: from now on little water is drawn in this home."""

    def open_tap(self, household_id: int) -> None:
        """Leave a tap open in a home."""

    def cut_hub(self, hub: str) -> None:
        """Cut a gateway off; an empty name means: choose one."""

    def forward(self, hours: float) -> None:
        """Move time on."""

    def reply(self, phone: str, text: str) -> None:
        """Let the owner of a phone write back."""


def router(stage: Stage) -> APIRouter:
    """Make the doors of one stage."""
    made = APIRouter(prefix="/demo")
    acts = _acts(stage)

    @made.get("/phone")
    def phones(reader: ReaderHere) -> Response:
        """Show every phone that has had a message."""
        return reader.page("demo_phone.html", phones=_phones(reader))

    @made.get("/phone/part")
    def phones_part(reader: ReaderHere) -> Response:
        """Show the phones alone."""
        return reader.page("_phones.html", phones=_phones(reader))

    @made.post("/phone")
    def reply(reader: ReaderHere, phone: Typed = "", text: Typed = "") -> Response:
        """Write back from a phone."""
        if not text.strip() or phone not in _phones(reader):
            raise not_found()
        stage.reply(phone, text.strip())
        return go_to("/demo/phone", "replied")

    @made.post("/act/{what}")
    def act(
        what: str,
        household: Annotated[int, Form(ge=0, le=2**53)] = 0,
        hub: Typed = "",
        onward: Annotated[str, Form(alias="next", max_length=200)] = "/",
    ) -> Response:
        """Make something happen."""
        if what not in acts:
            raise not_found()
        acts[what](household, hub)
        return go_to(local_path(onward, "/"), _SAID.get(what, "acted_slowly"))

    return made


def _acts(stage: Stage) -> Mapping[str, Callable[[int, str], None]]:
    """Name what the buttons do, each with the home and the gateway that were chosen."""
    return {
        "press": lambda home, _hub: stage.press(home),
        "fall": lambda home, _hub: stage.fall(home),
        "ill": lambda home, _hub: stage.fall_ill(home),
        "tap": lambda home, _hub: stage.open_tap(home),
        "cut": lambda _home, hub: stage.cut_hub(hub),
        "hour": lambda _home, _hub: stage.forward(_HOUR),
        "night": lambda _home, _hub: stage.forward(_NIGHT),
    }


def _phones(reader: ReaderHere) -> dict[str, list[InboxRow]]:
    """Give the messages of each phone, the phone with the newest message first."""
    with reader.desk.store.view() as view:
        rows = system.inbox(view, _SHOWN)
    phones: dict[str, list[InboxRow]] = defaultdict(list)
    for row in rows:
        phones[row.phone].append(row)
    return dict(phones)

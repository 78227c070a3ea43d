"""The queue of open worries, and the three answers an operator gives from it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from meterwatch.dashboard import words
from meterwatch.dashboard.desk import (
    Desk,
    Number,
    Reader,
    ReaderHere,
    go_to,
    local_path,
    not_found,
)
from meterwatch.domain.alert import Alert, NotAllowed
from meterwatch.pipeline import respond
from meterwatch.store.views import queue, system

router = APIRouter()

ACTS: Mapping[str, Callable[..., Alert]] = {
    "acknowledge": respond.acknowledge,
    "go": respond.go,
    "decline": respond.decline,
}


@router.get("/")
def show(reader: ReaderHere) -> Response:
    """Show what nobody has answered yet."""
    return _page(reader, "queue.html", "")


@router.get("/queue")
def part(reader: ReaderHere, keep: Annotated[str, Query(max_length=4_000)] = "") -> Response:
    """Show the queue alone; rows named in `keep` stay where they are."""
    return _page(reader, "_queue.html", keep)


@router.post("/alerts/{number}/{act}")
def act(
    reader: ReaderHere,
    number: Number,
    act: str,
    onward: Annotated[str, Form(alias="next", max_length=200)] = "",
    keep: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Take an alert, go, or say that one cannot."""
    if act not in ACTS:
        raise not_found()
    said = act
    try:
        ACTS[act](reader.desk.store, number, reader.by, reader.now)
    except NotAllowed as refusal:
        said = refusal.why
    except LookupError:
        raise not_found() from None
    if reader.htmx:
        return _page(reader, "_queue.html", keep, just=said, about=number)
    return go_to(local_path(onward, f"/alerts/{number}"), said)


def untexted(desk: Desk) -> bool:
    """Tell whether a real installation has nothing that carries texts to phones."""
    return not desk.demo and set(desk.providers) == {"console"}


def _page(reader: Reader, template: str, keep: str, *, just: str = "", about: int = 0) -> Response:
    with reader.desk.store.view() as view:
        rows = queue.standing(view)
        truth = queue.truth(view)
        beats = system.beats(view)
    machine = reader.desk.machine_now()
    kept = [int(number) for number in keep.split(",") if number.isdecimal()]
    ordered, added = in_order(rows, kept)
    return reader.page(
        template,
        rows=ordered,
        added=added,
        truth=truth,
        beats=len(beats),
        troubled=len(system.troubled(beats, machine, reader.desk.settings.beat_late)),
        just=just,
        about=about,
        untexted=untexted(reader.desk),
    )


def in_order(
    rows: Sequence[queue.QueueRow], kept: Sequence[int]
) -> tuple[list[queue.QueueRow], int]:
    """Order the queue; rows that are kept stay in their places and new ones follow them.

    Returns the rows and how many stand below that a fresh order would put among the kept ones.
    """
    best = sorted(rows, key=lambda row: words.rank(row.alert))
    place = {number: index for index, number in enumerate(kept)}
    if not place:
        return best, 0
    held = [row for row in best if row.alert.id in place]
    held.sort(key=lambda row: place[row.alert.id])
    new = [row for row in best if row.alert.id not in place]
    return held + new, len(new) if held + new != best else 0

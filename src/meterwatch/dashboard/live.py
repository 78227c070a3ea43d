"""What keeps screens alive: one look a second at what changed, told to every open screen.

A screen that has had no `tick` for twenty seconds says that it is stale. `tick` carries the
server's time, `changed` says that a page should fetch its parts again.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from meterwatch.dashboard import sessions
from meterwatch.dashboard.desk import Desk, DeskHere
from meterwatch.dashboard.security import cookie_name
from meterwatch.store.views import pulse, queue

LOOK_SECONDS = 1.0
TICK_SECONDS = 5.0
CHECK_SECONDS = 30.0
MOST_STREAMS = 200

router = APIRouter()


class Pulse:
    """One look a second, shared by every stream of this process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.revision = ""
        self.streams = 0

    @property
    def closing(self) -> bool:
        """Whether the streams are to end."""
        return self._closing.is_set()

    async def beat(self) -> None:
        """Look until closed; a look that fails is left to the next one."""
        self._loop = asyncio.get_running_loop()
        while not self.closing:
            with suppress(Exception):  # a database that is away for a while: screens go on ticking
                await self._look()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), LOOK_SECONDS)

    async def wait(self, seen: str, seconds: float) -> None:
        """Return when something changed since `seen`, when closing, or after some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.closing or self.revision != seen)

    def close(self) -> None:
        """End every stream; may be called from any thread, also before the server stops."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)

    def tick(self) -> dict[str, float | int]:
        """Read what every screen shows on top."""
        with self._desk.store.view() as view:
            truth = queue.truth(view)
        return {
            "now": self._desk.clock.now().timestamp(),
            "standing": truth.standing,
            "unclaimed": truth.unclaimed,
            "calling": truth.calling,
        }

    async def _look(self) -> None:
        found = await run_in_threadpool(self._read)
        if found != self.revision:
            self.revision = found
            async with self._changed:
                self._changed.notify_all()

    def _read(self) -> str:
        with self._desk.store.view() as view:
            return pulse.revision(view)

    def _end(self) -> None:
        self._closing.set()
        self._waking = asyncio.ensure_future(self._wake())

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@router.get("/live")
async def live(request: Request, here: DeskHere) -> Response:
    """Stream ticks and changes to one screen."""
    shared: Pulse = request.app.state.pulse
    if shared.streams >= MOST_STREAMS:
        return JSONResponse({"detail": "too many open screens"}, 503)
    token = request.cookies.get(cookie_name(secure=here.settings.secure), "")
    return StreamingResponse(
        stream(shared, here, token),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def stream(shared: Pulse, here: Desk, token: str) -> AsyncIterator[str]:
    """Tell one screen what happens, until it leaves, its login ends or we do."""
    shared.streams += 1
    clock = asyncio.get_running_loop()
    try:
        seen, checked = shared.revision, clock.time()
        yield said("tick", await run_in_threadpool(shared.tick))
        while not shared.closing:
            await shared.wait(seen, TICK_SECONDS)
            what = "tick" if shared.revision == seen else "changed"
            seen = shared.revision
            if clock.time() - checked >= CHECK_SECONDS:
                checked = clock.time()
                if not await run_in_threadpool(_good, here, token):
                    yield said("out", {})
                    return
            yield said(what, await run_in_threadpool(shared.tick))
    finally:
        shared.streams -= 1


def said(what: str, values: dict[str, float | int]) -> str:
    """Write one message of a stream."""
    return f"event: {what}\ndata: {json.dumps(values, separators=(',', ':'))}\n\n"


def _good(here: Desk, token: str) -> bool:
    """Tell whether the login still stands. An open screen counts as use of it."""
    if here.settings.guest is not None:
        return True
    limits = sessions.Limits(here.settings.idle, here.settings.absolute)
    now: datetime = here.machine_now()
    return sessions.find(here.store, token, now, limits) is not None

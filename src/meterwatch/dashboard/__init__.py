"""The console: what staff see, what they do, what carriers tell us, and what programs ask.

`make(...)` gives the application; everything it needs comes by its arguments.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import Scope

from meterwatch.dashboard import api, hooks, live, probes
from meterwatch.dashboard.desk import Clock, Settings, desk_of, reader
from meterwatch.dashboard.live import Pulse
from meterwatch.dashboard.pages import (
    about,
    alerts,
    households,
    login,
    outages,
    queue,
    reports,
    system,
    visits,
)
from meterwatch.dashboard.security import HEADERS, Guard
from meterwatch.notify.provider import Provider
from meterwatch.store import Store

__all__ = ["Settings", "make"]

STATIC = Path(__file__).resolve().parent / "static"


def make(
    store: Store,
    clock: Clock,
    machine_now: Callable[[], datetime],
    zone: ZoneInfo,
    settings: Settings | None = None,
    *,
    providers: Mapping[str, Provider] | None = None,
    demo: APIRouter | None = None,
) -> FastAPI:
    """Make the console.

    Parameters
    ----------
    store : Store
    clock : Clock
        Tells the moment of decisions.
    machine_now : callable
        Tells machine time, for sessions and locks.
    zone : ZoneInfo
        The deployment's zone, in which everything is shown.
    settings : Settings, optional
    providers : mapping of name to Provider, optional
        Those whose hooks are taken.
    demo : APIRouter, optional
        The doors of a demonstration (`demo.router(stage)`).

    Returns
    -------
    FastAPI
        Its `state.pulse.close()` ends the open streams; call it before the server is to stop.
    """
    desk = desk_of(
        store,
        clock,
        machine_now,
        zone,
        settings or Settings(),
        providers or {},
        demo=demo is not None,
    )
    app = FastAPI(
        title="meterwatch",
        lifespan=_lifespan,
        middleware=[Middleware(Guard, desk=desk)],
        docs_url=None,  # its page would be fetched from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.desk = desk
    app.state.pulse = Pulse(desk)
    pages = (queue, alerts, households, visits, reports, outages, system, login, about)
    parts = (*pages, probes, live, hooks, api)
    for part in parts:
        app.include_router(part.router)
    if demo is not None:
        app.include_router(demo)
    app.mount("/static", Assets(directory=STATIC), name="static")
    app.add_exception_handler(HTTPException, _say_http)
    app.add_exception_handler(RequestValidationError, _say_invalid)
    app.add_exception_handler(Exception, _say_broken)
    return app


class Assets(StaticFiles):
    """Our own files; browsers ask each time whether they changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Give one file."""
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    pulse: Pulse = app.state.pulse
    beating = asyncio.create_task(pulse.beat())
    yield
    pulse.close()
    await beating


async def _say_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _say(request, status)


async def _say_broken(request: Request, _error: Exception) -> Response:
    """Say that it did not work, outside the guard and therefore with its headers put on here."""
    answer = _say(request, 500)
    answer.headers.update(HEADERS)
    return answer


async def _say_invalid(request: Request, error: Exception) -> Response:
    if request.scope["path"].startswith("/api/") and isinstance(error, RequestValidationError):
        places = [".".join(str(step) for step in wrong["loc"]) for wrong in error.errors()]
        return JSONResponse({"detail": "not valid", "where": places}, 422)
    return _say(request, 422)


def _say(request: Request, status: int) -> Response:
    """Answer a mistake in the form in which it was asked."""
    if request.scope["path"].startswith(("/api/", "/hooks/", "/static/")):
        return JSONResponse({"detail": status}, status)
    return reader(request).page("error.html", status, code=status)

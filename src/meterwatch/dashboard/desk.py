"""What every page has at hand: the store, the clock, the reader and how to answer them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from meterwatch.dashboard.paper import Paper
from meterwatch.dashboard.tongue import DEFAULT_LANGUAGE, Tongue, tongues
from meterwatch.detectors.budgets import Budget
from meterwatch.detectors.presets import Preset
from meterwatch.domain.usage import LocalTime
from meterwatch.notify.provider import Provider
from meterwatch.store import Store
from meterwatch.store.accounts import User
from meterwatch.store.views.homes import Freshness

LANGUAGE_COOKIE = "language"


class Clock(Protocol):
    """The clock of decisions; in a demo it is moved by hand."""

    def now(self) -> datetime:
        """Say what time it is, aware and in UTC."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation decides about its console.

    Attributes
    ----------
    office : str
        The name of the office, shown beside ours.
    secure : bool
        Whether people come by https: cookies are then bound to it.
    public_url : str
        The address that people and carriers use; signatures of hooks cover it.
    freshness : Freshness
        When a home counts as used, and when as unknown.
    budget : Budget
        How many false alarms a year a home may cost.
    watched : tuple of str
        The detectors in use.
    presets : mapping of str to (str, Preset)
        The deployed rules that stand in the place of detectors, with their names.
    beat_late : timedelta
        After how long without a beat a part of the service counts as in trouble.
    idle, absolute : timedelta
        How long a login lasts without use, and at most.
    guest : int or None
        The account that everybody is without a login; for demonstrations on this machine only.
    """

    office: str = ""
    secure: bool = False
    public_url: str = ""
    freshness: Freshness = field(default_factory=Freshness)
    budget: Budget = field(default_factory=Budget)
    watched: tuple[str, ...] = ()
    presets: Mapping[str, tuple[str, Preset]] = field(default_factory=dict)
    beat_late: timedelta = timedelta(minutes=3)
    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)
    guest: int | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What the console works with."""

    store: Store
    clock: Clock
    machine_now: Callable[[], datetime]
    zone: ZoneInfo
    settings: Settings
    providers: Mapping[str, Provider]
    paper: Paper
    tongues: Mapping[str, Tongue]
    local: LocalTime
    demo: bool


def desk_of(
    store: Store,
    clock: Clock,
    machine_now: Callable[[], datetime],
    zone: ZoneInfo,
    settings: Settings,
    providers: Mapping[str, Provider],
    *,
    demo: bool,
) -> Desk:
    """Lay out the desk."""
    spoken = tongues(zone)
    return Desk(
        store,
        clock,
        machine_now,
        zone,
        settings,
        providers,
        Paper(spoken),
        spoken,
        LocalTime.of(zone),
        demo,
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks, in which language, and when."""

    desk: Desk
    request: Request
    tongue: Tongue
    user: User | None
    now: datetime

    @property
    def by(self) -> str:
        """How deeds of this reader are signed."""
        return f"user:{self.user.id}" if self.user else "system"

    @property
    def htmx(self) -> bool:
        """Whether a part of a page is asked for."""
        return self.request.headers.get("HX-Request") == "true"

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Answer with a page, or with the part of one that the template is."""
        return HTMLResponse(self.text(template, **values), status)

    def text(self, template: str, **values: Any) -> str:
        """Write a page."""
        desk = self.desk
        return desk.paper.write(
            template,
            self.tongue,
            self.now,
            user=self.user,
            office=desk.settings.office,
            demo=desk.demo,
            guest=desk.settings.guest is not None,
            path=self.request.scope["path"],
            other_language=self._other_language(),
            machine=desk.machine_now(),
            said=self.request.query_params.get("said", ""),
            **values,
        )

    def _other_language(self) -> str:
        """Give the address of this page in the other language."""
        asked = [(k, v) for k, v in self.request.query_params.multi_items() if k != "said"]
        other = next(name for name in self.desk.tongues if name != self.tongue.language)
        kept = [pair for pair in asked if pair[0] != "lang"]
        return "?" + urlencode([*kept, ("lang", other)])


def desk(request: Request) -> Desk:
    """Give the desk of this application."""
    found: Desk = request.app.state.desk
    return found


def language(request: Request) -> str:
    """Choose a language: asked for in the address, kept in the cookie, or Chinese."""
    known = request.app.state.desk.tongues
    asked = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    return next((name for name in asked if name and name in known), DEFAULT_LANGUAGE)


def reader(request: Request) -> Reader:
    """Say who asks."""
    here = desk(request)
    tongue = here.tongues[language(request)]
    user: User | None = request.scope.get("user")
    return Reader(here, request, tongue, user, here.clock.now())


DeskHere = Annotated[Desk, Depends(desk)]
ReaderHere = Annotated[Reader, Depends(reader)]
# What both databases can look for without failing.
Number = Annotated[int, Path(ge=1, le=2**53)]


def not_found() -> HTTPException:
    """Say that there is nothing here; to be raised."""
    return HTTPException(404)


def plain(text: str) -> str:
    """Take what cannot be seen out of a text that somebody typed to search for."""
    return "".join(sign for sign in text if sign.isprintable()).strip()


def local_path(path: str, otherwise: str) -> str:
    """Keep a path to go on to, unless it leads away from here."""
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else otherwise


def go_to(path: str, said: str = "") -> RedirectResponse:
    """Answer a form: go on to a page, which says what was done."""
    if said:
        place, mark, anchor = path.partition("#")
        place += f"{'&' if '?' in place else '?'}said={said}"
        path = place + mark + anchor
    return RedirectResponse(path, 303)

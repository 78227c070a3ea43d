"""Coming in and going out: the password, and the one-time link of the first start."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from meterwatch.dashboard import sessions
from meterwatch.dashboard.desk import Reader, ReaderHere, go_to, local_path, plain
from meterwatch.dashboard.security import cookie_name
from meterwatch.dashboard.tongue import mark

router = APIRouter()
Typed = Annotated[str, Form(max_length=200)]
COMPLAINTS = {
    "wrong": mark("The name or the password is not right."),
    "locked": mark("Too many failures. Wait a quarter of an hour and try again."),
    "busy": mark("Too many people are logging in at this moment. Try again."),
    "used": mark("This link is used up or too old. Restart the service for a new one."),
    "name": mark("Give a name of at most 64 characters."),
    "short": mark("The password needs at least 10 characters."),
    "taken": mark("There is an account of this name already. Choose another name."),
    "differs": mark("The two passwords are not the same."),
    "same": mark("The password must not be the name."),
}


@router.get("/login")
def form(
    reader: ReaderHere, onward: Annotated[str, Query(alias="next", max_length=500)] = "/"
) -> Response:
    """Show the login."""
    if reader.user is not None:
        return go_to(local_path(onward, "/"))
    return _login(reader, onward, "")


@router.post("/login")
def log_in(
    reader: ReaderHere,
    name: Typed = "",
    password: Typed = "",
    onward: Annotated[str, Form(alias="next", max_length=500)] = "/",
) -> Response:
    """Check name and password."""
    now = reader.desk.machine_now()
    try:
        user = sessions.log_in(reader.desk.store, plain(name), password, now)
    except sessions.Locked:
        return _login(reader, onward, "locked", 429)
    except sessions.Busy:
        return _login(reader, onward, "busy", 503)
    if user is None:
        return _login(reader, onward, "wrong", 401)
    return _enter(reader, user.id, onward)


@router.post("/logout")
def log_out(reader: ReaderHere) -> Response:
    """End the session of this browser."""
    secure = reader.desk.settings.secure
    sessions.end(reader.desk.store, reader.request.cookies.get(cookie_name(secure=secure), ""))
    answer = go_to("/login")
    answer.delete_cookie(cookie_name(secure=secure), httponly=True, secure=secure, samesite="lax")
    return answer


@router.get("/login/first")
def first(reader: ReaderHere, token: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show the form in which the first account is made."""
    if not sessions.link_is_good(reader.desk.store, token, reader.desk.machine_now()):
        return _login(reader, "/", "used", 410)
    return reader.page("first.html", token=token, name="", complaints=[])


@router.post("/login/first")
def make_first(
    reader: ReaderHere,
    token: Typed = "",
    name: Typed = "",
    password: Typed = "",
    again: Typed = "",
) -> Response:
    """Make the first account and log it in."""
    name = plain(name)
    desk, now = reader.desk, reader.desk.machine_now()
    wrong = sessions.complaints(name, password, again)
    if wrong:
        return _first(reader, token, name, wrong)
    try:
        user = sessions.use_link(desk.store, token, name, password, reader.tongue.language, now)
    except sessions.Taken:
        return _first(reader, token, name, ["taken"])
    except sessions.Busy:
        return _first(reader, token, name, ["busy"], 503)
    if user is None:
        return _login(reader, "/", "used", 410)
    return _enter(reader, user, "/")


def _first(reader: Reader, token: str, name: str, wrong: list[str], status: int = 422) -> Response:
    said = [COMPLAINTS[code] for code in wrong]
    return reader.page("first.html", status, token=token, name=name, complaints=said)


def _login(reader: Reader, onward: str, complaint: str, status: int = 200) -> Response:
    said = COMPLAINTS[complaint] if complaint else ""
    return reader.page("login.html", status, onward=local_path(onward, "/"), complaint=said)


def _enter(reader: Reader, user: int, onward: str) -> Response:
    desk, settings = reader.desk, reader.desk.settings
    limits = sessions.Limits(settings.idle, settings.absolute)
    token = sessions.begin(desk.store, user, desk.machine_now(), limits)
    answer = go_to(local_path(onward, "/"))
    answer.set_cookie(
        cookie_name(secure=settings.secure),
        token,
        max_age=int(settings.absolute.total_seconds()),
        httponly=True,
        secure=settings.secure,
        samesite="lax",
    )
    return answer

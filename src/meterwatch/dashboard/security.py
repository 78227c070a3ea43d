"""The guard at the door: who may come in, which requests are ours, what browsers must hold to.

A request that changes anything must come from a page of this console: the browser says so itself
(`Sec-Fetch-Site`, or `Origin` from older ones). Hooks of carriers are proved by their signature
instead. Everything but the login, the probes, the assets and the hooks needs a session. Paths are
judged as they are routed (`scope["path"]`): an address rebuilt from `Host` is a stranger's word.
"""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meterwatch.dashboard import sessions
from meterwatch.dashboard.desk import LANGUAGE_COOKIE, Desk
from meterwatch.store.accounts import Accounts, User

POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
LARGEST_BODY: Final = 256 * 1024
_NAMES_LOOPBACK: Final = re.compile(
    r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.ASCII | re.IGNORECASE
)
_OPEN: Final = frozenset({"/login", "/livez", "/readyz"})
_OPEN_BELOW: Final = ("/login/", "/static/", "/hooks/")


def cookie_name(*, secure: bool) -> str:
    """Name the session's cookie; by https the browser binds it to this host alone."""
    return "__Host-meterwatch" if secure else "meterwatch"


def same_origin(headers: Headers) -> bool:
    """Tell whether a request that changes something was made by one of our own pages."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == headers.get("host")


def names_loopback(headers: Headers) -> bool:
    """Tell whether a request was made to a name that means this machine, as it was written."""
    hosts = headers.getlist("host")
    return len(hosts) == 1 and _NAMES_LOOPBACK.fullmatch(hosts[0]) is not None


def from_loopback(request: Request) -> bool:
    """Tell whether a request comes from this machine itself and not through a proxy."""
    forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded"))
    here = request.client is not None and request.client.host in LOOPBACK
    return here and not forwarded and names_loopback(request.headers)


def needs_session(path: str) -> bool:
    """Tell whether a path is for people who are logged in."""
    return path not in _OPEN and not path.startswith(_OPEN_BELOW)


class Guard:
    """Lets requests in, or answers them at the door."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._limits = sessions.Limits(desk.settings.idle, desk.settings.absolute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(request, MutableHeaders(scope=message))
            await send(message)

        refusal = _refused(request) or self._wrong_host(request)
        if refusal is None:
            scope["user"] = await run_in_threadpool(self._user, request)
            refusal = self._stranger(request, scope["user"])
        await (refusal or self._app)(scope, receive, send_guarded)

    def _user(self, request: Request) -> User | None:
        desk = self._desk
        token = request.cookies.get(cookie_name(secure=desk.settings.secure), "")
        found = sessions.find(desk.store, token, desk.machine_now(), self._limits)
        if found is None and desk.settings.guest is not None:
            with desk.store.view() as view:
                return Accounts(view.people).user(desk.settings.guest)
        return found

    def _wrong_host(self, request: Request) -> Response | None:
        """Refuse strange names for this machine where nobody has to log in."""
        if self._desk.settings.guest is None or names_loopback(request.headers):
            return None
        return PlainTextResponse("Open this demonstration at http://127.0.0.1.", 421)

    def _stranger(self, request: Request, user: User | None) -> Response | None:
        path = request.scope["path"]
        if user is not None or not needs_session(path):
            return None
        if path == "/metrics" and from_loopback(request):
            return None
        partial = request.headers.get("HX-Request") == "true"
        if request.method != "GET" or partial or path.startswith("/api/") or path == "/live":
            gone = {"HX-Redirect": "/login"} if partial else {}
            return JSONResponse({"detail": "log in first"}, 401, gone)
        query = request.scope["query_string"].decode("latin-1")
        onward = path + (f"?{query}" if query else "")
        return RedirectResponse(f"/login?next={quote(onward, safe='')}", 303)

    def _add_headers(self, request: Request, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if not request.scope["path"].startswith("/static/"):
            headers.setdefault("Cache-Control", "no-store")
        if self._desk.settings.secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        asked = request.query_params.get("lang")
        if request.method == "GET" and asked in self._desk.tongues:
            secure = "; Secure" if self._desk.settings.secure else ""
            kept = f"{LANGUAGE_COOKIE}={asked}; Path=/; Max-Age=31536000; SameSite=Lax"
            headers.append("Set-Cookie", kept + secure)


def _refused(request: Request) -> Response | None:
    """Refuse what is too large, and what another site's page made the browser send."""
    if request.method in SAFE_METHODS:
        return None
    length = request.headers.get("content-length", "")
    if "transfer-encoding" in request.headers or not (length or "0").isdecimal():
        return PlainTextResponse("Say how long the body is (Content-Length).", 411)
    if int(length or 0) > LARGEST_BODY:
        return PlainTextResponse(f"The body is larger than {LARGEST_BODY} bytes.", 413)
    if request.scope["path"].startswith("/hooks/") or same_origin(request.headers):
        return None
    return PlainTextResponse("This did not come from a page of this console.", 403)

"""The line to Twilio: the SDK's HTTP client with bounded waits, no second tries and no log.

Importing this imports the SDK, which takes most of a second; `TwilioProvider` does so when it is
constructed.
"""

import logging
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from requests import PreparedRequest
from requests import Response as Answer
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as ConnectionFailed
from requests.exceptions import ConnectTimeout, RequestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError

CONNECT_SECONDS = 5.0

__all__ = ["Line", "RequestException", "dial", "never_left"]


class _Patience(HTTPAdapter):
    """Bounds the wait for a connection apart from the wait for an answer, and tries once."""

    def __init__(self, read_seconds: float) -> None:
        super().__init__(max_retries=0)
        self._waits = (min(CONNECT_SECONDS, read_seconds), read_seconds)

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Answer:
        """Send one request."""
        kwargs["timeout"] = self._waits
        return super().send(request, *args, **kwargs)


class Line(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """Sends each request once, to `base_url` if there is one."""

    def __init__(self, read_seconds: float, base_url: str = "") -> None:
        super().__init__(timeout=read_seconds)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, _Patience(read_seconds))
        self._base = urlsplit(base_url) if base_url else None
        # An address given outright is meant: the environment's proxies are for the public one.
        self.session.trust_env = self._base is None
        # urllib3 writes addresses at DEBUG, and the address of a search has the number in it.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send one request, to the address it is meant for here."""
        if self._base is not None:
            there = urlsplit(url)
            path = self._base.path.rstrip("/") + there.path
            url = urlunsplit((self._base.scheme, self._base.netloc, path, there.query, ""))
        return super().request(method, url, *args, **kwargs)

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Write nothing: the SDK would log the number."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Write nothing, as above."""


def dial(
    account_sid: str, auth_token: str, line: Line, region: str | None, edge: str | None
) -> Any:
    """Make the SDK's client, which speaks over this line."""
    return Client(account_sid, auth_token, region=region, edge=edge, http_client=line)


def never_left(broken: RequestException) -> bool:
    """Tell whether a request failed before any of it was sent, so that nothing was done."""
    if isinstance(broken, ConnectTimeout):
        return True
    if not isinstance(broken, ConnectionFailed) or not broken.args:
        return False
    cause = broken.args[0]
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)

"""Twilio: sends by its SDK, finds a message again by the code in its text, believes signed hooks.

Twilio has no key that makes a send happen once. After a time-out the caller therefore asks `find`,
which reads the list of what went to that number.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from meterwatch.domain.notification import Delivery, Receipt, Reply
from meterwatch.notify.provider import (
    Absent,
    CannotTell,
    Failed,
    Fault,
    Found,
    Hook,
    Outgoing,
    Sent,
    Unclear,
)
from meterwatch.notify.twilio.faults import DELIVERIES, judge
from meterwatch.notify.twilio.hooks import check, parse
from meterwatch.notify.wording import signed, with_ref

MOST_LISTED = 1000
SLACK = timedelta(days=1)
_FARTHEST_LAST = (Delivery.UNDELIVERED, Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED)
# An answer that is no Twilio resource (a proxy's page, half a JSON) surfaces from the SDK as one
# of these; the message may well have been taken.
_NO_RESOURCE = (ValueError, TypeError, AttributeError, KeyError)


class TwilioProvider:
    """Sends texts through one Twilio account.

    Parameters
    ----------
    account_sid, auth_token : str
    sender : str
        A number in E.164, or the SID of a messaging service (MG...).
    signature : str
        The sender's name, put before every text.
    status_callback_url : str
        Where receipts shall be posted: a public address; without one, receipts are polled.
    spare_token : str
        A second token that may sign hooks while tokens are exchanged.
    region, edge : str or None
        Where the account lives, if not in the United States.
    base_url : str
        Another address that speaks the same API, such as a relay out of a closed network.
    timeout_seconds : float
        How long an answer may take. Twilio itself decides within about 30 seconds.
    """

    name = "twilio"

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str,
        *,
        signature: str = "",
        status_callback_url: str = "",
        spare_token: str = "",
        region: str | None = None,
        edge: str | None = None,
        base_url: str = "",
        timeout_seconds: float = 35.0,
    ) -> None:
        from twilio.base.exceptions import (
            TwilioException,
        )
        from twilio.request_validator import (
            RequestValidator,
        )

        from meterwatch.notify.twilio import line

        self._line = line
        self._refusal: type[Exception] = TwilioException
        self._wire = line.Line(timeout_seconds, base_url)
        self._client: Any = line.dial(account_sid, auth_token, self._wire, region, edge)
        service = sender.startswith("MG")
        self._sender = {"messaging_service_sid" if service else "from_": sender}
        self._signature = signature
        self._callback = status_callback_url
        tokens = (token for token in (auth_token, spare_token) if token)
        self._validators = tuple(RequestValidator(token).validate for token in tokens)

    def send(self, outgoing: Outgoing) -> Sent | Failed | Unclear:
        """Post one message. Only an answer of Twilio's own is a yes or a no."""
        try:
            message = self._client.messages.create(
                to=outgoing.to,
                body=with_ref(signed(outgoing.text, self._signature), outgoing.ref),
                **self._sender,
                **self._receipts_to(outgoing.ref),
            )
            return _sent(message)
        except self._line.RequestException as broken:
            if self._line.never_left(broken):
                return Failed(Fault.UNREACHABLE, permanent=False)
            return Unclear(type(broken).__name__)
        except self._refusal as refused:
            return judge(getattr(refused, "status", None), getattr(refused, "code", None))
        except _NO_RESOURCE as broken:
            return Unclear(type(broken).__name__)

    def find(self, outgoing: Outgoing, since: datetime) -> Found | Absent | CannotTell:
        """Look for the code among the latest texts to that number.

        The list is not narrowed by date at Twilio's side: its filter goes by the date of sending,
        which a message that still waits in a queue does not have.
        """
        if not outgoing.ref:
            return CannotTell("no_ref")
        try:
            listed = self._client.messages.list(to=outgoing.to, limit=MOST_LISTED)
        except (self._line.RequestException, self._refusal, *_NO_RESOURCE) as broken:
            return CannotTell(type(broken).__name__)
        oldest = since - SLACK
        mine = [m for m in listed if _carries(m, outgoing.ref) and _made(m) >= oldest]
        if mine:
            return _found(mine)
        if len(listed) < MOST_LISTED or any(_made(m) < oldest for m in listed):
            return Absent()
        return CannotTell("list_too_long")

    def poll(self, provider_id: str) -> Receipt | None:
        """Fetch one message and say how far it is."""
        try:
            message = self._client.messages(provider_id).fetch()
            delivery = DELIVERIES.get(message.status)
            error = str(message.error_code or "")
        except (self._line.RequestException, self._refusal, *_NO_RESOURCE):
            return None
        return Receipt(self.name, provider_id, delivery, error) if delivery else None

    def read(self, hook: Hook) -> tuple[Receipt | Reply, ...]:
        """Read a status callback or an inbound text, if Twilio signed it."""
        check(hook, self._validators)
        return (parse(hook, self.name),)

    def close(self) -> None:
        """Close the connections that were kept for the next message."""
        self._wire.session.close()

    def _receipts_to(self, ref: str) -> dict[str, str]:
        """Give the callback address our code: a receipt may come before the answer does."""
        if not self._callback:
            return {}
        there = urlsplit(self._callback)
        query = "&".join(part for part in (there.query, urlencode({"ref": ref})) if part)
        return {"status_callback": urlunsplit(there._replace(query=query))}


def _sent(message: Any) -> Sent | Unclear:
    if not isinstance(message.sid, str) or not message.sid:
        return Unclear("no_sid")
    return Sent(message.sid, DELIVERIES.get(message.status, Delivery.ACCEPTED))


def _carries(message: Any, ref: str) -> bool:
    outbound = str(message.direction or "").startswith("outbound")
    return outbound and str(message.body or "").endswith(f"#{ref}")


def _made(message: Any) -> datetime:
    """Give the date of creation; a message without one counts as new."""
    made = message.date_created
    return made if isinstance(made, datetime) else datetime.max.replace(tzinfo=UTC)


def _found(mine: Iterable[Any]) -> Found:
    """Choose the attempt that came farthest, if there were several."""
    states = [(DELIVERIES.get(m.status, Delivery.ACCEPTED), m.sid) for m in mine]
    delivery, sid = max(states, key=lambda state: _FARTHEST_LAST.index(state[0]))
    return Found(sid, delivery)

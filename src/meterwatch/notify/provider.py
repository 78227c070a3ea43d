"""What every provider is: something that carries a text to a phone, and says what became of it.

A provider is one file (or folder) here and one line in `PROVIDERS`. None of its methods reads a
clock, tries twice, or logs a number or a text. `send` answers yes, no, or neither; the caller
clears up "neither" with `find` before anything is sent again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from meterwatch.domain.notification import Channel, Delivery, Receipt, Reply


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message, ready to go.

    `ref` is our own short code for it, the same for every attempt. A provider that cannot echo a
    code carries it at the end of the text, so that the message can be found again. `template` and
    `params` are for carriers that take approved templates only.
    """

    notification_id: int
    ref: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    template: str
    params: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    language: str = "zh"
    channel: Channel = Channel.SMS


class Fault(StrEnum):
    """Why a carrier said no. The carrier's own sentence is left behind: it quotes numbers."""

    NUMBER = "number"  # no text will ever reach this number
    OPTED_OUT = "opted_out"  # the person told the carrier to stop
    CONTENT = "content"  # this text is refused
    ROUTE = "route"  # this account may not send there, or not from this sender
    ACCOUNT = "account"  # wrong credentials, or the account is suspended
    BUSY = "busy"  # too many at once
    UNREACHABLE = "unreachable"  # no connection was made, so nothing was sent
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Sent:
    """The carrier took it. `delivery` is how far it is: accepted, as a rule."""

    provider_id: str
    delivery: Delivery = Delivery.ACCEPTED


@dataclass(frozen=True, slots=True)
class Failed:
    """The carrier said no. If `permanent`, the same message to the same number stays refused."""

    reason: Fault
    permanent: bool
    code: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Neither yes nor no came back (time-out, reset, 5xx): it may have gone out."""

    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """The carrier has the message."""

    provider_id: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Absent:
    """The carrier does not have the message: sending it again makes no second one."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The carrier could not be asked, or its answer proves nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hook:
    """One HTTP request from a carrier, as it came.

    Attributes
    ----------
    path : str
        What follows `/hooks/<provider>/`.
    url : str
        The exact public address the carrier called, with its query: signatures cover it.
    headers : Mapping[str, str]
        Read them by `header`, which ignores case.
    form : Mapping[str, str]
        The decoded form, blanks kept and nothing trimmed; empty if the body is no form.
    body : bytes
    received_at : datetime, aware UTC
    """

    path: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime

    def header(self, name: str) -> str:
        """Give a header by its name in any case, or an empty string."""
        wanted = name.casefold()
        return next((v for k, v in self.headers.items() if k.casefold() == wanted), "")


class Forged(Exception):  # noqa: N818  # says what the request is, not what went wrong here
    """The signature is missing or wrong: answer 403 and keep nothing of it."""


class Unreadable(Exception):  # noqa: N818  # as above
    """The signature is right, but this is neither a receipt nor a reply: answer 400, keep it."""


class Provider(Protocol):
    """One way to reach phones. Its methods may be called from several threads at once."""

    @property
    def name(self) -> str:
        """The word for it in the configuration, in hook addresses and in receipts."""

    def send(self, outgoing: Outgoing) -> Sent | Failed | Unclear:
        """Hand one message to the carrier, once. Never raises for what the carrier does."""

    def find(self, outgoing: Outgoing, since: datetime) -> Found | Absent | CannotTell:
        """Ask the carrier whether it has this message, first sent not before `since`."""

    def poll(self, provider_id: str) -> Receipt | None:
        """Ask what became of a message; None if the carrier cannot say."""

    def read(self, hook: Hook) -> tuple[Receipt | Reply, ...]:
        """Read what a carrier posted to us.

        Raises
        ------
        Forged
            If it is not proved that the carrier sent it.
        Unreadable
            If the carrier sent it, and it is neither receipt nor reply.
        """

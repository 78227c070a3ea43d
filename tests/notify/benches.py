"""One bench a provider: how to make its carrier do what the contract suite asks about."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from meterwatch.domain.notification import Channel, Delivery, Receipt, Reply
from meterwatch.notify.console import SIGNATURE, ConsoleProvider
from meterwatch.notify.console import sign as sign_console
from meterwatch.notify.provider import Hook, Outgoing, Provider
from meterwatch.notify.twilio import TwilioProvider
from tests.parts.carrier import ACCOUNT, SENDER, TOKEN, Carrier, Text, Trouble, sign

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DAUGHTER = "+8613800138000"
RECEIPTS = "https://watch.example/hooks/twilio/status"
REPLIES = "https://watch.example/hooks/twilio/reply"
FAKE_PHONE = "https://watch.example/hooks/console/reply"


def ref_of(number: int) -> str:
    """Give a message a code of the shape that the outbox gives."""
    return f"K7{number:04}"


def outgoing(
    number: int = 1, to: str = DAUGHTER, text: str = "编号4821住户长时间未用水"
) -> Outgoing:
    return Outgoing(
        number, ref_of(number), to, text, "alert.no_use.first.zh", {}, "zh", Channel.SMS
    )


def hook(url: str, form: Mapping[str, str], headers: Mapping[str, str], body: bytes = b"") -> Hook:
    path = url.rpartition("/")[2].partition("?")[0]
    return Hook(path, url, headers, form, body, NOON)


class Bench(Protocol):
    provider: Provider

    def refuse(self, to: str) -> str:
        """Make a number one that is refused for good, and give it."""

    def lose_answer(self) -> None:
        """Let the next message be taken, and the answer get lost."""

    def lose_request(self) -> None:
        """Let the next message get lost before it is taken."""

    def fall_silent(self) -> None:
        """Let the carrier answer nothing any more."""

    def arrived(self) -> list[str]:
        """Give the texts that reached the daughter's phone."""

    def sign(self, form: Mapping[str, str]) -> Hook:
        """Make a hook with this form that the carrier really signed."""

    def good_hook(self) -> tuple[Hook, Receipt | Reply]:
        """Make a hook and what is to be read from it."""


@dataclass
class MemoryInbox:
    """An inbox that can lose what it is given, or the answer to it."""

    kept: dict[str, tuple[str, str]] = field(default_factory=dict)
    loses: str = ""

    def put(self, ref: str, to: str, text: str, template: str) -> str:
        loses, self.loses = self.loses, ""
        if loses == "request":
            raise OSError("the inbox was not reached")
        self.kept.setdefault(ref, (to, text))
        if loses == "answer":
            raise OSError("the inbox did not answer")
        return f"inbox-{ref}"

    def find(self, ref: str) -> str | None:
        if self.loses == "everything":
            raise OSError("the inbox is gone")
        return f"inbox-{ref}" if ref in self.kept else None


class ConsoleBench:
    def __init__(self) -> None:
        self.inbox = MemoryInbox()
        self.secret = secrets.token_hex(8)
        self.provider: Provider = ConsoleProvider(self.inbox, self.secret)

    def refuse(self, to: str) -> str:
        return to.removeprefix("+")

    def lose_answer(self) -> None:
        self.inbox.loses = "answer"

    def lose_request(self) -> None:
        self.inbox.loses = "request"

    def fall_silent(self) -> None:
        self.inbox.loses = "everything"

    def arrived(self) -> list[str]:
        return [text for to, text in self.inbox.kept.values() if to == DAUGHTER]

    def sign(self, form: Mapping[str, str]) -> Hook:
        signature = sign_console(self.secret, FAKE_PHONE, form)
        return hook(FAKE_PHONE, form, {SIGNATURE.lower(): signature})

    def good_hook(self) -> tuple[Hook, Receipt | Reply]:
        signed = self.sign({"id": "r1", "from": DAUGHTER, "text": " 1 4821 "})
        return signed, Reply("r1", DAUGHTER, " 1 4821 ", NOON)


class TwilioBench:
    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.provider: Provider = twilio_at(carrier)

    def refuse(self, to: str) -> str:
        self.carrier.refuses[to] = Trouble.NOT_A_MOBILE
        return to

    def lose_answer(self) -> None:
        self.carrier.trouble(Trouble.TAKE_THEN_DROP)

    def lose_request(self) -> None:
        self.carrier.trouble(Trouble.DROP)

    def fall_silent(self) -> None:
        self.carrier.stop()

    def arrived(self) -> list[str]:
        return self.carrier.phones[DAUGHTER]

    def sign(self, form: Mapping[str, str]) -> Hook:
        signed = sign(REPLIES, form)
        return hook(signed.url, signed.form, signed.headers, signed.body)

    def good_hook(self) -> tuple[Hook, Receipt | Reply]:
        text = Text("SM1", DAUGHTER, SENDER, "", "", f"{RECEIPTS}?ref=PF6M", status="undelivered")
        text.error = 30003
        signed = self.carrier.callback(text)
        expected = Receipt("twilio", "SM1", Delivery.UNDELIVERED, "30003", "PF6M")
        return hook(signed.url, signed.form, signed.headers, signed.body), expected


def twilio_at(
    carrier: Carrier, timeout_seconds: float = 20.0, callback: str = ""
) -> TwilioProvider:
    return TwilioProvider(
        ACCOUNT,
        TOKEN,
        SENDER,
        status_callback_url=callback,
        base_url=carrier.url,
        timeout_seconds=timeout_seconds,
    )

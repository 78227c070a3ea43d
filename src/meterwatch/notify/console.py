"""The provider of a fresh clone: texts go to the log (ids only) and to the fake phone.

The inbox behind the fake phone is kept by whoever wires the service; because it can be asked for
a message by its code, a send that was cut off is cleared up exactly.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import structlog

from meterwatch.domain.notification import Delivery, Receipt, Reply
from meterwatch.notify.provider import (
    Absent,
    CannotTell,
    Failed,
    Fault,
    Forged,
    Found,
    Hook,
    Outgoing,
    Sent,
    Unclear,
    Unreadable,
)
from meterwatch.notify.wording import signed

SIGNATURE = "X-Meterwatch-Signature"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_log = structlog.get_logger(__name__)


class Inbox(Protocol):
    """Where the texts of the fake phone lie."""

    def put(self, ref: str, to: str, text: str, template: str) -> str:
        """Keep a text, once a `ref`, and give the id under which it lies."""

    def find(self, ref: str) -> str | None:
        """Give the id of the text with this code, or None."""


class ConsoleProvider:
    """Puts every text into the inbox, where it is delivered at once.

    Parameters
    ----------
    inbox : Inbox
    secret : str
        Signs the hooks of the fake phone. Without one no hook is believed.
    signature : str
        The sender's name, put before every text.
    """

    name = "console"

    def __init__(self, inbox: Inbox, secret: str = "", signature: str = "") -> None:
        self._inbox = inbox
        self._secret = secret
        self._signature = signature

    def send(self, outgoing: Outgoing) -> Sent | Failed | Unclear:
        """Put the text into the inbox."""
        if not _E164.fullmatch(outgoing.to):
            return Failed(Fault.NUMBER, permanent=True, code="not_e164")
        try:
            text = signed(outgoing.text, self._signature)
            kept = self._inbox.put(outgoing.ref, outgoing.to, text, outgoing.template)
        except Exception as broken:  # noqa: BLE001  # whatever broke, it may lie there already
            return Unclear(type(broken).__name__)
        _log.info(
            "text_for_console",
            notification_id=outgoing.notification_id,
            ref=outgoing.ref,
            template=outgoing.template,
        )
        return Sent(kept, Delivery.DELIVERED)

    def find(self, outgoing: Outgoing, since: datetime) -> Found | Absent | CannotTell:  # noqa: ARG002
        """Look the code up in the inbox, which forgets nothing, however old."""
        try:
            kept = self._inbox.find(outgoing.ref)
        except Exception as broken:  # noqa: BLE001  # an inbox that cannot be asked proves nothing
            return CannotTell(type(broken).__name__)
        return Found(kept, Delivery.DELIVERED) if kept is not None else Absent()

    def poll(self, provider_id: str) -> Receipt | None:
        """Say that it is delivered, as everything here is."""
        return Receipt(self.name, provider_id, Delivery.DELIVERED)

    def read(self, hook: Hook) -> tuple[Receipt | Reply, ...]:
        """Read a reply typed on the fake phone: a form with `id`, `from` and `text`."""
        given = hook.header(SIGNATURE).encode("utf-8", "replace")
        expected = sign(self._secret, hook.url, hook.form).encode()
        if not self._secret or not hmac.compare_digest(given, expected):
            raise Forged
        ref, sender = hook.form.get("id", ""), hook.form.get("from", "")
        if not ref or not sender or "text" not in hook.form:
            raise Unreadable("a reply has id, from and text")
        return (Reply(ref, sender, hook.form["text"], hook.received_at),)


def sign(secret: str, url: str, form: Mapping[str, str]) -> str:
    """Sign a form of the fake phone, as the console provider expects it in its header."""
    fields = "".join(f"{len(k)}:{k}{len(v)}:{v}" for k, v in sorted(form.items()))
    signed = f"{url}\n{fields}".encode("utf-8", "surrogatepass")
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()

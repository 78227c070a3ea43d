"""Reads what Twilio posts to us: status callbacks, and texts that people wrote back."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from meterwatch.domain.notification import Receipt, Reply
from meterwatch.notify.provider import Forged, Hook, Unreadable
from meterwatch.notify.twilio.faults import DELIVERIES

SIGNATURE = "X-Twilio-Signature"
LONGEST_REPLY = 1600

Validate = Callable[[str, Mapping[str, str], str], bool]


def check(hook: Hook, validators: tuple[Validate, ...]) -> None:
    """Raise `Forged` unless one of the account's tokens signed this request.

    The signature covers the public address and every field of the form. Comparing the account's
    SID instead would prove nothing: it is no secret.
    """
    given = hook.header(SIGNATURE)
    try:
        signed = any(validate(hook.url, hook.form, given) for validate in validators)
    except ValueError as broken:  # an address or a text that no carrier could have signed
        raise Forged from broken
    if not given or not signed:
        raise Forged


def parse(hook: Hook, provider: str) -> Receipt | Reply:
    """Tell a receipt from a reply by its fields; both hooks may have one address."""
    sid = hook.form.get("MessageSid") or hook.form.get("SmsSid", "")
    if not sid:
        raise Unreadable("no MessageSid")
    if "MessageStatus" in hook.form:
        return _receipt(hook, provider, sid)
    sender = hook.form.get("From", "")
    if not sender or "Body" not in hook.form:
        raise Unreadable("neither MessageStatus nor From and Body")
    text = hook.form["Body"].replace("\x00", "")[:LONGEST_REPLY]
    return Reply(sid, sender, text, hook.received_at)


def _receipt(hook: Hook, provider: str, sid: str) -> Receipt:
    delivery = DELIVERIES.get(hook.form["MessageStatus"])
    if delivery is None:
        raise Unreadable("a MessageStatus that is not known")
    ref = parse_qs(urlsplit(hook.url).query).get("ref", [""])[0]
    return Receipt(provider, sid, delivery, hook.form.get("ErrorCode", ""), ref)

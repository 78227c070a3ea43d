"""What the fake carrier keeps and posts: texts, troubles and signed requests."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "invented-token-of-the-fake-carrier"
SENDER = "+15005550006"
SERVICE = "MG" + "0" * 31 + "1"


class Trouble(StrEnum):
    """What can go wrong with one POST of a message."""

    TAKE_THEN_HANG = "take_then_hang"  # accepted; the answer waits for `let_go`
    TAKE_THEN_500 = "take_then_500"
    TAKE_THEN_DROP = "take_then_drop"  # accepted; the connection is cut
    TAKE_THEN_GIBBERISH = "take_then_gibberish"  # accepted; half a JSON comes back
    CALL_BACK_FIRST = "call_back_first"  # the receipt is posted before the answer
    DROP = "drop"  # the connection is cut, nothing was accepted
    ERROR_500 = "error_500"  # nothing was accepted
    BUSY = "busy"  # 429
    NOT_A_NUMBER = "not_a_number"  # 21211
    NOT_A_MOBILE = "not_a_mobile"  # 21614
    OPTED_OUT = "opted_out"  # 21610


REFUSALS: Mapping[Trouble, tuple[int, int]] = {
    Trouble.BUSY: (429, 20429),
    Trouble.ERROR_500: (500, 20500),
    Trouble.NOT_A_NUMBER: (400, 21211),
    Trouble.NOT_A_MOBILE: (400, 21614),
    Trouble.OPTED_OUT: (400, 21610),
}


@dataclass
class Text:
    """One message the carrier accepted or received."""

    sid: str
    to: str
    sender: str
    body: str
    created: str
    callback: str = ""
    direction: str = "outbound-api"
    status: str = "queued"
    error: int | None = None

    def as_json(self) -> dict[str, Any]:
        waiting = self.status in {"queued", "accepted"}
        return {
            "sid": self.sid,
            "account_sid": ACCOUNT,
            "to": self.to,
            "from": self.sender,
            "body": self.body,
            "status": self.status,
            "direction": self.direction,
            "error_code": self.error,
            "date_created": self.created,
            "date_sent": None if waiting else self.created,
        }


@dataclass(frozen=True)
class Signed:
    """A request the carrier would post to us."""

    url: str
    form: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


def sign(url: str, form: Mapping[str, str], token: str = TOKEN) -> Signed:
    """Sign a form as the carrier does: the address, then every field in order of its name."""
    covered = url + "".join(name + form[name] for name in sorted(form))
    mac = hmac.new(token.encode(), covered.encode("utf-8", "surrogatepass"), hashlib.sha1)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": base64.b64encode(mac.digest()).decode(),
    }
    body = urlencode(form, errors="surrogatepass").encode()
    return Signed(url, dict(form), headers, body)

"""What Twilio's numbers and words mean to us: which fault a code is, and how far a status is."""

from collections.abc import Mapping

from meterwatch.domain.notification import Delivery
from meterwatch.notify.provider import Failed, Fault, Unclear

FAULTS: Mapping[int, Fault] = {
    20003: Fault.ACCOUNT,  # wrong credentials
    20005: Fault.ACCOUNT,  # account not active
    20404: Fault.ACCOUNT,  # no such account
    20429: Fault.BUSY,
    21211: Fault.NUMBER,  # not a number
    21217: Fault.NUMBER,
    21265: Fault.NUMBER,
    21408: Fault.ROUTE,  # country not allowed for this account
    21602: Fault.CONTENT,  # no text
    21606: Fault.ROUTE,  # not our sender
    21610: Fault.OPTED_OUT,
    21611: Fault.BUSY,  # the sender's queue is full
    21612: Fault.ROUTE,
    21614: Fault.NUMBER,  # no mobile
    21617: Fault.CONTENT,  # too long
    21635: Fault.NUMBER,  # landline
    21703: Fault.ROUTE,  # the messaging service has no sender
    30001: Fault.BUSY,
    30002: Fault.ACCOUNT,  # suspended
    30004: Fault.CONTENT,  # blocked
    30005: Fault.NUMBER,  # unknown
    30006: Fault.NUMBER,  # landline
    30007: Fault.CONTENT,  # filtered
    63017: Fault.BUSY,
}
PASSING = frozenset({Fault.BUSY, Fault.ACCOUNT, Fault.UNREACHABLE})

DELIVERIES: Mapping[str, Delivery] = {
    "accepted": Delivery.ACCEPTED,
    "scheduled": Delivery.ACCEPTED,
    "queued": Delivery.ACCEPTED,
    "sending": Delivery.ACCEPTED,
    "sent": Delivery.SENT,
    "partially_delivered": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "read": Delivery.DELIVERED,
    "undelivered": Delivery.UNDELIVERED,
    "failed": Delivery.UNDELIVERED,
    "canceled": Delivery.UNDELIVERED,
}

_BY_STATUS: Mapping[int, Fault] = {
    401: Fault.ACCOUNT,
    403: Fault.ACCOUNT,
    404: Fault.ACCOUNT,
    429: Fault.BUSY,
}
_SURE_NO = range(400, 500)
_MAYBE_TAKEN = frozenset({408, 409})


def judge(status: object, code: object) -> Failed | Unclear:
    """Judge an answer that is not a success, by its HTTP status and Twilio's own code.

    Only a 4xx is a no. Anything else may come from a relay on the way, after the message was
    taken.
    """
    if not isinstance(status, int) or status not in _SURE_NO or status in _MAYBE_TAKEN:
        return Unclear(f"http_{status}")
    number = code if isinstance(code, int) else status
    fault = _BY_STATUS.get(status) or FAULTS.get(number, Fault.OTHER)
    fault = FAULTS.get(number, fault)
    return Failed(fault, permanent=fault not in PASSING, code=str(number))

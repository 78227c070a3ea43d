"""Notifications: one message to one contact by one channel, and what became of it.

A send that neither succeeded nor failed is UNKNOWN. It is reconciled with the carrier before it
is repeated, and it never delays the next person.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """By which way a message goes."""

    SMS = "sms"
    CONSOLE = "console"  # the queue on the operators' screens


class MessageKind(StrEnum):
    """What a message is for; with the language it chooses the template."""

    ALERT = "alert"  # a step of the policy
    GOOD_NEWS = "good_news"  # water came back after people were told
    GOING = "going"  # somebody is on the way
    CLOSED = "closed"  # the worry is answered: nothing more to do
    ANSWER = "answer"  # what we say to a reply
    ABSENCE = "absence"  # somebody declared the home away
    COMING_BACK = "coming_back"  # first use after an absence, or after somebody had to leave
    FIRST_USE = "first_use"  # water was used today, for those who want to know each day
    VACANT = "vacant"  # how many homes are taken for empty, once a month


class Delivery(StrEnum):
    """The states of a notification. `rank` orders those a carrier may report."""

    PENDING = "pending"
    SUBMITTING = "submitting"  # committed before the socket opens
    UNKNOWN = "unknown"  # neither yes nor no came back
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    REJECTED = "rejected"  # refused for good by the carrier
    UNDELIVERED = "undelivered"  # accepted, but did not arrive
    SUPPRESSED = "suppressed"  # no longer needed, or nobody to send it to


EXPIRES = "expires_at"  # the parameter that says until when a message makes sense
FAILED = frozenset({Delivery.REJECTED, Delivery.UNDELIVERED})
FINAL = frozenset({Delivery.DELIVERED, Delivery.SUPPRESSED, *FAILED})
TOLD = frozenset({Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED, Delivery.UNKNOWN})

_RANK = {
    Delivery.PENDING: 0,
    Delivery.SUBMITTING: 1,
    Delivery.UNKNOWN: 2,
    Delivery.ACCEPTED: 3,
    Delivery.SENT: 4,
    Delivery.UNDELIVERED: 5,
    Delivery.REJECTED: 6,
    Delivery.DELIVERED: 7,
    Delivery.SUPPRESSED: 8,
}


def merge(known: Delivery, reported: Delivery) -> Delivery:
    """Join what we know with what a carrier reports, in any order and any number of times.

    The later stage wins, so receipts may come twice, late or before the answer to the send.
    """
    return reported if _RANK[reported] > _RANK[known] else known


@dataclass(frozen=True, slots=True)
class Notification:
    """One message that shall go out. Its key (all but `params`) exists once in the outbox.

    A message about no alert, such as an answer to a reply, has `alert_id` None and says in
    `about` what it answers; for a step of a policy `about` is empty.
    """

    alert_id: int | None
    round: int
    step: int
    contact_id: int
    channel: Channel
    kind: MessageKind
    params: dict[str, str | int] = field(default_factory=dict)
    about: str = ""


class Answer(StrEnum):
    """What a person says in a reply."""

    ACKNOWLEDGE = "acknowledge"  # 1 收到
    GOING = "going"  # 2 出发
    SAFE = "safe"  # 3 平安
    CANNOT = "cannot"  # 4 无法
    AWAY = "away"  # 离家 3: the home is empty for so many days
    CANCEL_AWAY = "cancel_away"  # 在家: the home is not empty after all
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Reply:
    """A message from a person. `ref` is the carrier's own number, by which it is taken once."""

    ref: str
    sender: str = field(repr=False)
    text: str = field(repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a carrier says became of a message it had accepted.

    `ref` is our own code, if the carrier echoes it: a receipt may come before the answer to the
    send that gives us `provider_id`.
    """

    provider: str
    provider_id: str
    delivery: Delivery
    error: str = ""
    ref: str = ""

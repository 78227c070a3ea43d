"""Where strangers' bytes become facts.

`decode` is the one door: it finds the gateway by the topic, asks of every message and every fact
what is asked of all of them, and lets nothing out but facts and refusals. Gateways are found by
looking in this folder: a new one is one new file (`docs/how-to/add-a-gateway.md`).
"""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache, lru_cache

from meterwatch.domain.fact import Fact, Refusal, Refused
from meterwatch.gateways.base import FieldMap, FieldMaps, Gateway, Item, Message
from meterwatch.gateways.checks import check_size, check_topic, checked

__all__ = [
    "Decoded",
    "FieldMap",
    "FieldMaps",
    "Gateway",
    "Message",
    "by_name",
    "decode",
    "known",
    "matches",
    "route",
]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one message said: the facts that are taken in, and what was refused of it."""

    facts: tuple[Fact, ...] = ()
    refused: tuple[Refused, ...] = ()


@cache
def known() -> tuple[Gateway, ...]:
    """List every gateway in this folder, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module.GATEWAY for module in modules if hasattr(module, "GATEWAY"))


def by_name(name: str) -> Gateway:
    """Find a gateway by its name, or raise LookupError with the names that there are."""
    for gateway in known():
        if gateway.name == name:
            return gateway
    names = ", ".join(gateway.name for gateway in known())
    raise LookupError(f"No gateway is called {name!r}; there are {names}.")


def matches(topic_filter: str, topic: str) -> bool:
    """Tell whether a subscription filter covers a topic, as MQTT defines it."""
    levels, wanted = topic.split("/"), topic_filter.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    for depth, want in enumerate(wanted):
        if want == "#":
            return True
        if depth == len(levels) or want not in {"+", levels[depth]}:
            return False
    return len(levels) == len(wanted)


@lru_cache(maxsize=16_384)
def route(topic: str) -> Gateway | None:
    """Find the gateway that listens to a topic."""
    for gateway in known():
        if any(matches(topic_filter, topic) for topic_filter in gateway.topics):
            return gateway
    return None


def decode(message: Message, maps: FieldMaps) -> Decoded:
    """Turn a message into facts; whatever is wrong with it is in `refused`, nothing is raised.

    A payload refused as a whole gives one refusal and no facts; of a batch with bad readings the
    good ones are kept. A press in a retained message is `cached`.
    """
    try:
        items = _read(message, maps)
    except Refused as refused:
        return Decoded(refused=(_bare(refused),))
    judged = [_judge(item, message) for item in items]
    return Decoded(
        facts=tuple(item for item in judged if not isinstance(item, Refused)),
        refused=tuple(_bare(item) for item in judged if isinstance(item, Refused)),
    )


def _read(message: Message, maps: FieldMaps) -> tuple[Item, ...]:
    check_topic(message.topic)
    gateway = route(message.topic)
    if gateway is None:
        raise Refused(Refusal.TOPIC, f"No gateway listens to the topic {message.topic[:200]!r}.")
    if any(matches(ignored, message.topic) for ignored in gateway.ignores):
        return ()
    check_size(message.payload)
    return gateway.decode(message, maps)


def _judge(item: Item, message: Message) -> Item:
    if isinstance(item, Refused):
        return item
    try:
        return checked(item, message)
    except Refused as refused:
        return refused


def _bare(refused: Refused) -> Refused:
    """Drop the frames that a raised refusal holds: they keep its whole payload in memory."""
    refused.__traceback__ = refused.__cause__ = refused.__context__ = None
    return refused

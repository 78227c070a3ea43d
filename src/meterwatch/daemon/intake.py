"""The intake: messages become facts, and nothing that one of them holds stops the next.

What a gateway refuses is handed on to be counted and shown. A batch of facts that the store will
not have for its content is halved until the bad fact stands alone; a store that is not there is
another matter, and is raised, so that the same batch comes again.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg
import structlog
from sqlalchemy import exc

from meterwatch.daemon.trouble import named
from meterwatch.domain.fact import Fact, Refusal, Refused
from meterwatch.gateways import Decoded, FieldMaps, Message, decode, route
from meterwatch.store.house import RefusedPayload

T = TypeVar("T")

# The last two are what the driver itself raises, where a bulk copy goes past SQLAlchemy.
CONTENT = (
    exc.DataError,
    exc.IntegrityError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    psycopg.DataError,
    psycopg.IntegrityError,
)

_log = structlog.get_logger(__name__)


class Intake:
    """Takes batches of messages; hand its `take` to a source.

    Parameters
    ----------
    take_facts : callable
        Keeps facts, all or none; must bear repetition.
    refuse : callable
        Keeps what was refused.
    maps : callable
        Gives the per-device settings of the decoders.
    """

    def __init__(
        self,
        take_facts: Callable[[Sequence[Fact]], object],
        refuse: Callable[[Sequence[RefusedPayload]], None],
        maps: Callable[[], FieldMaps],
    ) -> None:
        self._take_facts = take_facts
        self._refuse = refuse
        self._maps = maps

    def take(self, messages: Sequence[Message]) -> None:
        """Take a batch in; what it raises is for the store's sake, not for the batch's."""
        maps = self._maps()
        facts: list[tuple[Fact, Message]] = []
        refused: list[RefusedPayload] = []
        for message in messages:
            decoded = _decoded(message, maps)
            facts += [(fact, message) for fact in decoded.facts]
            refused += [_of(message, refusal) for refusal in decoded.refused]
        # Facts first: should keeping a refusal fail, the repetition counts nothing twice.
        bad = by_halves(facts, lambda part: self._take_facts([fact for fact, _ in part]))
        refused += [_of(message, _unkept(fact, error)) for (fact, message), error in bad]
        if refused:
            unkept = by_halves(refused, self._refuse)
            for payload, error in unkept:
                _log.error("refusal_not_kept", gateway=payload.gateway, failure=named(error))


def by_halves(
    items: Sequence[T], act: Callable[[Sequence[T]], object]
) -> list[tuple[T, Exception]]:
    """Do something with all items at once, or by ever smaller parts around those it will not have.

    Gives the items that failed even alone, each with what was raised. An error that is not about
    the content is raised at once.
    """
    if not items:
        return []
    try:
        act(items)
    except Exception as error:
        if not is_about_content(error):
            raise
        if len(items) == 1:
            return _once_more(items[0], act)
    else:
        return []
    middle = len(items) // 2
    return by_halves(items[:middle], act) + by_halves(items[middle:], act)


def _once_more(item: T, act: Callable[[Sequence[T]], object]) -> list[tuple[T, Exception]]:
    """Try an item that failed alone once more: it may have lost a race, and found its place now."""
    try:
        act([item])
    except Exception as error:
        if not is_about_content(error):
            raise
        return [(item, error)]
    return []


def is_about_content(error: Exception) -> bool:
    """Tell whether an error is the fault of what was to be kept, not of the store."""
    if isinstance(error, exc.StatementError) and not isinstance(error, exc.DBAPIError):
        # A value that could not even be handed to the driver.
        return isinstance(error.orig, CONTENT)
    return isinstance(error, CONTENT)


def _decoded(message: Message, maps: FieldMaps) -> Decoded:
    try:
        return decode(message, maps)
    except Exception as error:  # noqa: BLE001  # a bug of one decoder; the other messages are fine
        _log.error("decoder_failed", failure=named(error))
        detail = f"the decoder failed ({named(error)}): please report it with this payload"
        return Decoded(refused=(Refused(Refusal.CONTENT, detail),))


def _of(message: Message, refused: Refused) -> RefusedPayload:
    gateway = route(message.topic)
    name = gateway.name if gateway else ""
    return RefusedPayload(refused, name, message.topic, message.payload, message.received_at)


def _unkept(fact: Fact, error: Exception) -> Refused:
    _log.warning("fact_refused", kind=type(fact).__name__, failure=named(error))
    detail = f"the store would not take this {type(fact).__name__} even alone ({named(error)})"
    return Refused(Refusal.CONTENT, detail)

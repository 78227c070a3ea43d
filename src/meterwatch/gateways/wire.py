"""Reads JSON, times and numbers as strangers write them, and refuses with a plain sentence.

Shared by the gateways. `place` is where in the payload a value stood, for the person who reads
the refusal.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from meterwatch.domain.fact import Refusal, Refused

# Epoch seconds beyond this are milliseconds by mistake: it is the year 5138.
EPOCH_SECONDS_END = 1e11
# One press published twice arrives within this time (zigbee2mqtt issue 32015).
PRESS_SECONDS = 2
LIST_PLACE = re.compile(r"[0-9]{1,3}")


def json_object(payload: bytes) -> dict[str, object]:
    """Read a payload as one JSON object, or refuse it as BROKEN, VALUE or SHAPE."""
    try:
        value = msgspec.json.decode(payload)
    except msgspec.ValidationError as error:
        raise Refused(Refusal.VALUE, f"A number in the payload is too large: {error}.") from error
    # UnicodeDecodeError is a ValueError, as msgspec's own error is.
    except (ValueError, RecursionError) as error:
        raise Refused(Refusal.BROKEN, f"The payload is not readable JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Refused(Refusal.SHAPE, "The payload is JSON, but not an object in braces.")
    return value


def number(value: object, place: str) -> float:
    """Read a finite number; a boolean or a text that looks like one is refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(Refusal.SHAPE, f"{place} must be a number, not {kind(value)}.")
    try:
        real = float(value)
    except OverflowError:
        real = math.inf
    if not math.isfinite(real):
        raise Refused(Refusal.VALUE, f"{place} is larger than any number we can hold.")
    return real


def text(value: object, place: str) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise Refused(Refusal.SHAPE, f"{place} must be a text in quotes, not {kind(value)}.")
    return value


def kind(value: object) -> str:
    """Name the JSON type of a value."""
    if value is None:
        return "missing"
    names = {bool: "true or false", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")


def instant(value: object, place: str) -> datetime:
    """Read a moment as aware UTC: RFC 3339 text with an offset, or epoch seconds."""
    if isinstance(value, str):
        return in_utc(_from_text(value, place), place)
    return from_epoch(number(value, place), place)


def from_epoch(seconds: float, place: str) -> datetime:
    """Convert epoch seconds to aware UTC."""
    if not 0 <= seconds < EPOCH_SECONDS_END:
        raise Refused(
            Refusal.CLOCK,
            f"{place} is {seconds:.15g}, which is not a time in seconds since 1970; "
            "divide milliseconds by 1000.",
        )
    return datetime.fromtimestamp(seconds, UTC)


def in_utc(moment: datetime, place: str) -> datetime:
    """Convert an aware time to UTC, and refuse a naive one."""
    if moment.tzinfo is None:
        raise Refused(
            Refusal.CLOCK,
            f"{place} has no time zone; add the offset, for example 2026-03-01T08:00:00+08:00.",
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Refused(Refusal.CLOCK, f"{place} is a time before year 1 or after 9999.") from error


def _from_text(value: str, place: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise Refused(
            Refusal.CLOCK,
            f"{place} is not a time; write it like 2026-03-01T08:00:00+08:00.",
        ) from error


def dig(tree: Mapping[str, object], path: str) -> object | None:
    """Find a value by its dotted path; a key that has the dots in its own name comes first."""
    if path in tree:
        return tree[path]
    place: object = tree
    for step in path.split("."):
        if isinstance(place, dict):
            place = place.get(step)
        elif isinstance(place, list) and LIST_PLACE.fullmatch(step):
            place = place[int(step)] if int(step) < len(place) else None
        else:
            return None
    return place


def press_ref(at: datetime) -> str:
    """Name a press by its time where its sender does not number it.

    Two publications of one press within two seconds mostly get one name. Where they straddle the
    border they count as two, which adds a line to the standing alert and tells nobody twice.
    """
    return f"s{int(at.timestamp()) // PRESS_SECONDS * PRESS_SECONDS}"

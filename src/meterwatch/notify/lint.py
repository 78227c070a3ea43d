"""Says what carriers would refuse in a text, and how many segments it costs.

The rules are those of the mainland carriers (the strictest), and the two alphabets of SMS: 160
letters of the GSM alphabet, or 70 of any other, in one segment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from meterwatch.notify.wording import LONGEST_PARAM, signed

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("^{}\\[~]|€\f")  # each takes the room of two

LONGEST_TEXT = 500
_SIGNS = re.compile(r"[【】★☆①-⑳→←↑↓•]")
_LINK = re.compile(
    r"https?:|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|gov|edu|io|cc|top|me|info)\b", re.IGNORECASE
)
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)|\+\d[\d -]{7,}")
_BANNED = re.compile(r"医疗|养老|贷款|保健|养生")


class Rule(StrEnum):
    """What a carrier may object to."""

    SEGMENTS = "segments"
    LENGTH = "length"
    SIGN = "sign"
    LINK = "link"
    MOBILE = "mobile"
    WORD = "word"
    PARAM = "param"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One objection: the rule, and the place in words of the text."""

    rule: Rule
    found: str


def segments(text: str) -> int:
    """Count the segments a text is sent and paid in; an empty text takes one."""
    widths = _widths(text)
    gsm = all(sign in _GSM or sign in _GSM_EXTENDED for sign in text)
    single, joined = (160, 153) if gsm else (70, 67)
    if sum(widths) <= single:
        return 1
    count, filled = 1, 0
    for width in widths:  # no sign is cut in two between segments
        if filled + width > joined:
            count, filled = count + 1, 0
        filled += width
    return count


def units(text: str) -> int:
    """Count the UTF-16 units of a text, as carriers count Chinese."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def lint(
    text: str,
    params: Mapping[str, str | int] | None = None,
    signature: str = "",
    most_segments: int = 1,
) -> tuple[Complaint, ...]:
    """Name everything a carrier would refuse.

    Parameters
    ----------
    text : str
        The body, without the signature.
    params : Mapping, optional
        The variables in it.
    signature : str
        The sender's approved name, which goes before the text.
    most_segments : int
        More than these are a complaint.
    """
    whole = signed(text, signature)
    found = [Complaint(rule, hit.group()) for rule, hit in _hits(text)]
    if segments(whole) > most_segments:
        found.append(Complaint(Rule.SEGMENTS, str(segments(whole))))
    if len(whole) > LONGEST_TEXT:
        found.append(Complaint(Rule.LENGTH, str(len(whole))))
    long = (name for name, value in (params or {}).items() if len(str(value)) > LONGEST_PARAM)
    return (*found, *(Complaint(Rule.PARAM, name) for name in long))


def _hits(text: str) -> list[tuple[Rule, re.Match[str]]]:
    patterns = {Rule.SIGN: _SIGNS, Rule.LINK: _LINK, Rule.MOBILE: _MOBILE, Rule.WORD: _BANNED}
    return [(rule, hit) for rule, pattern in patterns.items() for hit in pattern.finditer(text)]


def _widths(text: str) -> list[int]:
    if all(sign in _GSM or sign in _GSM_EXTENDED for sign in text):
        return [2 if sign in _GSM_EXTENDED else 1 for sign in text]
    return [units(sign) for sign in text]

"""Says things in few words: what a message tells, in the language of the person who gets it.

A text carries a short code and the kind of worry, and nothing about the person: no name, no
address, no number to call, no link. It never fails: a worry of a kind that is not known here yet
is still told. What carriers refuse is in `lint`.
"""

import unicodedata
from collections.abc import Mapping

from meterwatch.domain.notification import MessageKind
from meterwatch.domain.signal import (
    AREA_KINDS,
    BELL_KINDS,
    HUB_SILENT,
    LIFE_KINDS,
    UNKNOWN_BELL,
)
from meterwatch.notify.texts.en import EN
from meterwatch.notify.texts.language import Language
from meterwatch.notify.texts.zh import ZH

LANGUAGES: Mapping[str, Language] = {"zh": ZH, "en": EN}
DEFAULT_LANGUAGE = "zh"
_OF_AREAS = AREA_KINDS | {HUB_SILENT, UNKNOWN_BELL}
LONGEST_PARAM = 35  # what the mainland carriers allow a variable

Params = Mapping[str, str | int]


def say(kind: MessageKind, worry: str, language: str, params: Params) -> str:
    """Write one message.

    Parameters
    ----------
    kind : MessageKind
    worry : str
        The kind of the alert; what follows a colon (the hub) is not told.
    language : str
        `zh`, `en`; anything else is answered in the default language.
    params : Mapping[str, str | int]
        `code`; for alerts `reason` (first, repeat, no_report, declined, not_reached), `ordinal`
        (1 for the first message) and for bells `pressed_at` (HH:MM); `by` (a role) where somebody
        has it; `flow` (tap, burst) where water runs; `until` for absences; `of` where a kind has
        variants (`Language.variants`); `used_at` (HH:MM) for a first use; `count` of homes; for
        answers `answer` (a key of `Language.answers`, or `recorded` with `of`, what was said) and
        `codes`; `drill` (1) for an exercise; `ref`, which is put at the end.
    """
    pieces = LANGUAGES[_language(language)]
    values = _values(pieces, worry, params)
    opening = pieces.drill if str(params.get("drill", 0)) == "1" else ""
    if kind is MessageKind.ALERT:
        opening += (pieces.again if _ordinal(params) > 1 else pieces.first).format_map(values)
    text = _pattern(pieces, kind, params).format_map(values)
    if not opening or opening == pieces.drill:
        text = text[:1].upper() + text[1:]
    return with_ref(opening + text, str(params.get("ref", "")))


def template(kind: MessageKind, worry: str, language: str, params: Params) -> str:
    """Name the approved template that says the same, for carriers that take only those."""
    parts = [kind.value]
    if kind is MessageKind.ALERT:
        parts += [_worry(worry, params), _reason(params)]
    if kind is MessageKind.GOOD_NEWS and _family(worry) in ZH.eased:
        parts += [_family(worry)]
    if _variant(kind, params) in ZH.variants:
        parts += [str(params["of"])]
    if kind is MessageKind.ANSWER:
        parts += [str(params.get("answer", "noted"))]
        parts += [str(params["of"])] if "of" in params else []
    return ".".join([*parts, _language(language)])


def with_ref(text: str, ref: str) -> str:
    """Put a message's own code at its end, once, so that the carrier's list can be searched."""
    if not ref or text.endswith(f" #{ref}"):
        return text
    return f"{text} #{ref}"


def signed(text: str, signature: str) -> str:
    """Put the sender's name before a text: in brackets, as carriers want it before Chinese."""
    if not signature:
        return text
    return f"{signature}: {text}" if text.isascii() else f"【{signature}】{text}"


def weight(worry: str) -> str:
    """Tell how heavy a worry is: `bell`, `life` or `upkeep`. One not known yet is `life`."""
    if worry in BELL_KINDS:
        return "bell"
    known = _family(worry) in ZH.worries
    return "life" if worry in LIFE_KINDS or not known else "upkeep"


def _pattern(pieces: Language, kind: MessageKind, params: Params) -> str:
    if kind is not MessageKind.ANSWER:
        return pieces.variants.get(_variant(kind, params), pieces.messages[kind])
    noted = pieces.answers["noted"]
    answer = str(params.get("answer", ""))
    if answer == "recorded":
        return pieces.recorded.get(str(params.get("of", "")), noted)
    return pieces.answers.get(answer, noted)


def _worry(worry: str, params: Params) -> str:
    """Give the key of what a worry is called: a flow is an open tap or a burst pipe by its size."""
    told = f"{_family(worry)}.{params.get('flow', '')}"
    return told if told in ZH.worries else _family(worry)


def _variant(kind: MessageKind, params: Params) -> str:
    return f"{kind}.{params.get('of', '')}"


def _values(pieces: Language, worry: str, params: Params) -> dict[str, str]:
    at = _clean(params.get("pressed_at", ""))
    plain = {"code": _clean(params.get("code", "")), "at": at, "ordinal": str(_ordinal(params))}
    absent = 0 if plain["code"] else 1
    place = pieces.area if _family(worry) in _OF_AREAS else pieces.home
    known = pieces.worries if at else {**pieces.worries, **pieces.timeless}
    codes = _clean(params.get("codes", ""))
    said = {
        "home": place[absent],
        "yours": pieces.yours[absent],
        "it": pieces.it[absent],
        "worry": known.get(_worry(worry, params), pieces.other),
        "eased": pieces.eased.get(_family(worry), pieces.eased[""]),
        "reason": pieces.reasons.get(_reason(params), ""),
        "urge": pieces.urge[weight(worry)],
        "how": pieces.how[weight(worry)],
    }
    return {name: text.format_map(plain) for name, text in said.items()} | {
        "by": pieces.roles.get(str(params.get("by", "")), pieces.someone),
        "until": _clean(params.get("until", "")),
        "codes": f" {codes}" if codes else "",
        "used": _clean(params.get("used_at", "")),
        "count": _clean(params.get("count", "")),
        "ordinal": plain["ordinal"],
    }


def _language(language: str) -> str:
    short = language.replace("_", "-").split("-", 1)[0].casefold()
    return short if short in LANGUAGES else DEFAULT_LANGUAGE


def _family(worry: str) -> str:
    return worry.partition(":")[0]


def _reason(params: Params) -> str:
    reason = str(params.get("reason", "first"))
    return reason if reason in ZH.reasons else "first"


def _ordinal(params: Params) -> int:
    ordinal = str(params.get("ordinal", 1))
    return int(ordinal) if ordinal.isdecimal() else 1


def _clean(value: str | int) -> str:
    """Make a parameter harmless: one line, no signature brackets, short."""
    kept = (" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in str(value))
    text = "".join(sign for sign in kept if sign not in "【】")
    return " ".join(text.split())[:LONGEST_PARAM]

"""Understands what a person wrote back: an answer, the code of an alert, days of absence.

Rule 1. A digit or a short word, with or without the code, in either order: "1", "1 4821",
        "4821收到", "going 4821".
Rule 2. Two answers, two codes, or a word we do not know make the whole unclear: asking once more
        is cheaper than a wrong "safe". "不平安" and "not safe" are words we do not know.
Rule 3. A question is no answer: "safe?" is unclear.
Rule 4. A code has four or six digits. A number of four or six is a code as it stands; one of five
        or seven is a code and an answer written together, if only one of its ends is an answer:
        "14826" is 1 and 4826, "14821" is unclear. No other number is parted.
Rule 5. YES, START, STOP, END, QUIT and CANCEL belong to the carriers, and are never an answer.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from meterwatch.domain.notification import Answer


@dataclass(frozen=True, slots=True)
class Understood:
    """What a reply says. `code` stands even if the answer is unclear; `days` only with AWAY.

    `by_digit` tells "1" from "got it": only a digit answers a question that offered digits.
    """

    answer: Answer
    code: str | None = None
    days: int | None = None
    by_digit: bool = field(default=False, compare=False)


DIGITS: Mapping[str, Answer] = {
    "1": Answer.ACKNOWLEDGE,
    "2": Answer.GOING,
    "3": Answer.SAFE,
    "4": Answer.CANNOT,
}

_PHRASES: Mapping[Answer, str] = {
    Answer.ACKNOWLEDGE: (
        "收到 已收到 收到了 知道 知道了 我知道了 好 好的 行 可以 明白 接单 我来处理"
        "|ok|okay|got it|i got it|have it|i have it|received|ack|roger"
    ),
    Answer.GOING: (
        "出发 已出发 出发了 我出发了 已经出发 马上去 马上到 我去 我去看看 在路上 正在路上 前往"
        "|going|i am going|im going|go|on my way|omw|on the way"
    ),
    Answer.SAFE: (
        "平安 已平安 平安无事 人平安 老人平安 人没事 老人没事 安全 人安全"
        "|safe|all safe|is safe|he is safe|she is safe|hes safe|shes safe|all well|is well"
    ),
    Answer.CANNOT: (
        "无法 无法前往 我无法前往 去不了 我去不了 不能去 没空 没时间 来不及 不在本地"
        "|cannot|can not|cant|i cannot|i cant|cannot go|cant go|i cannot go|i cant go|unable"
    ),
    Answer.AWAY: "离家 外出 出门 不在家 离家外出|away|on holiday",
    Answer.CANCEL_AWAY: "在家 回家 回来了 已回家 已回来 到家 到家了|home|back|back home|at home",
}
_WORDS: Mapping[str, Answer] = {
    phrase: answer
    for answer, phrases in _PHRASES.items()
    for chinese, *english in [phrases.split("|")]
    for phrase in (*chinese.split(), *english)
}
_ACKNOWLEDGED = tuple(word for word, answer in _WORDS.items() if answer is Answer.ACKNOWLEDGE)
_TRADITIONAL = str.maketrans("無發離時間來處單們", "无发离时间来处单们")
_COURTESY = re.compile(
    r"编号|回复|谢谢|多谢|您好|你好|号"
    r"|\b(?:reply|code|alert|thanks|thank you|please|pls|hi|hello)\b"
)
_CIRCLED = re.compile(r"[①-④]")
# Quoted from the end of our own text: six letters and digits, some of each.
_OUR_REF = re.compile(r"#(?=[0-9]*[a-z])(?=[a-z]*[0-9])[0-9a-z]{6}\b")
_DAYS = re.compile(r"([0-9]{1,2}|[一二两三四五六七八九十]) *(?:天|日|days?\b)")
_CHINESE_DAYS = {sign: number for number, sign in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_TOKEN = re.compile(r"[0-9]+|[^\W0-9_]+")
_CODE_LENGTHS = (4, 6)  # six where very many alerts stand at once
_LONGEST = 200
_UNCLEAR = Understood(Answer.UNCLEAR)


def understand(text: str) -> Understood:
    """Read a reply; whatever is written, something comes back and nothing is raised."""
    plain = _plain(text)
    if len(plain) > _LONGEST:
        return _UNCLEAR
    plain, days = _take_days(plain)
    tokens = _TOKEN.findall(plain)
    numbers = [token for token in tokens if token[0] in "0123456789"]
    code, digits = _split(numbers)
    if code == "" or "?" in plain:
        return Understood(Answer.UNCLEAR, code or None)
    said = _said(" ".join(token for token in tokens if token not in numbers))
    if said is Answer.AWAY:
        return _away(code, digits, days)
    answers = {DIGITS.get(digit, Answer.UNCLEAR) for digit in digits}
    answers |= {said} if said else set()
    if len(answers) != 1 or days is not None:
        return Understood(Answer.UNCLEAR, code)
    return Understood(answers.pop(), code, by_digit=not said)


def _said(phrase: str) -> Answer | None:
    """Look a phrase up; "ok" before another answer is mere courtesy. None: nothing was said."""
    if not phrase or phrase in _WORDS:
        return _WORDS.get(phrase)
    rests = (phrase.removeprefix(f"{ack} ") for ack in _ACKNOWLEDGED)
    return next((_WORDS[rest] for rest in rests if rest in _WORDS), Answer.UNCLEAR)


def _plain(text: str) -> str:
    """Fold widths, case and old characters; drop apostrophes, courtesies and our own code."""
    apart = _CIRCLED.sub(r" \g<0> ", text[: 2 * _LONGEST])
    folded = unicodedata.normalize("NFKC", apart).casefold().translate(_TRADITIONAL)
    folded = re.sub(r"['’`]", "", folded)
    return _COURTESY.sub(" ", _OUR_REF.sub(" ", folded))


def _take_days(plain: str) -> tuple[str, int | None]:
    found = _DAYS.findall(plain)
    if len(found) != 1:
        return plain, None
    days = _CHINESE_DAYS.get(found[0]) or int(found[0])
    return _DAYS.sub(" ", plain), days


def _split(numbers: list[str]) -> tuple[str | None, list[str]]:
    """Tell the code (None: there is none, "": there are several) from the other numbers."""
    codes = {number for number in numbers if len(number) in _CODE_LENGTHS}
    digits = [number for number in numbers if len(number) < min(_CODE_LENGTHS)]
    for glued in (n for n in numbers if len(n) > min(_CODE_LENGTHS) and n not in codes):
        code, digit = _unglue(glued)
        codes.add(code)
        digits.append(digit)
    if len(codes) > 1 or "" in codes:
        return "", digits
    return (codes.pop() if codes else None), digits


def _unglue(number: str) -> tuple[str, str]:
    """Part "14826" into 1 and 4826, if there is only one way to part it."""
    front, back = number[0] in DIGITS, number[-1] in DIGITS
    if len(number) - 1 not in _CODE_LENGTHS or front == back:
        return "", ""
    return (number[1:], number[0]) if front else (number[:-1], number[-1])


def _away(code: str | None, digits: list[str], days: int | None) -> Understood:
    said = [int(digit) for digit in digits] + ([days] if days is not None else [])
    if len(said) > 1:
        return Understood(Answer.UNCLEAR, code)
    return Understood(Answer.AWAY, code, said[0] if said else None)

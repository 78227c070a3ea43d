"""Reads one cell: a text becomes a value, or a sentence that says how to mend it."""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from meterwatch import gateways
from meterwatch.domain.household import Grade
from meterwatch.gateways.base import LITRES_PER_UNIT
from meterwatch.pipeline.import_homes.remarks import Unfit

REGION = "CN"  # where a number without a country code is
MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
FORMULA_SIGNS = ("=", "+", "-", "@")
EARLIEST_BIRTH, EARLIEST_CONSENT = 1890, 1990
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_MARKS = " \t\r\n\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u2060\ufeff"
_PHONE = re.compile(r"\+?[\d\s().-]{1,39}")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_EUI = re.compile(r"[0-9A-Fa-f]{16}")
# With its sign: an address such as 1234E567 may be meant, and a spreadsheet writes 1.234E+570.
_POWER = re.compile(r"\d+([.,]\d+)?E\+\d+", re.IGNORECASE)
_TRUE = {"yes", "y", "true", "1", "是", "有", "对", "√"}
_FALSE = {"no", "n", "false", "0", "否", "无", "不是", "×"}
_GRADES = {
    **{grade.value: grade for grade in Grade},
    "红": Grade.RED,
    "黄": Grade.YELLOW,
    "绿": Grade.GREEN,
    "红色": Grade.RED,
    "黄色": Grade.YELLOW,
    "绿色": Grade.GREEN,
}
_UNITS = {unit.casefold(): unit for unit in LITRES_PER_UNIT} | {
    "升": "L",
    "m³": "m3",
    "立方米": "m3",
}
_LANGUAGES = {"zh": "zh", "en": "en", "中文": "zh", "英文": "en"}


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where the file is read: dates are local, and none lies ahead."""

    now: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as it is kept, and whether a text message reaches it."""

    number: str
    can_text: bool


Read = Callable[[str, Moment], Any]


def tidy(raw: str) -> str:
    """Make every blank an ordinary one, and take blanks and invisible marks off both ends."""
    composed = unicodedata.normalize("NFC", raw).replace("\u3000", " ").replace("\xa0", " ")
    return composed.strip(_MARKS)


def unseen(cell: str) -> str:
    """Give the first sign that does something without being seen, or nothing.

    Rare characters of names may be unknown to this Python: they are seen, and they stay.
    """
    return next((sign for sign in cell if unicodedata.category(sign) in _UNSEEN), "")


def check_text(cell: str, limit: int, *, formulas: bool) -> None:
    """Refuse what no cell may hold: signs of control, too much text; and formulas, where they would
    be taken for text.
    """
    sign = unseen(cell)
    if sign:
        shown = f"U+{ord(sign):04X}"
        raise Unfit(
            f"含有看不见的控制字符 {shown}(换行也算),请删掉",
            f"has the invisible sign {shown} in it (a line break is one); delete it",
        )
    if len(cell) > limit:
        raise Unfit(
            f"有 {len(cell)} 个字,最多 {limit} 个",
            f"has {len(cell)} characters; {limit} is the most",
        )
    first = unicodedata.normalize("NFKC", cell[:1])  # some spreadsheets take a wide ＝ for =
    if not formulas and first.startswith(FORMULA_SIGNS):
        raise Unfit(
            f"以 {cell[0]} 开头,会被当成公式,请去掉开头的 {cell[0]}",
            f"begins with {cell[0]}, which spreadsheets take for a formula; take it off",
        )


def text(cell: str, _moment: Moment) -> str:
    """Take a text as it is."""
    return cell


def code(cell: str, _moment: Moment) -> str:
    """Take the number or name of a thing as it is, unless a spreadsheet made a power of it."""
    if _POWER.fullmatch(unicodedata.normalize("NFKC", cell)):
        raise _turned(cell)
    return cell


def _turned(cell: str) -> Unfit:
    return Unfit(
        f"被表格软件改成了 {cell},请把这一列设为“文本”再重填",
        f"was turned into {cell} by a spreadsheet; format the column as text and fill it again",
    )


def address(cell: str, moment: Moment) -> str:
    """Read a device address; a 16-digit EUI is kept in lower case, as it is heard."""
    code(cell, moment)
    if not cell.isprintable():
        raise Unfit("含有不能打印的字符", "has unprintable characters in it")
    return cell.lower() if _EUI.fullmatch(cell) else cell


def words(cell: str, _moment: Moment) -> str:
    """Read several words with a stroke between them, as they are kept: with commas."""
    return ",".join(word for word in re.split(r"[,;/\s\uff0c\u3001\uff1b]+", cell) if word)


def boolean(cell: str, _moment: Moment) -> bool:
    """Read a yes or a no."""
    word = cell.casefold()
    if word not in _TRUE | _FALSE:
        raise Unfit(f"写“是”或“否”,不是 {cell!r}", f"write yes or no, not {cell!r}")
    return word in _TRUE


def one_of(words: dict[str, Any], zh: str, en: str) -> Read:
    """Make the reader of a column that takes a few words only."""

    def read(cell: str, _moment: Moment) -> Any:
        if cell.casefold() not in words:
            raise Unfit(f"{zh},不是 {cell!r}", f"{en}, not {cell!r}")
        return words[cell.casefold()]

    return read


grade = one_of(_GRADES, "写 红、黄 或 绿", "write red, yellow or green")
unit = one_of(_UNITS, "写 L 或 m3", "write L or m3")
language = one_of(_LANGUAGES, "写 zh 或 en", "write zh or en")


def gateway(cell: str, _moment: Moment) -> str:
    """Read the name of a gateway."""
    names = [one.name for one in gateways.known()]
    if cell.casefold() not in names:
        listed = ", ".join(names)
        raise Unfit(f"没有这种网关;可写 {listed}", f"no such gateway; there are {listed}")
    return cell.casefold()


def whole(least: int, most: int) -> Read:
    """Make the reader of a whole number between two others."""

    def read(cell: str, _moment: Moment) -> int:
        digits = unicodedata.normalize("NFKC", cell)
        if not (re.fullmatch(r"\d{1,9}(\.0)?", digits) and least <= float(digits) <= most):
            raise Unfit(
                f"要写 {least} 到 {most} 的整数,不是 {cell[:40]!r}",
                f"must be a whole number from {least} to {most}, not {cell[:40]!r}",
            )
        return int(float(digits))

    return read


def between(least: float, most: float) -> Read:
    """Make the reader of a number between two others."""

    def read(cell: str, _moment: Moment) -> float:
        value = _number(cell)
        if not least <= value <= most:
            raise Unfit(
                f"要写 {least:g} 到 {most:g} 的数字,不是 {cell[:40]!r}",
                f"must be a number from {least:g} to {most:g}, not {cell[:40]!r}",
            )
        return value

    return read


def _number(cell: str) -> float:
    try:
        return float(unicodedata.normalize("NFKC", cell))
    except ValueError:
        return math.nan


def decimal(most: float) -> Read:
    """Make the reader of a number greater than zero."""

    def read(cell: str, _moment: Moment) -> float:
        value = _number(cell)
        if not 0 < value <= most:
            raise Unfit(
                f"要写大于 0、不超过 {most:g} 的数字,不是 {cell[:40]!r}",
                f"must be a number above 0 and at most {most:g}, not {cell[:40]!r}",
            )
        return value

    return read


def birth_year(cell: str, moment: Moment) -> int:
    """Read the year somebody was born in."""
    year: int = whole(EARLIEST_BIRTH, moment.now.astimezone(moment.zone).year)(cell, moment)
    return year


def date(cell: str, moment: Moment) -> datetime:
    """Read a day, or a moment, of the past; a day is its first minute in the local zone."""
    try:
        found = _DATE.fullmatch(cell)
        at = datetime(*map(int, found.groups())) if found else datetime.fromisoformat(cell)  # type: ignore[arg-type]  # noqa: DTZ001  # the zone comes next
        at = (at if at.tzinfo else at.replace(tzinfo=moment.zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit(
            f"写成 2026-03-01 的样子,不是 {cell[:40]!r}",
            f"write it like 2026-03-01, not {cell[:40]!r}",
        ) from None
    if not (at.year >= EARLIEST_CONSENT and at <= moment.now):
        raise Unfit("日期在将来,或早于 1990 年", "is in the future, or before 1990")
    return at


def phone(cell: str, _moment: Moment) -> Phone:
    """Read a telephone number; one without a country code is Chinese."""
    return _phone(unicodedata.normalize("NFKC", cell))


@lru_cache(maxsize=4096)
def _phone(raw: str) -> Phone:
    if re.fullmatch(r"\d+(\.\d+)?E\+?\d+", raw, re.IGNORECASE):
        raise _turned(raw)
    number = _parsed(raw)
    if number is None or not phonenumbers.is_valid_number(number):
        raise Unfit(
            "不是有效的电话号码:手机 11 位,固定电话要带区号,国外号码以 + 和国家代码开头",
            "is not a valid telephone number: a mobile has 11 digits, a landline needs its area "
            "code, a number abroad begins with + and the country code",
        )
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Phone(e164, phonenumbers.number_type(number) in MOBILE)


def _parsed(raw: str) -> phonenumbers.PhoneNumber | None:
    if not _PHONE.fullmatch(raw):
        return None
    try:
        return phonenumbers.parse(raw, REGION)
    except phonenumbers.NumberParseException:
        return None

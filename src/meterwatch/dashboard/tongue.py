"""One reader's language and the deployment's zone: how numbers, times and sentences are said.

English texts are the keys of the catalogue in `locale`. Spoken in templates as `_()` and in code
as `tongue.say(...)`; `mark(...)` names a text that is said later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

LOCALE_FOLDER = Path(__file__).resolve().parents[1] / "locale"
DEFAULT_LANGUAGE = "zh"
_LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB"}  # British: a 24-hour clock
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_HTML = {"zh": "zh-CN", "en": "en"}


def mark(text: str) -> str:
    """Name a text for the catalogue."""
    return text


@dataclass(frozen=True, slots=True)
class Tongue:
    """How things are said in one language."""

    language: str
    zone: ZoneInfo
    translations: NullTranslations
    locale: Locale

    @property
    def html(self) -> str:
        """The language as `<html lang>` wants it."""
        return _HTML[self.language]

    def say(self, text: str, **values: object) -> str:
        """Say a text of the catalogue with its values."""
        said = self.translations.ugettext(text)
        return said % values if values else said

    def number(self, value: float) -> str:
        """Write a number with one digit behind the point at most."""
        return format_decimal(value, format="#,##0.#", locale=self.locale)

    def count(self, one: str, many: str, num: int) -> str:
        """Say a number of things."""
        return self.translations.ungettext(one, many, num) % {"num": num}

    def span(self, length: timedelta) -> str:
        """Say how long something is, in at most two units."""
        seconds = max(int(length.total_seconds()), 0)
        if seconds < _MINUTE:
            return self.count("%(num)s second", "%(num)s seconds", seconds)
        parts = [
            (seconds // _DAY, self.count("%(num)s day", "%(num)s days", seconds // _DAY)),
            (hours := seconds % _DAY // _HOUR, self.count("%(num)s hour", "%(num)s hours", hours)),
            (
                minutes := seconds % _HOUR // _MINUTE,
                self.count("%(num)s minute", "%(num)s minutes", minutes),
            ),
        ]
        first = next(index for index, (number, _) in enumerate(parts) if number)
        return " ".join(said for number, said in parts[first : first + 2] if number)

    def hours(self, count: float) -> str:
        """Say how long a number of hours is."""
        return self.span(timedelta(hours=count))

    def ago(self, moment: datetime, now: datetime) -> str:
        """Say how long ago something was."""
        if now - moment < timedelta(seconds=2):
            return self.say("just now")
        return self.say("%(span)s ago", span=self.span(now - moment))

    def at(self, moment: datetime, now: datetime) -> str:
        """Write a moment as short as today allows: 14:02, or 11-20 14:02."""
        here, today = moment.astimezone(self.zone), now.astimezone(self.zone)
        if here.date() == today.date():
            return f"{here:%H:%M}"
        return f"{here:%m-%d %H:%M}" if here.year == today.year else f"{here:%Y-%m-%d %H:%M}"

    def clock(self, moment: datetime) -> str:
        """Write the time of day to the second."""
        return f"{moment.astimezone(self.zone):%H:%M:%S}"

    def timer(self, length: timedelta) -> str:
        """Write a running time as a clock would: 07:42, 3:07:42, 2 d 03:07:42."""
        seconds = max(int(length.total_seconds()), 0)
        days, seconds = divmod(seconds, _DAY)
        hours, seconds = divmod(seconds, _HOUR)
        minutes, seconds = divmod(seconds, _MINUTE)
        if days:
            return f"{days}{self.say('d ')}{hours:02}:{minutes:02}:{seconds:02}"
        if hours:
            return f"{hours}:{minutes:02}:{seconds:02}"
        return f"{minutes:02}:{seconds:02}"

    def full(self, moment: datetime) -> str:
        """Write a moment in full."""
        return format_datetime(moment, "medium", tzinfo=self.zone, locale=self.locale)

    def field(self, moment: datetime | None) -> str:
        """Write a moment as the value of a form's field."""
        return f"{moment.astimezone(self.zone):%Y-%m-%dT%H:%M}" if moment else ""


def tongues(zone: ZoneInfo) -> dict[str, Tongue]:
    """Give every language, by its short name."""
    return {
        name: Tongue(name, zone, _translations(code), Locale.parse(code))
        for name, code in _LOCALES.items()
    }


def _translations(code: str) -> NullTranslations:
    return Translations.load(LOCALE_FOLDER, [code])

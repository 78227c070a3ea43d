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
from babel.units import format_unit

LOCALE_FOLDER = Path(__file__).resolve().parents[1] / "locale"
DEFAULT_LANGUAGE = "zh"
_LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB"}  # British: a 24-hour clock
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

    def span(self, length: timedelta) -> str:
        """Say how long something is, in at most two units."""
        minutes = max(int(length.total_seconds() // 60), 0)
        if minutes == 0:
            return self._unit(max(int(length.total_seconds()), 0), "second")
        days, rest = divmod(minutes, 24 * 60)
        parts = [(days, "day"), (rest // 60, "hour"), (rest % 60, "minute")]
        first = next(index for index, (count, _) in enumerate(parts) if count)
        return " ".join(self._unit(n, unit) for n, unit in parts[first : first + 2] if n)

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
        days, seconds = divmod(seconds, 86_400)
        hours, seconds = divmod(seconds, 3_600)
        minutes, seconds = divmod(seconds, 60)
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

    def _unit(self, count: int, unit: str) -> str:
        return format_unit(count, f"duration-{unit}", length="long", locale=self.locale)


def tongues(zone: ZoneInfo) -> dict[str, Tongue]:
    """Give every language, by its short name."""
    return {
        name: Tongue(name, zone, _translations(code), Locale.parse(code))
        for name, code in _LOCALES.items()
    }


def _translations(code: str) -> NullTranslations:
    return Translations.load(LOCALE_FOLDER, [code])

"""Writes the pages: one set of templates a language, everything escaped unless it is ours."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from meterwatch.dashboard import codes, timeline, words
from meterwatch.dashboard.tongue import Tongue
from meterwatch.store.views.usage import Hour

FOLDER = Path(__file__).resolve().parent / "templates"


class Paper:
    """The templates, ready in every language."""

    def __init__(self, tongues: Mapping[str, Tongue]) -> None:
        self._environments = {name: _environment(tongue) for name, tongue in tongues.items()}

    def write(self, template: str, tongue: Tongue, now: datetime, **values: Any) -> str:
        """Fill in a template."""
        page = self._environments[tongue.language].get_template(template)
        return page.render(t=tongue, now=now, **values)


def _environment(tongue: Tongue) -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(  # type: ignore[attr-defined]  # added by the extension
        tongue.translations, newstyle=True
    )
    made.globals |= {"codes": codes, "severity": words.severity, "said_codes": _SAID}
    made.filters |= {
        "stamp": _stamp,
        "span": tongue.span,
        "number": tongue.number,
        "kind": lambda code: words.kind(tongue, code),
        "title_of": lambda alert: words.title(tongue, alert),
        "masked": masked,
        "as_json": lambda value: json.dumps(value, separators=(",", ":")),
    }
    made.filters["clock"] = tongue.timer
    made.filters["chart"] = lambda hours: drawn(tongue, hours)
    made.filters["pressing"] = _pressing
    made.filters["readable"] = readable
    made.filters["reply_to"] = reply_to
    made.filters["code"] = lambda code, names: codes.name(tongue, names, code)
    made.filters["next_step"] = _next_step
    made.filters["why"] = _why
    return made


_SAID = codes.DONE.keys() | codes.NOT_ALLOWED.keys()


@pass_context
def _stamp(context: Context, moment: datetime | None) -> Markup:
    """Write a moment short, with the whole of it for those who point at it."""
    if moment is None:
        return Markup("–")
    tongue: Tongue = context["t"]
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(), tongue.full(moment), tongue.at(moment, context["now"])
    )


@pass_context
def _pressing(context: Context, alert: Any) -> Any:
    return timeline.pressing(context["t"], alert, context["now"])


@pass_context
def _next_step(context: Context, alert: Any) -> str:
    return timeline.next_step(context["t"], alert, context["now"])


@pass_context
def _why(context: Context, row: Any) -> str:
    return words.why(context["t"], row, context["now"])


def reply_to(text: str) -> str:
    """Suggest a reply to a message: "I have it", with the code that it names.

    >>> reply_to("编号1798住户水一直在流"), reply_to("谢谢")
    ('1 1798', '')
    """
    code = re.search(r"(?<!\d)\d{4}(?!\d)", text)
    return f"1 {code.group()}" if code else ""


def readable(payload: bytes, most: int = 600) -> str:
    """Show bytes as text; what is not text shows as its code."""
    text = payload[:most].decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)


def drawn(tongue: Tongue, hours: Sequence[Hour]) -> dict[str, Any]:
    """Give the hours as the chart wants them, its words and labels in the reader's language."""
    local = [hour.start.astimezone(tongue.zone) for hour in hours]
    return {
        "labels": [f"{at:%m-%d %H:00}" for at in local],
        "ticks": [
            [index, f"{at:%m-%d}" if at.hour == 0 else f"{at:%H}:00", at.hour]
            for index, at in enumerate(local)
            if at.hour % 6 == 0
        ],
        "litres": [hour.litres for hour in hours],
        "usual": [hour.usual for hour in hours],
    }


def masked(phone: str) -> str:
    """Hide the middle of a number.

    >>> masked("+8613800138000"), masked("12345")
    ('+86138****8000', '1***5')
    """
    if len(phone) < 8:  # noqa: PLR2004  # a hotline
        return f"{phone[:1]}***{phone[-1:]}"
    return f"{phone[:-8]}****{phone[-4:]}"

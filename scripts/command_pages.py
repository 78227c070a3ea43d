"""Writes docs/reference/commands.md from the commands themselves.

Run it after every change of a command: `make pages`. The tests fail where the page is not current.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from meterwatch.commands import COMMANDS, Listed

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "commands.md"
HEAD = """\
# Commands / 命令

`meterwatch COMMAND --help` says the same on the screen. Every command ends with 0 if it did what
was asked; where it did not, it says why and ends with 1, or with 2 where the command line or the
settings are wrong (`run`: 78 for wrong settings and missing tables, which tells a supervisor not to
try again). A command that needs the settings reads them as [settings](settings.md) describes.

`meterwatch COMMAND --help` 在屏幕上显示同样的内容。成功时退出码为 0;没有做成时说明原因,退出码为 1,
命令行或设置有错时为 2(`run` 的设置有错或还没建表时为 78)。

This page is written by `make pages`.
"""
_BEYOND_ALL = 1e6  # a bound as large as this is no news to anybody
EXAMPLE = re.compile(r"例 / [Ee]xample:\s+(.+)")


def there() -> tuple[Listed, ...]:
    """List the commands that this version has."""
    return tuple(listed for listed in COMMANDS if find_spec(listed.module))


def page() -> str:
    """Write the whole page."""
    chapters = (text for listed in there() for text in chapter(listed.name, listed.load()))
    return "\n".join([HEAD, *_contents(), *chapters])


def chapter(name: str, command: Any) -> Iterator[str]:
    """Describe one command, and after it those below it."""
    said, example = _help(command)
    below: dict[str, Any] = getattr(command, "commands", {})
    depth = "###" if " " in name else "##"
    yield f"{depth} {name}\n\n{said}\n"
    if below:
        for each, lower in below.items():
            yield from chapter(f"{name} {each}", lower)
        return
    yield f"```sh\n{example}\n```\n"
    rows = [row(place) for place in command.params if not _hidden(place)]
    if rows:
        yield "\n".join(["| | default | |", "|---|---|---|", *rows]) + "\n"


def row(place: Any) -> str:
    """Describe one argument or option as a row of a table."""
    names = [place.metavar or place.name.upper()] if _is_argument(place) else options(place)
    shown = " · ".join(f"`{name}`" for name in names)
    panel = getattr(place, "rich_help_panel", None)
    said = " ".join(f"{panel}: {place.help}".split() if panel else (place.help or "").split())
    safe = said.replace("|", r"\|")
    return f"| {shown} | {_default(place)} | {safe}{_bounds(place)} |"


def _contents() -> Iterable[str]:
    yield from (f"- [`{each.name}`](#{each.name}) {each.said}" for each in there())
    yield ""


def _help(command: Any) -> tuple[str, str]:
    """Part a command's help into its sentences and its example."""
    text = " ".join(command.help.split())
    found = EXAMPLE.search(text)
    if found is None:
        raise ValueError(f"{command.name}: its help has no example")
    return text[: found.start()].strip(), found[1].strip()


def _is_argument(place: Any) -> bool:
    return not any(name.startswith("-") for name in place.opts)


def _hidden(place: Any) -> bool:
    return bool(place.hidden) or place.name == "help"


def options(place: Any) -> list[str]:
    """Give the ways in which one option may be written."""
    return [*place.opts, *place.secondary_opts]


def _default(place: Any) -> str:
    default = place.default
    if place.required:
        return "needed"
    if isinstance(place.show_default, str):
        return f"`{place.show_default}`"
    if isinstance(default, Enum):
        default = default.value
    if default is None or default == "" or isinstance(default, bool):
        return f"`{place.opts[0]}`" if default is True else ""
    return f"`{default}`"


def _bounds(place: Any) -> str:
    if isinstance(place.default, Enum):
        return " (" + ", ".join(f"`{each.value}`" for each in type(place.default)) + ")"
    low, high = getattr(place, "min", None), getattr(place, "max", None)
    if low is None:
        return ""
    bounded = high is not None and high < _BEYOND_ALL
    return f" ({low:,g} to {high:,g})" if bounded else f" (at least {low:,g})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

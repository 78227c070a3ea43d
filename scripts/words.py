"""Collects what the console says, brings the catalogues up to date and compiles them.

Run it after every change of a text: `make words`. A text without Chinese is named, and is a
failure of the tests.
"""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
SPOKEN = ROOT / "src" / "meterwatch" / "dashboard"
LOCALE = ROOT / "src" / "meterwatch" / "locale"
LANGUAGE = "zh_Hans_CN"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
HEAD = "# What the console says in Simplified Chinese. After a change: make words"
KEYWORDS = {
    "_": None,
    "say": None,
    "mark": None,
    "gettext": None,
    "ngettext": (1, 2),
    "count": (1, 2),
}


def spoken() -> Catalog:
    """Collect every text that the console says."""
    found = Catalog()
    texts = extract_from_dir(SPOKEN, METHODS, OPTIONS, KEYWORDS)
    for file, _line, message, comments, context in texts:
        found.add(message, None, [(Path(file).as_posix(), 0)], (), comments, context=context)
    return found


def folder(language: str) -> Path:
    """Give the folder of one language's catalogue."""
    return LOCALE / language / "LC_MESSAGES"


def read(language: str) -> Catalog:
    """Read the catalogue of a language; an empty one if there is none yet."""
    path = folder(language) / "messages.po"
    if not path.exists():
        return Catalog(locale=language)
    catalog = read_po(io.BytesIO(path.read_bytes()), locale=language)
    catalog.project, catalog.version = "meterwatch", ""
    catalog.header_comment = HEAD
    catalog.fuzzy = False
    return catalog


def compiled(catalog: Catalog) -> bytes:
    """Compile a catalogue."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def refresh(language: str) -> list[str]:
    """Bring a catalogue up to date, compile it, and name the texts that it does not have."""
    catalog = read(language)
    found = spoken()
    found.creation_date = catalog.creation_date  # nothing changes where no text changed
    catalog.update(found, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    out = io.BytesIO()
    write_po(out, catalog, no_location=True, omit_header=False, sort_output=True, width=100)
    folder(language).mkdir(parents=True, exist_ok=True)
    (folder(language) / "messages.po").write_bytes(out.getvalue())
    (folder(language) / "messages.mo").write_bytes(compiled(catalog))
    return missing(catalog)


def missing(catalog: Catalog) -> list[str]:
    """Name the texts of a catalogue that are not translated, or lost a value on the way."""
    return [
        str(m.id)
        for m in catalog
        if m.id and (not m.string or not all(m.string) or m.fuzzy or m.check(catalog))
    ]


if __name__ == "__main__":
    without = refresh(LANGUAGE)
    for text in without:
        print(f"not right in {LANGUAGE}: {text}")
    raise SystemExit(bool(without))

"""The documentation says what the code does, and every road in it leads somewhere."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meterwatch import gateways
from meterwatch.config.template import tables
from meterwatch.detectors import DETECTORS
from meterwatch.notify import PROVIDERS
from scripts import command_pages, diagrams

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
HOUSE = ROOT / "src" / "meterwatch"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
# Recipes name files that their reader is about to make.
SETTLED = [page for page in PAGES if not page.name.startswith("add-a-")]
CODE = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Names kept for examples, this machine, and the two conventions that the changelog follows.
HOSTS = {"watch.example.org", "127.0.0.1", "keepachangelog.com", "semver.org"}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
COMMANDS = {listed.name: listed.load() for listed in command_pages.there()}


def said(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def called(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def reference(name: str) -> str:
    return said(DOCS / "reference" / f"{name}.md")


def slugs(text: str) -> set[str]:
    """Give the anchors of a page's headings as the usual renderers make them."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", text), flags=re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.strip().lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def shell_lines(text: str) -> Iterator[list[str]]:
    """Give the commands of a page's shell blocks, split as the shell does."""
    for language, block in CODE.findall(text):
        if language in {"sh", "console"}:
            for line in block.splitlines():
                yield from _split(line)


def spoken_of(text: str) -> Iterator[list[str]]:
    """Give the commands that a page's sentences name."""
    for words in re.findall(r"`((?:meterwatch|make) [^`]+)`", CODE.sub("", text)):
        yield from _split(words)


def _split(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|&;"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def asked(words: list[str]) -> list[str]:
    """Give what follows our program in a command; nothing where it is not called."""
    places = [n for n, word in enumerate(words) if word.rpartition("/")[2] == "meterwatch"]
    rest = words[places[-1] + 1 :] if places else []
    return rest if rest and re.fullmatch(r"[a-z-]+", rest[0]) else []


def options_of(command: Any) -> set[str]:
    return {"--help", *(o for place in command.params for o in command_pages.options(place))}


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    for link in LINK.findall(CODE.sub("", said(page))):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), link
        assert not anchor or anchor in slugs(said(there)), link


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_every_command_that_a_page_shows_is_there_with_its_options(page: Path) -> None:
    text = said(page)
    for words in [*shell_lines(text), *spoken_of(text)]:
        rest = asked(words)
        if not rest or rest == ["--version"]:
            continue
        assert rest[0] in COMMANDS, f"meterwatch {' '.join(rest)}"
        command: Any = COMMANDS[rest[0]]
        below = getattr(command, "commands", {})
        if below and len(rest) > 1:
            assert rest[1] in below, f"meterwatch {' '.join(rest)}"
            command = below[rest[1]]
        given = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert given <= options_of(command), f"meterwatch {' '.join(rest)}"


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_every_target_of_make_that_a_page_shows_is_there(page: Path) -> None:
    text = said(page)
    for words in [*shell_lines(text), *spoken_of(text)]:
        if words[:1] == ["make"]:
            assert words[1] in TARGETS, words


def test_the_first_page_shows_the_two_commands_and_the_way_to_a_running_service() -> None:
    lines = [words[:2] for words in shell_lines(said(ROOT / "README.md")) if words]

    assert lines[:2] == [["make", "demo"], ["make", "test"]]
    steps = [what for word, *rest in lines if word == "meterwatch" for what in rest]
    assert list(dict.fromkeys(steps)) == ["init", "migrate", "import", "run"]
    assert len(said(ROOT / "README.md").splitlines()) <= 120


@pytest.mark.parametrize("page", SETTLED, ids=called)
def test_every_file_of_ours_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(
        r"`(\w(?:[\w.-]*/)+(?:[\w.-]+\.(?:py|md|toml|sh))?)`", CODE.sub("", said(page))
    )
    for name in named:
        assert (ROOT / name).exists() or (HOUSE / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=called)
def test_no_page_names_a_host_or_a_folder_of_somebodys_machine(page: Path) -> None:
    text = said(page)
    hosts = re.findall(r"\b(?:[a-z0-9-]+\.)+(?:org|com|net|io|dev|cn)\b", text)
    hosts += re.findall(r"://([\w.-]+)", text)
    places = re.findall(r"://[\w.+-]*@([\w.-]+)", text)

    assert {host for host in [*hosts, *places] if "." in host} <= HOSTS
    assert not re.search(rf"(?<![\w./]){re.escape(str(ROOT))}\b", text)
    assert not re.search(r"(?<![\w.])/(?:home|root|Users)/", text)


def test_the_alert_table_is_drawn_as_it_is() -> None:
    page = said(diagrams.PAGE)
    assert diagrams.current(page) == page, "draw it again: make pages"


def test_a_page_without_the_marks_of_the_drawing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a line"):
        diagrams.current(f"# A page\n\n{diagrams.BEGIN}\n")


def test_the_page_of_the_commands_says_what_the_commands_say() -> None:
    assert said(command_pages.PAGE) == command_pages.page(), "write it again: make pages"


def test_every_command_has_its_chapter() -> None:
    assert set(COMMANDS) <= slugs(reference("commands"))


def test_every_detector_has_its_chapter() -> None:
    assert set(DETECTORS) <= slugs(reference("detectors"))


def test_every_gateway_has_its_row_and_its_chapter_or_page() -> None:
    text = reference("gateways")
    for gateway in gateways.known():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{gateway.name}` |"))
        own = any(slug.partition("-")[0] == gateway.name for slug in slugs(text))
        assert own or LINK.search(row), gateway.name


def test_every_provider_has_its_chapter_and_its_row() -> None:
    text = reference("providers")
    assert set(PROVIDERS) <= slugs(text)
    assert all(f"| `{name}` |" in text for name in PROVIDERS)


def test_every_setting_has_its_row() -> None:
    text = reference("settings")
    for table in tables():
        chapter = text.split(f"## `[{table.name}]`")[1].split("\n## ")[0]
        assert all(f"| `{key.name}` |" in chapter for key in table.keys), table.name


def test_the_map_of_the_house_names_every_room() -> None:
    text = said(DOCS / "architecture.md")
    rooms = {path.name for path in HOUSE.iterdir() if (path / "__init__.py").exists()}
    assert rooms
    assert all(f"`{room}/`" in text for room in rooms)


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(page.name[:4]) for page in (DOCS / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_package_shows_the_first_page() -> None:
    project = tomllib.loads(said(ROOT / "pyproject.toml"))["project"]
    assert project["readme"] == "README.md"

"""What the console says: nothing is without Chinese, and every code has a name."""

import gettext
import importlib.util
import io
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import ModuleType

import pytest

from meterwatch.dashboard import codes, timeline, words
from meterwatch.dashboard.tongue import Tongue, tongues
from meterwatch.domain.alert import TRANSITIONS, Alert, State
from meterwatch.domain.escalation import UPKEEP_POLICY
from meterwatch.domain.household import DeviceKind, Grade, Role
from meterwatch.domain.notification import Answer, Delivery, MessageKind
from meterwatch.domain.signal import LIFE_KINDS, SubjectKind
from meterwatch.domain.visit import Mode, Need, Outcome, Seen
from meterwatch.store.views.alerts import LineRow
from tests.dashboard.town import HOUR, MINUTE, NOW, SHANGHAI

ROOT = Path(__file__).resolve().parents[2]
SPOKEN = tongues(SHANGHAI)
ALERT = Alert(SubjectKind.HOUSEHOLD, 1, "bell", Grade.GREEN, NOW, NOW, NOW, policy=UPKEEP_POLICY)


@pytest.fixture(scope="module")
def catalogue() -> ModuleType:
    """Give the script that collects and compiles the texts."""
    spec = importlib.util.spec_from_file_location("words_script", ROOT / "scripts" / "words.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_every_text_of_the_console_is_in_the_chinese_catalogue(catalogue: ModuleType) -> None:
    spoken = {message.id for message in catalogue.spoken() if message.id}
    kept = {message.id for message in catalogue.read("zh_Hans_CN") if message.id}
    assert spoken == kept, "run: make words"
    assert len(spoken) > 300


def test_every_text_is_translated_and_keeps_its_values(catalogue: ModuleType) -> None:
    assert catalogue.missing(catalogue.read("zh_Hans_CN")) == []


def test_the_compiled_catalogue_is_the_written_one(catalogue: ModuleType) -> None:
    compiled = (catalogue.folder("zh_Hans_CN") / "messages.mo").read_bytes()
    made = gettext.GNUTranslations(io.BytesIO(compiled))
    for message in catalogue.read("zh_Hans_CN"):
        if isinstance(message.id, tuple):
            one, many = message.id
            assert made.ngettext(one, many, 2) == message.string[0]
        elif message.id:
            assert made.gettext(message.id) == message.string, "run: make words"


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (codes.STATES, State),
        (codes.GRADES, Grade),
        (codes.ROLES, Role),
        (codes.DEVICES, DeviceKind),
        (codes.MODES, Mode),
        (codes.SEEN, Seen),
        (codes.OUTCOMES, Outcome),
        (codes.NEEDS, Need),
        (codes.MESSAGES, MessageKind),
        (codes.DELIVERIES, Delivery),
        (codes.ANSWERS, Answer),
    ],
)
def test_every_code_has_a_name(names: codes.Names, known: type[StrEnum]) -> None:
    assert {*known} <= set(names)


def test_every_kind_of_worry_about_life_has_a_name_and_a_sentence() -> None:
    assert set(words.KINDS) >= LIFE_KINDS


def said_lines() -> Iterable[str]:
    from meterwatch.domain.signal import Condition

    yield from ("opened", "signal", "step", "skipped", "lapsed", "nobody_to_tell", "closed")
    yield from ("acknowledged", "going", "declined", "not_reached", "said_safe", "visit")
    yield "corrected"
    yield from (f"condition_{condition}" for condition in Condition)


@pytest.mark.parametrize("what", list(said_lines()))
def test_every_line_of_the_timeline_is_a_sentence(what: str) -> None:
    row = LineRow(NOW, what, "contact:1", "", {"roles": ["guardian"], "kind": "bell"})
    for tongue in SPOKEN.values():
        said = timeline.line(tongue, row, ALERT)
        assert said
        assert said != what
        assert "%(" not in said


def test_a_step_that_only_rings_here_does_not_claim_that_people_were_told() -> None:
    for step, said in ((0, "显示在值守台"), (1, "已通知:社区联系人")):
        row = LineRow(NOW, "step", "system", "", {"step": step, "roles": ["community"]})
        assert timeline.line(SPOKEN["zh"], row, ALERT) == said


def test_a_line_that_is_not_known_yet_is_shown_as_it_is() -> None:
    row = LineRow(NOW, "whistled", "system", "", {})
    assert timeline.line(SPOKEN["zh"], row, ALERT) == "whistled"


@pytest.mark.parametrize(
    ("length", "zh", "en"),
    [
        (timedelta(0), "0 秒", "0 seconds"),
        (timedelta(seconds=1), "1 秒", "1 second"),
        (MINUTE, "1 分钟", "1 minute"),
        (13 * HOUR, "13 小时", "13 hours"),
        (13 * HOUR + 20 * MINUTE + timedelta(seconds=59), "13 小时 20 分钟", "13 hours 20 minutes"),
        (49 * HOUR + MINUTE, "2 天 1 小时", "2 days 1 hour"),
        (48 * HOUR + MINUTE, "2 天", "2 days"),
        (-MINUTE, "0 秒", "0 seconds"),
    ],
)
def test_a_span_is_said_in_at_most_two_units(length: timedelta, zh: str, en: str) -> None:
    assert (SPOKEN["zh"].span(length), SPOKEN["en"].span(length)) == (zh, en)


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=462), "07:42"),
        (3 * HOUR + timedelta(seconds=5), "3:00:05"),
        (49 * HOUR + MINUTE, "2天 01:01:00"),
        (-MINUTE, "00:00"),
    ],
)
def test_a_running_time_reads_like_a_clock(length: timedelta, shown: str) -> None:
    assert SPOKEN["zh"].timer(length) == shown


def test_moments_are_told_in_the_zone_of_the_deployment_on_a_24_hour_clock() -> None:
    zh: Tongue = SPOKEN["zh"]
    assert zh.at(NOW, NOW) == "13:30"
    assert zh.at(NOW - 14 * HOUR, NOW) == "11-20 23:30"
    assert zh.at(NOW - 24 * 400 * HOUR, NOW) == "2025-10-17 13:30"
    assert zh.full(NOW) == "2026年11月21日 13:30:00"
    assert SPOKEN["en"].full(NOW) == "21 Nov 2026, 13:30:00"


def test_every_state_that_has_a_next_step_says_it() -> None:
    open_states = {state for state, _ in TRANSITIONS}
    assert set(timeline._NEXT) == set(timeline._PRESSING) == open_states

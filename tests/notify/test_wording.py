"""Every message in every language: short, lawful, without personal detail, and never failing."""

import itertools
import re
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain import signal
from meterwatch.domain.household import Role
from meterwatch.domain.notification import Answer, MessageKind
from meterwatch.notify.lint import lint, segments
from meterwatch.notify.texts.en import EN
from meterwatch.notify.texts.language import Language
from meterwatch.notify.texts.zh import ZH
from meterwatch.notify.wording import LANGUAGES, say, signed, template, weight, with_ref

WORRIES = [
    signal.BELL,
    signal.BELL_MISSED,
    signal.NO_USE,
    signal.LOW_USE,
    signal.FLAT_FLOW,
    signal.SLOW_LEAK,
    signal.METER_SILENT,
    f"{signal.HUB_SILENT}:concentrator-17",
    f"{signal.AREA_QUIET}:building:3",
    signal.AREA_WILD,
    signal.BATTERY,
    signal.BUTTON_SILENT,
    "a_worry_of_next_year",
]
REASONS = ["first", "repeat", "no_report", "declined", "not_reached"]
ANSWERS = [*({"answer": key} for key in ZH.answers)]
ANSWERS += [{"answer": "recorded", "of": of.value} for of in ZH.recorded if isinstance(of, Answer)]
OTHERS = [kind for kind in MessageKind if kind not in {MessageKind.ALERT, MessageKind.ANSWER}]
FULL: dict[str, str | int] = {
    "code": "4821",
    "pressed_at": "06:40",
    "by": Role.DISTRICT_DUTY.value,
    "until": "11-24 18:00",
    "codes": "4821 5932 6043",
    "used_at": "06:40",
    "count": 1_234,
    "ref": "K7Q2XY",
}


def alerts(language: str, **params: str | int) -> list[str]:
    return [
        say(MessageKind.ALERT, worry, language, {**FULL, "reason": reason, "ordinal": n, **params})
        for worry, (reason, n) in itertools.product(WORRIES, zip(REASONS, range(1, 6), strict=True))
    ]


def other_messages(language: str) -> list[str]:
    said = [say(kind, signal.NO_USE, language, FULL) for kind in OTHERS]
    varied = [variant.split(".") for variant in ZH.variants]
    said += [say(MessageKind(kind), "", language, {**FULL, "of": of}) for kind, of in varied]
    return said + [
        say(MessageKind.ANSWER, signal.NO_USE, language, {**FULL, **answer}) for answer in ANSWERS
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_one_segment_and_nothing_a_carrier_refuses(language: str) -> None:
    for text in alerts(language) + other_messages(language):
        assert lint(text) == (), text


def test_a_first_chinese_message_is_one_segment_with_the_signature_of_an_office() -> None:
    for worry in WORRIES:
        text = say(MessageKind.ALERT, worry, "zh", {**FULL, "reason": "first"})
        assert lint(text, signature="禅城区民政局") == (), text
    for text in other_messages("zh"):
        assert lint(text, signature="禅城区民政局") == (), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alert_tells_its_code_and_how_to_answer(language: str) -> None:
    for text in alerts(language):
        assert "4821" in text
        assert re.search(r"1\s?(收到|got it) ?,? ?2\s?(出发|going)", text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_holds_the_words_of_the_carriers(language: str) -> None:
    words = {"yes", "start", "unstop", "stop", "end", "quit", "cancel", "unsubscribe"}
    for text in alerts(language) + other_messages(language):
        assert not words & set(re.findall(r"[a-z]+", text.casefold())), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bell_always_says_when_it_was_pressed(language: str) -> None:
    for worry in signal.BELL_KINDS:
        said = say(MessageKind.ALERT, worry, language, FULL)
        assert "06:40" in said
        timeless = say(MessageKind.ALERT, worry, language, {"code": "4821"})
        assert timeless != said
        assert "{" not in timeless


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_possibly_missed_press_is_worded_otherwise_than_a_press(language: str) -> None:
    pressed = say(MessageKind.ALERT, signal.BELL, language, FULL)
    perhaps = say(MessageKind.ALERT, signal.BELL_MISSED, language, FULL)
    assert pressed != perhaps
    assert "可能" in perhaps or "may have" in perhaps


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_reason_to_write_again_and_each_round_reads_differently(language: str) -> None:
    said = {
        say(
            MessageKind.ALERT,
            "no_use",
            language,
            {"code": "1", "reason": reason, "ordinal": round_},
        )
        for reason, round_ in itertools.product(REASONS[1:], range(2, 6))
    }
    assert len(said) == len(REASONS[1:]) * 4


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("flow", ["tap", "burst"])
def test_a_flow_is_told_by_its_size_in_a_text_and_a_template_of_its_own(
    language: str, flow: str
) -> None:
    plain, sized = alerts(language), alerts(language, flow=flow)
    told = [text for text in sized if text not in plain]
    assert len(told) == len(REASONS)
    for text in told:
        assert lint(text) == (), text
    params = {**FULL, "flow": flow}
    assert template(MessageKind.ALERT, signal.FLAT_FLOW, language, params) == (
        f"alert.flat_flow.{flow}.first.{language}"
    )


def test_a_flow_of_unknown_size_is_told_as_water_that_runs() -> None:
    for flow in ("", "flood"):
        params = {**FULL, "flow": flow}
        assert "水一直在流" in say(MessageKind.ALERT, signal.FLAT_FLOW, "zh", params)
        assert template(MessageKind.ALERT, signal.NO_USE, "zh", params) == "alert.no_use.first.zh"


def test_a_slow_leak_is_no_emergency_and_says_what_it_hides() -> None:
    assert weight(signal.SLOW_LEAK) == "upkeep"
    said = say(MessageKind.ALERT, signal.SLOW_LEAK, "zh", FULL)
    assert "慢漏" in said
    assert "看护减弱" in said
    assert "请安排检查" in said


def test_after_an_acknowledgement_without_report_the_text_says_so() -> None:
    params: dict[str, str | int] = {"code": "4821", "reason": "no_report", "ordinal": 2}
    assert "尚无结果" in say(MessageKind.ALERT, "no_use", "zh", params)
    assert "no report" in say(MessageKind.ALERT, "no_use", "en", params)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_flow_that_stopped_is_not_called_water_that_came_back(language: str) -> None:
    dry, flow = (
        say(MessageKind.GOOD_NEWS, worry, language, FULL)
        for worry in (signal.NO_USE, signal.FLAT_FLOW)
    )
    pieces = LANGUAGES[language]
    assert pieces.eased[""] in dry
    assert pieces.eased[""] not in flow
    assert template(MessageKind.GOOD_NEWS, signal.FLAT_FLOW, language, FULL) == (
        f"good_news.flat_flow.{language}"
    )


@pytest.mark.parametrize("kind", ["hub_silent:", "area_quiet:building:", "area_wild:zone:"])
def test_a_hub_s_or_a_building_s_own_name_is_not_told(kind: str) -> None:
    for language in LANGUAGES:
        said = say(MessageKind.ALERT, f"{kind}Li Ming's garage", language, FULL)
        assert "garage" not in said
        assert "片区" in said or "area 4821" in said


def test_a_drill_says_so_first() -> None:
    for kind in MessageKind:
        drill: dict[str, str | int] = {**FULL, "drill": 1}
        assert say(kind, "bell", "zh", drill).startswith("演练：")
        assert say(kind, "bell", "en", drill).startswith("DRILL: ")
        assert not say(kind, "bell", "zh", {**FULL, "drill": 0}).startswith("演练")


def test_the_one_who_has_it_is_named_by_role_and_never_otherwise() -> None:
    for role in Role:
        said = say(MessageKind.GOING, "no_use", "zh", {"code": "4821", "by": role.value})
        assert ZH.roles[role] in said
    assert "Wang" not in say(MessageKind.GOING, "no_use", "en", {"code": "4821", "by": "Wang"})


def test_a_worry_not_known_here_is_told_and_taken_seriously() -> None:
    assert weight("a_worry_of_next_year") == "life"
    assert "有情况待核实" in say(MessageKind.ALERT, "a_worry_of_next_year", "zh", FULL)


def test_an_unknown_language_is_answered_in_the_default_one() -> None:
    assert say(MessageKind.CLOSED, "bell", "fr", FULL) == say(
        MessageKind.CLOSED, "bell", "zh", FULL
    )
    assert say(MessageKind.CLOSED, "bell", "en-GB", FULL) == say(
        MessageKind.CLOSED, "bell", "en", FULL
    )


def test_the_message_s_own_code_stands_at_the_end_once() -> None:
    text = say(MessageKind.CLOSED, "bell", "zh", FULL)
    assert text.endswith(f" #{FULL['ref']}")
    assert with_ref(text, str(FULL["ref"])) == text
    assert with_ref(text, "") == text


def test_the_sender_s_name_stands_in_brackets_before_chinese_only() -> None:
    assert signed("编号4821", "民政") == "【民政】编号4821"
    assert signed("Alert 4821", "Office") == "Office: Alert 4821"
    assert signed("Alert 4821", "") == "Alert 4821"


def test_the_languages_have_the_same_pieces() -> None:
    for piece in fields(Language):
        ours, theirs = getattr(ZH, piece.name), getattr(EN, piece.name)
        if isinstance(ours, dict):
            assert ours.keys() == theirs.keys(), piece.name
            for key in ours:
                if piece.name != "how":
                    assert _holes(ours[key]) == _holes(theirs[key]), (piece.name, key)
    assert set(ZH.messages) == set(MessageKind) - {MessageKind.ANSWER}


def _holes(pattern: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", pattern))


def test_templates_differ_where_approved_texts_would() -> None:
    asked = {"reason": "no_report", "code": "4821"}
    assert template(MessageKind.ALERT, "no_use", "zh", asked) == "alert.no_use.no_report.zh"
    assert template(MessageKind.ALERT, "hub_silent:h1", "en", {}) == "alert.hub_silent.first.en"
    answer = {"answer": "recorded", "of": "going"}
    assert template(MessageKind.ANSWER, "bell", "zh", answer) == "answer.recorded.going.zh"
    assert template(MessageKind.CLOSED, "bell", "zh", {}) == "closed.zh"
    assert template(MessageKind.COMING_BACK, "", "zh", {}) == "coming_back.zh"
    assert template(MessageKind.COMING_BACK, "", "zh", {"of": "left"}) == "coming_back.left.zh"


def test_a_first_use_is_told_without_a_word_about_anybody() -> None:
    said = say(MessageKind.FIRST_USE, "", "zh", {"used_at": "06:40"})
    assert said == "您关注的住户今天06:40前已用水"
    assert "4821" in say(MessageKind.FIRST_USE, "", "en", FULL)


_PARAMS = st.dictionaries(
    st.sampled_from([*FULL, "reason", "ordinal", "answer", "of", "drill"]),
    st.text(st.characters(), max_size=60) | st.integers(),
    max_size=8,
)


@given(st.sampled_from(MessageKind), st.text(max_size=20), st.text(max_size=5), _PARAMS)
def test_whatever_it_is_given_something_is_said(
    kind: MessageKind, worry: str, language: str, params: dict[str, str | int]
) -> None:
    params.pop("ref", None)
    text = say(kind, worry, language, params)
    assert text
    assert "【" not in text
    assert "\n" not in text
    assert segments(text) <= 3
    assert template(kind, worry, language, params)

"""What people write back, as they really type it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meterwatch.domain.notification import Answer, MessageKind
from meterwatch.notify.replies import Understood, understand
from meterwatch.notify.wording import LANGUAGES, say
from tests.notify.benches import ref_of

A, G, S, N, U = Answer.ACKNOWLEDGE, Answer.GOING, Answer.SAFE, Answer.CANNOT, Answer.UNCLEAR


@pytest.mark.parametrize(
    ("text", "answer", "code"),
    [
        ("1", A, None),
        ("1 4821", A, "4821"),
        ("4821 1", A, "4821"),
        ("收到4821", A, "4821"),
        ("4821收到", A, "4821"),
        ("1收到 编号4821。谢谢", A, "4821"),
        ("ok 4821", A, "4821"),
        ("Got it, 4821!", A, "4821"),
        ("１　４８２１", A, "4821"),
        ("①4821", A, "4821"),
        ("1-4821", A, "4821"),
        ("回复1", A, None),
        ("2", G, None),
        ("出发", G, None),
        ("going 4821", G, "4821"),
        ("I'm going", G, None),
        ("On my way 4821", G, "4821"),
        ("收到，马上去 4821", G, "4821"),
        ("ok going", G, None),
        ("3", S, None),
        ("平安 4821", S, "4821"),
        ("老人平安", S, None),
        ("safe", S, None),
        ("3平安 4821 #K7Q2XY", S, "4821"),
        ("4", N, None),
        ("无法 4821", N, "4821"),
        ("無法", N, None),
        ("Can't 4821", N, "4821"),
        ("cannot", N, None),
        ("在家", Answer.CANCEL_AWAY, None),
        ("HOME 4821", Answer.CANCEL_AWAY, "4821"),
        ("1 482133", A, "482133"),
        ("482133 平安", S, "482133"),
        ("1482136", A, "482136"),
        ("6826331", A, "682633"),
    ],
)
def test_an_answer_is_understood_however_it_is_typed(
    text: str, answer: Answer, code: str | None
) -> None:
    assert understand(text) == Understood(answer, code)


@pytest.mark.parametrize(
    ("text", "code", "days"),
    [
        ("离家 3", None, 3),
        ("离家3天", None, 3),
        ("離家三天 4821", "4821", 3),
        ("外出两天4821", "4821", 2),
        ("away 3", None, 3),
        ("AWAY 4821 10", "4821", 10),
        ("away 3 days, 4821", "4821", 3),
        ("away 1 day", None, 1),
        ("离家", None, None),
        ("离家 4821", "4821", None),
    ],
)
def test_an_absence_is_understood_with_its_days(
    text: str, code: str | None, days: int | None
) -> None:
    assert understand(text) == Understood(Answer.AWAY, code, days)


@pytest.mark.parametrize("word", ["yes", "start", "unstop", "stop", "end", "quit", "cancel"])
def test_the_words_of_the_carriers_are_never_an_answer(word: str) -> None:
    for text in (word, word.upper(), f"{word} 4821", f"4821 {word}", f"1 {word}", f"{word}!"):
        assert understand(text).answer is U


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "0",
        "5 4821",
        "1 2",
        "1 平安",
        "收到 3",
        "不平安 4821",
        "3 不平安",
        "没出发",
        "平安?",
        "平安吗 4821",
        "safe？",
        "not safe",
        "no, safe",
        "not ok 4821",
        "ok not safe",
        "I do not go",
        "1 4821 4822",
        "1 48211",
        "482",
        "3.5",
        "离家 3 5",
        "2 天",
        "谁?",
        "٣",
        "thank you",
        "收" * 300,
    ],
)
def test_what_could_mean_two_things_is_unclear(text: str) -> None:
    assert understand(text).answer is U


def test_a_code_is_kept_when_the_answer_is_unclear() -> None:
    assert understand("什么情况 4821") == Understood(U, "4821")
    assert understand("4821") == Understood(U, "4821")


def test_a_digit_written_without_a_blank_is_parted_if_there_is_one_way_only() -> None:
    assert understand("14826") == Understood(A, "4826")
    assert understand("58263") == Understood(S, "5826")
    assert understand("14823").answer is U


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_text_sent_back_is_unclear(language: str) -> None:
    params = {"code": "4821", "ref": ref_of(1)}
    for worry in ("bell", "no_use", "battery"):
        assert understand(say(MessageKind.ALERT, worry, language, params)).answer is U


@given(st.text(st.characters(), max_size=300))
def test_any_text_is_understood_as_something(text: str) -> None:
    understood = understand(text)
    assert isinstance(understood.answer, Answer)
    assert understood.code is None or (len(understood.code) == 4 and understood.code.isascii())
    assert understood.days is None or understood.answer is Answer.AWAY


_PIECES = st.lists(
    st.sampled_from(
        ["1", "3", "4821", "收到", "平安", "不", "离家", "天", "safe", "not", "stop", " ", "#"]
    ),
    max_size=8,
)


@example(["#", "not", "not", " ", "1"])
@given(_PIECES)
def test_a_denial_or_a_stop_never_counts_as_safe(pieces: list[str]) -> None:
    if {"不", "not", "stop"} & set(pieces):
        assert understand(" ".join(pieces)).answer is U
        assert understand("".join(pieces)).answer is U


@given(st.integers(1, 4), st.integers(0, 9999), st.sampled_from([" ", "  ", "，", ".", "\n", " #"]))
def test_digit_and_code_mean_the_same_in_either_order(digit: int, number: int, gap: str) -> None:
    code = f"{number:04}"
    there, back = understand(f"{digit}{gap}{code}"), understand(f"{code}{gap}{digit}")
    assert there == back == Understood([A, G, S, N][digit - 1], code)


@pytest.mark.parametrize("text", ["4821331", "1482133", "48213312", "148213345", "1 4821 482133"])
def test_a_number_that_can_be_parted_in_two_ways_or_in_none_is_unclear(text: str) -> None:
    assert understand(text) == Understood(U)


@pytest.mark.parametrize(
    ("text", "by_digit"),
    [("1", True), ("1 4821", True), ("2", True), ("收到", False), ("ok", False)],
)
def test_a_bare_digit_is_told_from_a_polite_word(text: str, by_digit: bool) -> None:
    assert understand(text).by_digit is by_digit


def test_six_digits_are_one_code_and_never_a_shorter_one_with_more_behind_it() -> None:
    assert understand("148213") == Understood(U, "148213")

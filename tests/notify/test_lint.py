"""Segments as carriers count them, and what they refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch.notify.lint import Complaint, Rule, lint, segments, units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # each takes the room of two
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # a pair is never cut, so one place stays empty
        ("汉" * 70, 1),
        ("汉" * 71, 2),
        ("汉" * 134, 2),
        ("汉" * 135, 3),
        ("a" * 69 + "汉", 1),
        ("a" * 70 + "汉", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),  # 33 pairs a segment, one place stays empty
        ("`", 1),
        ("`" * 71, 2),  # not in the GSM alphabet
    ],
)
def test_segments_are_counted_as_carriers_bill_them(text: str, expected: int) -> None:
    assert segments(text) == expected


@given(st.text(max_size=400))
def test_segments_never_fall_when_a_text_grows(text: str) -> None:
    assert segments(text) <= segments(text + "汉") <= segments(text + "汉") + 1
    assert units(text) >= len(text)


@pytest.mark.parametrize(
    ("text", "rule", "found"),
    [
        ("民政】请核实", Rule.SIGN, "】"),
        ("①请核实", Rule.SIGN, "①"),
        ("请看→这里", Rule.SIGN, "→"),
        ("请看 https://a.example", Rule.LINK, "https:"),
        ("请看 watch.cn/x", Rule.LINK, "watch.cn"),
        ("请看 www.x", Rule.LINK, "www."),
        ("请联系13800138000", Rule.MOBILE, "13800138000"),
        ("请联系138 0013 8000", Rule.MOBILE, "138 0013 8000"),
        ("call +44 7700 900123", Rule.MOBILE, "+44 7700 900123"),
        ("居家养老服务", Rule.WORD, "养老"),
        ("医疗提醒", Rule.WORD, "医疗"),
        ("贷款", Rule.WORD, "贷款"),
    ],
)
def test_what_carriers_refuse_is_named_with_its_place(text: str, rule: Rule, found: str) -> None:
    assert lint(text) == (Complaint(rule, found),)


def test_a_landline_of_the_office_is_allowed() -> None:
    assert lint("咨询0757-12345") == ()
    assert lint("咨询0757-88123456") == ()


def test_the_signature_counts_but_may_have_its_brackets() -> None:
    assert lint("汉" * 64, signature="民政") == ()
    assert lint("汉" * 67, signature="民政") == (Complaint(Rule.SEGMENTS, "2"),)
    assert lint("汉" * 67, signature="民政", most_segments=2) == ()


def test_a_whole_message_ends_at_500_characters() -> None:
    assert lint("汉" * 500, most_segments=9) == ()
    assert lint("汉" * 501, most_segments=9) == (Complaint(Rule.LENGTH, "501"),)


def test_a_variable_ends_at_35_characters() -> None:
    assert lint("x", {"until": "1" * 35, "code": 4821}) == ()
    assert lint("x", {"until": "1" * 36}) == (Complaint(Rule.PARAM, "until"),)

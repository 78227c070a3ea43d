from datetime import UTC, datetime, timedelta

import pytest

from meterwatch.domain.fact import Refusal, Refused
from meterwatch.gateways.wire import dig, instant, number, press_ref

TREE: dict[str, object] = {
    "a": {"b": {"c": 1}},
    "a.b": "own dots",
    "rows": [{"x": 2}, [3]],
    "none": None,
}


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-03-01T08:00:00Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01 16:00:00+08:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T08:00:00.123456789Z", datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)),
        (1772352000, datetime(2026, 3, 1, 8, tzinfo=UTC)),
        (1772352000.5, datetime(2026, 3, 1, 8, 0, 0, 500000, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_from_text_with_an_offset_or_epoch_seconds(
    written: object, at: datetime
) -> None:
    assert instant(written, "at") == at


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2026-03-01T08:00:00", Refusal.CLOCK),
        ("2026-03-01", Refusal.CLOCK),
        ("2022-10-00 00:00", Refusal.CLOCK),
        ("soon", Refusal.CLOCK),
        ("\ud800", Refusal.CLOCK),
        ("", Refusal.CLOCK),
        ("0001-01-01T00:00:00+14:00", Refusal.CLOCK),
        (1772352000000, Refusal.CLOCK),
        (-1, Refusal.CLOCK),
        (10**400, Refusal.VALUE),
        (True, Refusal.SHAPE),
        (None, Refusal.SHAPE),
        ([], Refusal.SHAPE),
    ],
)
def test_what_is_no_time_is_refused(written: object, reason: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        instant(written, "timestamp")

    assert refused.value.reason is reason
    assert "timestamp" in refused.value.detail


def test_a_refused_type_is_named_in_plain_words() -> None:
    with pytest.raises(Refused, match="litres must be a number, not a text"):
        number("12", "litres")
    with pytest.raises(Refused, match="litres must be a number, not missing"):
        number(None, "litres")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", "own dots"),
        ("a.b.c", 1),
        ("rows.0.x", 2),
        ("rows.1.0", 3),
        ("rows.2", None),
        ("rows.-1", None),
        ("rows.x", None),
        ("rows.٠", None),
        ("a.x.c", None),
        ("a.b.c.d", None),
        ("none", None),
        ("", None),
        (".", None),
    ],
)
def test_a_dotted_path_leads_to_a_value_or_nowhere(path: str, found: object) -> None:
    assert dig(TREE, path) == found


def test_two_publications_of_one_press_within_two_seconds_have_one_name() -> None:
    at = datetime(2026, 3, 1, 8, 0, 4, tzinfo=UTC)

    assert press_ref(at) == press_ref(at + timedelta(seconds=1.9))
    assert press_ref(at) != press_ref(at + timedelta(seconds=2))

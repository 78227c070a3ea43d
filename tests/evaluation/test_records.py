import gzip
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meterwatch.evaluation.records import as_record, read_records

HEADER = "household,at,register_litres\n"
LINES = (
    "b,2026-03-01T02:00:00Z,115\n"
    "a,2026-03-01T08:00:00+08:00,50\n"
    "b,2026-03-01T00:00:00Z,100\n"
    "b,2026-03-01T01:00:00Z,105\n"
    "a,2026-03-01T09:00:00+08:00,57\n"
)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


def file(tmp_path: Path, text: str, name: str = "readings.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def readings(*registers: float, every_hours: float = 1.0) -> list[tuple[float, float]]:
    return [(number * every_hours * 3600, litres) for number, litres in enumerate(registers)]


def test_readings_in_any_order_become_intervals_of_each_home(tmp_path: Path) -> None:
    first, second = read_records(file(tmp_path, HEADER + LINES))
    assert (first.home, second.home) == ("a", "b")
    assert first.began_at == MIDNIGHT
    assert second.litres.tolist() == [5.0, 10.0]
    assert second.hours.tolist() == [1.0, 1.0]
    assert second.ends_at.tolist() == [MIDNIGHT + 3600, MIDNIGHT + 7200]
    assert second.readings == 3


def test_a_packed_file_and_one_with_a_byte_order_mark_read_the_same(tmp_path: Path) -> None:
    plain = read_records(file(tmp_path, HEADER + LINES))
    marked = read_records(file(tmp_path, "\ufeff" + HEADER + LINES))
    packed = tmp_path / "readings.csv.gz"
    packed.write_bytes(gzip.compress((HEADER + LINES).encode()))
    for other in (marked, read_records(packed)):
        assert [record.litres.tolist() for record in other] == [[7.0], [5.0, 10.0]]
        assert [record.home for record in other] == [record.home for record in plain]


def test_the_share_that_is_read_is_told(tmp_path: Path) -> None:
    told: list[float] = []
    read_records(file(tmp_path, HEADER + LINES), progress=told.append)
    assert told
    assert all(0.0 <= share <= 1.0 for share in told)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a,2026-03-01T00:00:00Z\n", "3 cells"),
        ("a,yesterday,5\n", "no time"),
        ("a,2026-03-01T00:00:00,5\n", "no offset"),
        ("a,2026-03-01T00:00:00Z,\n", "no register"),
        ("a,2026-03-01T00:00:00Z,nan\n", "no register"),
        ("a,2026-03-01T00:00:00Z,-5\n", "no register"),
        ("a,2026-03-01T00:00:00Z,1e999\n", "no register"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_line(
    tmp_path: Path, line: str, says: str
) -> None:
    good = "a,2026-02-01T00:00:00Z,5\n"
    with pytest.raises(ValueError, match=r"readings\.csv, line 3: ") as refused:
        read_records(file(tmp_path, HEADER + good + line))
    assert says in str(refused.value)


def test_other_columns_are_refused_with_what_they_must_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="household,at,register_litres"):
        read_records(file(tmp_path, "meter;time;value\n"))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line 1"):
        read_records(file(tmp_path, ""))


def test_another_encoding_is_refused_with_its_mend(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_bytes((HEADER + "和平里,2026-03-01T00:00:00Z,5\n").encode("gb18030"))
    with pytest.raises(ValueError, match="UTF-8"):
        read_records(path)


def test_a_packed_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv.gz"
    path.write_bytes(gzip.compress((HEADER + LINES * 50).encode())[:-20])
    with pytest.raises(ValueError, match="cannot be read"):
        read_records(path)


def test_a_register_that_steps_back_once_is_put_aside() -> None:
    record = as_record("a", readings(100, 105, 20, 110, every_hours=0.5))
    assert record.litres.tolist() == [5.0, 5.0]
    assert record.hours.tolist() == [0.5, 1.0]
    assert record.readings == 3


def test_of_two_registers_at_one_instant_the_first_stands() -> None:
    record = as_record("a", [(0.0, 100.0), (3600.0, 110.0), (3600.0, 999.0), (7200.0, 115.0)])
    assert record.litres.tolist() == [10.0, 5.0]


def test_a_gap_that_moved_is_unknown_and_one_that_stood_still_is_zero() -> None:
    record = as_record("a", [(0.0, 5.0), (9 * 3600.0, 5.0), (18 * 3600.0, 8.0)])
    assert record.litres[0] == 0.0
    assert math.isnan(record.litres[1])


def test_a_new_level_says_nothing_about_use() -> None:
    record = as_record("a", readings(90_000, 90_005, 100, 110, 120, 130))
    assert math.isnan(record.litres[1])
    assert record.litres[2:].tolist() == [10.0, 10.0, 10.0]

"""Whatever a file holds: it is taken in, or refused with sentences. Never anything else."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterwatch import migrations
from meterwatch.domain.household import Role
from meterwatch.pipeline.import_homes import COLUMNS, ImportFault, Remark, import_homes
from meterwatch.pipeline.import_homes.cells import unseen
from meterwatch.pipeline.import_homes.columns import AREAS, OF_AN_AREA, OF_THE_HOME
from meterwatch.pipeline.import_homes.headings import KNOWN, plain
from meterwatch.simulators.district import COLUMNS as INVENTED
from meterwatch.store import Store

NOW = datetime(2026, 3, 1, 6, 40, tzinfo=UTC)
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "import.md"
HEADINGS = [column.name for column in COLUMNS] + list(KNOWN)
NASTY = [
    *("", " ", "A-001", "A-002", "water-1", "13800138000", "0757-83000000", "是", "no", "red"),
    *("2026-01-05", "2026年1月5日", "0001-01-01", "9999-12-31T23:59:59-14:00", "1940", "1e400"),
    *("=1+1", "+8613800138000", "1.38E+10", "nan", "-0", "９", "²", "٣", "m3", "zh", "native"),
    *("\x00", "\ufeff", "\u202e", '"', "'", "a\nb", "x" * 200),
]
CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(NASTY),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path_factory.mktemp('reader')}/meterwatch.db"
    migrations.upgrade(url)
    opened = Store(url)
    yield opened
    opened.close()


def judge(store: Store, content: bytes) -> None:
    """Take a file in and back; let through nothing but the one fault that there may be."""
    remarks = _remarks(store, content)
    assert remarks is None or remarks
    assert all(one.zh and one.en and not unseen(str(one)) for one in remarks or ())
    with store.transaction() as tx:
        assert not tx.registry.households()


def _remarks(store: Store, content: bytes) -> tuple[Remark, ...] | None:
    try:
        import_homes(store, content, NOW, zone=ZoneInfo("Asia/Shanghai"), dry_run=True)
    except ImportFault as fault:
        return fault.remarks
    return None


@given(st.binary(max_size=400))
def test_any_bytes(store: Store, content: bytes) -> None:
    judge(store, content)


@given(st.text(max_size=400), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]))
def test_any_text(store: Store, text: str, encoding: str) -> None:
    judge(store, text.encode(encoding, "replace"))


@given(st.data())
def test_any_table(store: Store, data: st.DataObject) -> None:
    headings = data.draw(st.lists(st.sampled_from(HEADINGS), min_size=1, max_size=12, unique=True))
    width = st.lists(CELLS, min_size=len(headings), max_size=len(headings))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=data.draw(st.sampled_from(",;\t\uff0c")))
    writer.writerow(headings)
    writer.writerows(data.draw(st.lists(width, max_size=5)))
    judge(store, out.getvalue().encode("utf-8", "replace"))


@given(st.lists(CELLS, min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_any_home(store: Store, cells: list[str]) -> None:
    named = dict(zip((column.name for column in COLUMNS), cells, strict=True))
    named |= {"household": "A-001", "area_community": "梅园社区", "meter": "water-1"}
    out = io.StringIO()
    writer = csv.DictWriter(out, list(named))
    writer.writeheader()
    writer.writerow(named)
    judge(store, out.getvalue().encode("utf-8", "replace"))


def test_no_heading_means_two_columns() -> None:
    words = [(word, c.name) for c in COLUMNS for word in (c.name, c.zh, *c.synonyms)]
    meant: dict[str, str] = {}
    for word, name in words:
        assert meant.setdefault(plain(word), name) == name


def test_every_role_and_every_level_has_its_columns() -> None:
    names = {column.name for column in COLUMNS}
    assert {*OF_THE_HOME.values(), *(role for role, _ in OF_AN_AREA.values())} == set(Role)
    for contact in (*OF_THE_HOME, *OF_AN_AREA):
        assert {contact, f"{contact}_phone"} <= names
    assert set(AREAS.values()) <= names


def test_what_the_simulators_write_is_known() -> None:
    assert set(INVENTED) <= {column.name for column in COLUMNS}


def test_the_reference_page_describes_every_column() -> None:
    page = REFERENCE.read_text("utf-8")
    for column in COLUMNS:
        synonyms = "、".join(column.synonyms)
        row = f"| `{column.name}` | {column.zh} | {synonyms} | {column.said[1]} |"
        assert row in page, f"docs/reference/import.md needs this line:\n{row}"

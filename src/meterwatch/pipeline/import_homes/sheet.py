"""Reads the file: bytes become lines of named cells.

Spreadsheets write what they like, so the encoding (UTF-8, UTF-16, GB18030) and the separator are
found out, a mark at the beginning is skipped, and headings may be Chinese or English.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from meterwatch.pipeline.import_homes import cells
from meterwatch.pipeline.import_homes.columns import COLUMNS, Column
from meterwatch.pipeline.import_homes.headings import KNOWN, plain
from meterwatch.pipeline.import_homes.remarks import Remarks, whole_file

LARGEST_BYTES = 64 * 1024 * 1024
SHORTEST_MISTYPED = 3  # 序号 is not 户号, but 监护入 is 监护人
SEPARATORS = ",;\t\uff0c"  # the last is what a Chinese keyboard gives
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: where it begins, and its cells that are not empty, by column name."""

    line: int
    cells: dict[str, str]


Records = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was found out about a file, and its lines below the headings, to be read once."""

    encoding: str
    line: int
    columns: tuple[Column | None, ...]
    records: Records

    @property
    def names(self) -> frozenset[str]:
        """The names of the columns that it has."""
        return frozenset(column.name for column in self.columns if column is not None)


def open_sheet(content: bytes, faults: Remarks, warnings: Remarks) -> Sheet:
    """Find out how the file is written and read its headings.

    Raises
    ------
    ImportFault
        If nothing of it can be read.
    """
    encoding, text = _decode(content)
    records = _records(text, faults)
    line, headings = next(records, (0, []))
    return Sheet(encoding, line, _columns(line, headings, faults, warnings), records)


def _records(text: str, faults: Remarks) -> Records:
    """Give every line that is not empty with its number; stop where the quotation marks do."""
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            zh = f"引号不成对,或单元格太长:{error}"
            en = f"a quotation mark does not close, or a cell is too long: {error}"
            faults.add(line, "", zh, en)
            return
        if record is None:
            return
        if any(map(cells.tidy, record)):
            yield line, record


def _decode(content: bytes) -> tuple[str, str]:
    if content.startswith(_WORKBOOKS):
        raise whole_file(
            "这是 Excel 工作簿,请另存为“CSV UTF-8”再导入",
            "this is a spreadsheet; save it as “CSV UTF-8” and import that",
        )
    if len(content) > LARGEST_BYTES:
        raise whole_file(
            "文件超过 64 MB,请分几次导入", "the file is over 64 MB; import it in parts"
        )
    marked = [name for mark, name in _MARKS.items() if content.startswith(mark)]
    for encoding in marked or ("utf-8", "gb18030"):
        try:
            return encoding, content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise whole_file(
        "编码看不懂,请存成 UTF-8 或 GB18030(GBK)", "the encoding is neither UTF-8 nor GB18030 (GBK)"
    )


def _columns(
    line: int, headings: Sequence[str], faults: Remarks, warnings: Remarks
) -> tuple[Column | None, ...]:
    """Find the column of each heading: what is not known is left out, unless it looks mistyped."""
    found: list[Column | None] = []
    for heading in map(cells.tidy, headings):
        column = KNOWN.get(plain(heading))
        shown = ascii(heading[:40]) if cells.unseen(heading) else heading[:40]
        if column is not None and column in found:
            faults.add(line, shown, "这一列出现了两次", "this column is there twice")
        elif column is None and heading:
            _unknown(line, shown, faults, warnings)
        found.append(column)
    if not any(found):
        names = ", ".join(column.name for column in COLUMNS[:5])
        raise whole_file(
            f"第一行没有认识的列名;应有 户号、社区、水表号……(或 {names}, ...)",
            f"the first line has no heading that is known; there should be {names}, ...",
        )
    if not any(column is not None and column.name == "household" for column in found):
        lacking(line, "户号", "household", faults)
    return tuple(found)


def _unknown(line: int, heading: str, faults: Remarks, warnings: Remarks) -> None:
    near = _near(plain(heading))
    if near:
        name = KNOWN[near].name
        faults.add(
            line,
            heading,
            f"没有这一列,是不是 {name if near.isascii() else near}?",
            f"there is no such column; is it {name}?",
        )
    else:
        warnings.add(
            line, heading, "这一列不认识,没有导入", "this column is not known; it was left out"
        )


def _near(heading: str) -> str:
    """Give the known heading that this one is probably meant to be, or nothing."""
    alike = get_close_matches(heading, KNOWN, 1, cutoff=0.85)
    if alike or heading.isascii():
        return alike[0] if alike else ""
    return next((known for known in KNOWN if _one_sign_apart(heading, known)), "")


def _one_sign_apart(one: str, other: str) -> bool:
    """Tell whether one sign was changed, left out or put in; words of two signs say too little."""
    short, long = sorted((one, other), key=len)
    if len(short) < SHORTEST_MISTYPED or len(long) - len(short) > 1:
        return False
    same = next((k for k, sign in enumerate(short) if sign != long[k]), len(short))
    return long[same + 1 :] == short[same + (len(long) == len(short)) :]


def lacking(line: int, zh: str, en: str, faults: Remarks) -> None:
    """Say once that a column is missing, instead of once a line."""
    faults.add(line, "", f"缺少列 {zh}", f"the column {en} is missing")


def rows(sheet: Sheet, faults: Remarks) -> Iterator[Row]:
    """Go through the lines below the headings.

    A line with more or fewer cells than there are headings is a fault.
    """
    wanted = len(sheet.columns)
    for line, record in sheet.records:
        beyond = any(map(cells.tidy, record[wanted:]))
        if beyond or len(record) < wanted:
            faults.add(
                line,
                "",
                f"有 {len(record)} 格,标题有 {wanted} 格:内容里有分隔符时要加引号,缺的格要留空",
                f"has {len(record)} cells where the headings are {wanted}: a cell with the "
                "separator in it needs quotation marks, and an empty cell its place",
            )
        else:
            yield Row(line, _named(sheet.columns, record))


def _named(columns: Sequence[Column | None], record: Sequence[str]) -> dict[str, str]:
    return {
        column.name: cell
        for column, cell in zip(columns, map(cells.tidy, record), strict=False)
        if column is not None and cell
    }

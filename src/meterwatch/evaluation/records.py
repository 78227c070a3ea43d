"""Recorded homes: a file of registers becomes one list of intervals a home.

The file is `household,at,register_litres`, gzipped or not, in any order. What the registers mean
is judged by the rules of `domain.register`, as in the live service.
"""

import csv
import gzip
import io
import math
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from meterwatch.domain.household import Device, DeviceKind
from meterwatch.domain.register import THIN, cells, judge
from meterwatch.domain.usage import Floats

COLUMNS = ("household", "at", "register_litres")
LOST_HOURS = (2.0, 48.0)
PLACED_HOURS = 1.6  # use in a longer gap cannot be placed; the live board does the same
_SECONDS = 3_600.0
_GZIP = b"\x1f\x8b"
_TELL_EVERY = 20_000

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """The readings of one home: intervals between readings that count, the oldest first.

    Attributes
    ----------
    home : str
    began_at : float, epoch seconds
        The first reading.
    ends_at, hours, litres : (K,) float64
        As in `UsageWindow`: litres are NaN where a gap moved and where the level is new.
    drawn : (K,) float64, litres
        What the register moved by, also across a gap; NaN where the level is new.
    readings : int
        How many readings count.
    resolution_litres : float
    """

    home: str
    began_at: float
    ends_at: Floats
    hours: Floats
    litres: Floats
    drawn: Floats
    readings: int
    resolution_litres: float = 1.0


def read_records(
    path: Path, resolution_litres: float = 1.0, progress: Progress | None = None
) -> list[Record]:
    """Read a file of registers, one record a home, in the order of their names.

    Parameters
    ----------
    path : Path
        A CSV file in UTF-8 with the columns household, at (ISO 8601 with an offset) and
        register_litres.
    resolution_litres : float
        The smallest step of the registers.
    progress : callable, optional
        Told the share of the file that has been read.

    Raises
    ------
    ValueError
        If a row cannot be read; the text names the line and what was expected.
    """
    series: dict[str, list[tuple[float, float]]] = {}
    with readable(path):
        for home, at, register in read_rows(path, progress):
            series.setdefault(home, []).append((at, register))
    return [as_record(home, series[home], resolution_litres) for home in sorted(series)]


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Let whatever keeps a file from being read be a ValueError that names the file."""
    try:
        yield
    except UnicodeDecodeError:
        raise ValueError(f"{path.name}: not UTF-8; save it as CSV UTF-8") from None
    except (csv.Error, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path.name}: cannot be read ({error})") from None
    except ValueError as error:
        raise ValueError(f"{path.name}, {error}") from None


def as_record(
    home: str, readings: list[tuple[float, float]], resolution_litres: float = 1.0
) -> Record:
    """Make a record from (epoch seconds, litres) pairs in the order in which they arrived."""
    first: dict[float, float] = {}
    for moment, register in readings:
        first.setdefault(moment, register)
    at = np.array(sorted(first), dtype=np.float64)
    registers = np.array([first[moment] for moment in sorted(first)], dtype=np.float64)
    meter = Device(0, 0, DeviceKind.METER, home, resolution_litres=resolution_litres)
    judged = judge(at, registers, meter)
    first_of, last_of = cells(at[judged.kept], THIN * meter.interval_minutes * 60.0)
    ends = at[judged.kept][last_of]
    moved, hours = np.diff(judged.total[last_of]), np.diff(ends) / _SECONDS
    fresh_level = np.logical_or.reduceat(judged.fresh_level, first_of)
    drawn = np.where(fresh_level[1:], np.nan, moved)
    return Record(
        home,
        float(ends[0]),
        ends[1:],
        hours,
        placed(hours, drawn),
        drawn,
        len(judged.kept),
        resolution_litres,
    )


def placed(hours: Floats, drawn: Floats) -> Floats:
    """Give the litres that can be placed: NaN where a gap moved."""
    with np.errstate(invalid="ignore"):
        return np.where((hours > PLACED_HOURS) & (drawn > 0.0), np.nan, drawn)


def with_gaps(record: Record, share: float, seed: int) -> Record:
    """Lose readings, as a network does: stretches of two hours to two days, a share of the time."""
    rng = np.random.default_rng([seed, zlib.crc32(record.home.encode())])
    lost = np.zeros(len(record.ends_at), dtype=np.bool_)
    while share * lost.size > lost.sum():
        begins = record.ends_at[rng.integers(lost.size)]
        until = begins + rng.uniform(*LOST_HOURS) * _SECONDS
        lost |= (record.ends_at >= begins) & (record.ends_at < until)
    kept = np.flatnonzero(~lost[:-1])
    kept = np.append(kept, len(lost) - 1)  # the last reading stays, so the record ends as it did
    begins_at = np.append(0, kept[:-1] + 1)
    hours = np.add.reduceat(record.hours, begins_at)
    drawn = np.add.reduceat(record.drawn, begins_at)
    return replace(
        record,
        ends_at=record.ends_at[kept],
        hours=hours,
        litres=placed(hours, drawn),
        drawn=drawn,
        readings=len(kept) + 1,
    )


def read_rows(path: Path, progress: Progress | None) -> Iterator[tuple[str, float, float]]:
    """Give home, epoch seconds and litres of each row, in the order of the file.

    Raises
    ------
    ValueError
        If a row cannot be read; the text begins with its line.
    """
    with closing(_lines(path, progress)) as lines:
        rows = csv.reader(lines, strict=True)
        header = tuple(cell.strip() for cell in next(rows, []))
        if header != COLUMNS:
            raise ValueError(f"line 1: must be {','.join(COLUMNS)}, not {','.join(header)[:80]}")
        for row in rows:
            if not row:
                continue
            if len(row) != len(COLUMNS):
                raise ValueError(f"line {rows.line_num}: must have {len(COLUMNS)} cells")
            yield row[0], _moment(row[1], rows.line_num), _litres(row[2], rows.line_num)


def _lines(path: Path, progress: Progress | None) -> Generator[str, None, None]:
    with path.open("rb") as raw:
        packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        size = max(path.stat().st_size, 1)
        content = gzip.GzipFile(fileobj=raw) if packed else raw
        with io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as lines:
            for number, line in enumerate(lines):
                if progress and number % _TELL_EVERY == 0:
                    progress(raw.tell() / size)
                yield line


def _moment(text: str, line: int) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"line {line}: at is no time: {text[:40]!r}") from None
    if at.tzinfo is None:
        raise ValueError(f"line {line}: at has no offset; write 2026-03-01T08:00:00Z")
    return at.timestamp()


def _litres(text: str, line: int) -> float:
    try:
        litres = float(text)
    except ValueError:
        litres = math.nan
    if not 0.0 <= litres < math.inf:
        raise ValueError(f"line {line}: register_litres is no register: {text[:40]!r}")
    return litres

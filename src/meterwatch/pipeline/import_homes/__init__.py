"""Takes a file of homes in: areas, households, people, devices and consent, all or nothing.

The file says what there is: what is new is added, what is different is changed, what is not
mentioned stays as it is. Nothing is written while anything in the file is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from meterwatch.pipeline.import_homes.cells import Moment
from meterwatch.pipeline.import_homes.columns import COLUMNS, Column
from meterwatch.pipeline.import_homes.homes import Gathered, gather
from meterwatch.pipeline.import_homes.register import Counts, check, warn, write
from meterwatch.pipeline.import_homes.remarks import ImportFault, Remark, Remarks, whole_file
from meterwatch.pipeline.import_homes.sheet import open_sheet
from meterwatch.pipeline.import_homes.wishes import keep_wishes
from meterwatch.store import Store, Transaction

__all__ = ["COLUMNS", "Column", "Counts", "ImportFault", "Imported", "Remark", "import_homes"]

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do.

    Attributes
    ----------
    encoding : str
        How the file was read.
    homes : int
        How many households it speaks of.
    counts : mapping of noun to (new, changed, unchanged)
    warnings : tuple of Remark
        What is taken in and yet probably not meant; the first 200.
    warnings_total : int
    """

    encoding: str
    homes: int
    counts: Counts
    warnings: tuple[Remark, ...]
    warnings_total: int


def import_homes(  # each is asked for
    store: Store,
    content: bytes,
    now: datetime,
    *,
    zone: tzinfo,
    language: str = "zh",
    dry_run: bool = False,
    by: str = "command",
    progress: Progress | None = None,
) -> Imported:
    """Take the content of a CSV file in, in one transaction; a `dry_run` takes it back.

    New homes are watched from `now` on; a day in the file begins in `zone`; contacts for whom the
    file names no language get `language`. `by` is who imports, for the audit trail. `progress` is
    told the number of each line as it is read.

    Raises
    ------
    ImportFault
        With every fault of the file; nothing was changed.
    """
    faults, warnings = Remarks(), Remarks()
    sheet = open_sheet(content, faults, warnings)
    headings = warnings.sorted()  # there is nothing else in them yet
    seen = progress or (lambda _line: None)
    gathered = gather(sheet, Moment(now, zone), faults, warnings, seen)
    if not gathered.homes and not faults.total:
        raise whole_file("标题下面没有一行内容", "there is no line below the headings")
    with store.transaction() as tx:
        trial = tx.connection.begin_nested()
        counts = _take_in(tx, gathered, now, language, faults, warnings)
        if not faults.total:
            counts |= keep_wishes(tx, gathered, by, now)
        if faults.total:
            raise ImportFault(faults.sorted(), faults.total, headings)
        _note(tx, counts, by, now)
        if dry_run:
            trial.rollback()
    homes = len(gathered.homes)
    return Imported(sheet.encoding, homes, counts, warnings.sorted(), warnings.total)


def _take_in(
    tx: Transaction,
    gathered: Gathered,
    now: datetime,
    language: str,
    faults: Remarks,
    warnings: Remarks,
) -> Counts:
    """Hold the file against what is registered and write it, or take down what is wrong."""
    tx.registry.alone()
    check(tx.registry, gathered, faults, warnings)
    counts = write(tx.registry, gathered, now, language, faults)
    if not faults.total:
        warn(tx.registry, gathered, warnings)
    return counts


def _note(tx: Transaction, counts: Counts, by: str, now: datetime) -> None:
    """Write the audit line and let every role know, if anything changed."""
    if any(count.new or count.changed for count in counts.values()):
        tx.registry.bump()
    detail = {noun: f"{count.new}+{count.changed}" for noun, count in counts.items()}
    tx.accounts.audit(by, "import", "homes", now, detail)

"""What an import has to say to the person who made the file: where, what, and the mend."""

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 200  # nobody reads more, and a file may be wrong in every cell


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """One thing about one cell, in both languages; line 0 is the file, no column is the line."""

    line: int
    column: str
    zh: str
    en: str

    def __str__(self) -> str:
        """Name the place, then say it twice."""
        where = " · ".join(filter(None, (f"第 {self.line} 行" if self.line else "", self.column)))
        return f"{where}: {self.zh} / {self.en}" if where else f"{self.zh} / {self.en}"


@dataclass(slots=True)
class Remarks:
    """A list that keeps the first 200 and counts all."""

    kept: list[Remark] = field(default_factory=list)
    total: int = 0

    def add(self, line: int, column: str, zh: str, en: str) -> None:
        """Take one more down."""
        self.total += 1
        if len(self.kept) < SHOWN:
            self.kept.append(Remark(line, column, zh, en))

    def sorted(self) -> tuple[Remark, ...]:
        """Give them from the top of the file to its end."""
        return tuple(sorted(self.kept))


class ImportFault(Exception):  # noqa: N818  # it is the list of what is wrong with a file
    """A file that is not imported. Nothing was changed.

    Attributes
    ----------
    remarks : tuple of Remark
        Every fault, by line; the first 200 of them.
    total : int
        How many there are.
    headings : tuple of Remark
        Which columns were left out: what a fault comes from may stand in one of them.
    """

    def __init__(
        self, remarks: Iterable[Remark], total: int, headings: Iterable[Remark] = ()
    ) -> None:
        self.remarks = tuple(remarks)
        self.total = total
        self.headings = tuple(headings)
        super().__init__("\n".join(map(str, self.remarks)))


def whole_file(zh: str, en: str) -> ImportFault:
    """Make the fault of a file that cannot be read at all."""
    return ImportFault([Remark(0, "", zh, en)], 1)


class Unfit(Exception):  # noqa: N818  # a verdict about a cell
    """A cell that does not say what its column is for."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en

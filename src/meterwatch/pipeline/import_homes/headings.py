"""The headings by which the columns of an import file are known."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from meterwatch.pipeline.import_homes.columns import COLUMNS, Column


def _known() -> dict[str, Column]:
    return {
        plain(word): column
        for column in COLUMNS
        for word in (column.name, column.zh, *column.synonyms)
    }


def plain(heading: str) -> str:
    """Give a heading as it is compared: without case, blanks, lines and brackets' contents."""
    bare = re.split(r"[(\uff08]", heading)[0]  # 水表号(必填)
    return "".join(sign for sign in bare.casefold() if not sign.isspace() and sign not in "_-*")


KNOWN: Mapping[str, Column] = MappingProxyType(_known())

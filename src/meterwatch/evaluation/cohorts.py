"""Cohorts: homes by how many people live in them, from a file beside the readings."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from meterwatch.evaluation.homes import Home, Indices
from meterwatch.evaluation.records import readable

NAMES = {1: "one person", 2: "two persons"}
MORE = "three and more"


def read_persons(path: Path) -> dict[str, int]:
    """Read how many live in each home; homes of which it is not known are left out.

    Parameters
    ----------
    path : Path
        A CSV file in UTF-8 with the columns household and persons, and any others.

    Raises
    ------
    ValueError
        If it cannot be read; the text names the line and what was expected.
    """
    persons: dict[str, int] = {}
    with readable(path), path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        missing = {"household", "persons"} - set(rows.fieldnames or ())
        if missing:
            raise ValueError(f"line 1: has no column {' and no column '.join(sorted(missing))}")
        for row in rows:
            text = (row["persons"] or "").strip()
            if not text:
                continue
            if not text.isdecimal() or not int(text):
                raise ValueError(f"line {rows.line_num}: persons is no number: {text[:40]!r}")
            persons[row["household"]] = int(text)
    return persons


def cohorts_of(homes: Sequence[Home], persons: Mapping[str, int]) -> dict[str, Indices]:
    """Give the rows of the homes of each cohort that has any."""
    named = [NAMES.get(persons[home.name], MORE) if home.name in persons else "" for home in homes]
    members = {name: np.flatnonzero([each == name for each in named]) for name in _in_order()}
    return {name: rows for name, rows in members.items() if len(rows)}


def _in_order() -> tuple[str, ...]:
    return (*NAMES.values(), MORE)

"""What is made of readings by night: day roll-ups, the patterns of silences, profiles.

Read and written for some homes at a time, in the order of their ids, so that a night needs little
memory however many homes there are. Arrays go in as float32.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    Row,
    Select,
    Table,
    delete,
    func,
    select,
)

from meterwatch.domain.usage import HOURS, Bools, Floats, UsageProfile
from meterwatch.store.dialects import insert_into
from meterwatch.store.tables import telemetry as t

_ROWS = 5_000  # read at a time
_BITS = 1 << np.arange(HOURS)


@dataclass(frozen=True, slots=True)
class Pattern:
    """The counted silences of one home.

    `until` is the last day that was counted; `left_out` stands for the times within the counted
    days that were left out, and is another number when they are others.
    """

    until: date
    left_out: int
    state: bytes = field(repr=False)


class Learnt:
    """The door to what is learnt; every method is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put_rollups(self, day: date, rows: Iterable[tuple[int, Floats, NDArray[np.bool_]]]) -> None:
        """Keep one row a household for a local day: 24 litres and which hours are known."""
        values = [
            {
                "household_id": home,
                "day": day,
                "litres": np.nan_to_num(litres).astype("<f4").tobytes(),
                "known": int(known @ _BITS),
            }
            for home, litres, known in rows
        ]
        self._upsert(t.rollups, ["household_id", "day"], values)

    def rollups(self, homes: Sequence[int], first: date, days: int) -> tuple[Floats, Bools]:
        """Give (N, days, 24) litres and the known mask; a day without a row is unknown."""
        litres = np.zeros((len(homes), days, HOURS))
        known = np.zeros((len(homes), days, HOURS), dtype=np.bool_)
        r = t.rollups.c
        last = date.fromordinal(first.toordinal() + days - 1)
        query = select(r.household_id, r.day, r.litres, r.known)
        query = query.where(_among(r.household_id, homes), r.day >= first, r.day <= last)
        for rows in self._read(query):
            ids, when, blobs, masks = zip(*rows, strict=True)
            row, here = _rows_of(homes, ids)
            column = np.fromiter((day.toordinal() for day in when), np.int64, len(when))
            place = row[here], column[here] - first.toordinal()
            drawn = np.frombuffer(b"".join(blobs), "<f4").reshape(-1, HOURS)
            litres[place] = drawn[here]
            known[place] = (np.array(masks, dtype=np.int64)[here, np.newaxis] & _BITS) != 0
        return litres, known

    def first_rollup(self, homes: Sequence[int]) -> date | None:
        """Say which is the oldest day kept of any of these homes."""
        r = t.rollups.c
        query = select(func.min(r.day)).where(_among(r.household_id, homes))
        with self._engine.connect() as connection:
            oldest: date | None = connection.execute(query).scalar_one()
            return oldest

    def forget_rollups(self, before: date) -> int:
        """Delete day roll-ups older than a day; count them."""
        with self._engine.begin() as connection:
            return connection.execute(delete(t.rollups).where(t.rollups.c.day < before)).rowcount

    def put_patterns(self, patterns: Mapping[int, Pattern]) -> None:
        """Keep the counted silences of homes."""
        values = [
            {
                "household_id": home,
                "counted_until": pattern.until,
                "left_out": pattern.left_out,
                "state": pattern.state,
            }
            for home, pattern in patterns.items()
        ]
        self._upsert(t.patterns, ["household_id"], values)

    def patterns(self, homes: Sequence[int]) -> dict[int, Pattern]:
        """Give the counted silences of those of these homes that have any."""
        p = t.patterns.c
        query = select(p.household_id, p.counted_until, p.left_out, p.state)
        query = query.where(_among(p.household_id, homes))
        wanted = set(homes)
        found = (row for rows in self._read(query) for row in rows)
        return {home: Pattern(*row) for home, *row in found if home in wanted}

    def forget_patterns(self, homes: Collection[int]) -> int:
        """Drop the counted silences of homes, to be counted anew; say how many there were."""
        p = t.patterns
        with self._engine.begin() as connection:
            gone = 0
            for some in _portions(sorted(homes)):
                dropped = delete(p).where(p.c.household_id.in_(some))
                gone += connection.execute(dropped).rowcount
        return gone

    def put_profiles(self, profile: UsageProfile, learnt_at: int) -> None:
        """Keep what was learnt of each home."""
        arrays = {name: getattr(profile, name).astype("<f4") for name in profile.shapes()}
        values = [
            {
                "household_id": home,
                "learnt_at": learnt_at,
                **{name: array[row].tobytes() for name, array in arrays.items()},
            }
            for row, home in enumerate(profile.homes)
        ]
        self._upsert(t.profiles, ["household_id"], values)

    def profiles(self, homes: Sequence[int]) -> UsageProfile:
        """Give the profiles of these homes, in float32; a home without one is unlearnt."""
        shapes, count = UsageProfile.shapes(), len(homes)
        arrays: dict[str, Any] = {
            name: np.full((count, *shape), np.nan, np.float32) for name, shape in shapes.items()
        }
        arrays["days"][:] = 0.0
        p = t.profiles.c
        query = select(p.household_id, *(p[name] for name in shapes))
        for rows in self._read(query.where(_among(p.household_id, homes))):
            ids, *columns = zip(*rows, strict=True)
            row, here = _rows_of(homes, ids)
            for (name, shape), blobs in zip(shapes.items(), columns, strict=True):
                array = np.frombuffer(b"".join(blobs), "<f4").reshape(len(ids), *shape)
                arrays[name][row[here]] = array[here]
        return UsageProfile(tuple(homes), **arrays)

    def _read(self, query: Select[*tuple[Any, ...]]) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
        with self._engine.connect() as connection:
            streamed = connection.execution_options(yield_per=_ROWS)
            yield from streamed.execute(query).partitions()

    def _upsert(self, table: Table, keys: list[str], values: list[dict[str, Any]]) -> None:
        if not values:
            return
        with self._engine.begin() as connection:
            row = insert_into(connection, table)
            new = {name: row.excluded[name] for name in values[0] if name not in keys}
            connection.execute(row.on_conflict_do_update(index_elements=keys, set_=new), values)


def _among(column: Column[Any], homes: Sequence[int]) -> ColumnElement[bool]:
    """Narrow a query to the span of these ids: neighbours lie together, and no list is too long."""
    return column.between(min(homes, default=0), max(homes, default=-1))


def _rows_of(homes: Sequence[int], ids: Sequence[int]) -> tuple[NDArray[np.int64], Bools]:
    """Give the row of each id among `homes`, and whether it is among them."""
    asked = np.array(homes, dtype=np.int64)
    order = np.argsort(asked, kind="stable")
    found = np.array(ids, dtype=np.int64)
    place = np.minimum(np.searchsorted(asked[order], found), len(asked) - 1)
    row = order[place]
    return row, asked[row] == found


def _portions(homes: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(homes), 1_000):
        yield homes[start : start + 1_000]

"""How many homes of each group used water at each look: what a common cause is told by."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, delete, select

from meterwatch.domain.usage import HOURS, Floats
from meterwatch.store.dialects import insert_into
from meterwatch.store.tables import groups as t

_AT_ONCE = 500  # groups in one question
_KINDS = 2  # homes judged, homes that used water


class Counts:
    """The door to the counts of groups; every method is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, day: date, counts: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep the counts of one local day, by key of the group: (24, windows, 2) homes."""
        values = [
            {"key": key, "day": day, "counts": array.astype("<u4").tobytes()}
            for key, array in counts.items()
        ]
        if not values:
            return
        with self._engine.begin() as connection:
            row = insert_into(connection, t.group_days)
            new = {"counts": row.excluded.counts}
            connection.execute(
                row.on_conflict_do_update(index_elements=["key", "day"], set_=new), values
            )

    def past(self, keys: Sequence[str], first: date, days: int, windows: int) -> Floats:
        """Give (groups, days, 24, windows, 2) homes; what was not counted is zero."""
        place = {key: row for row, key in enumerate(keys)}
        counts = np.zeros((len(keys), days, HOURS, windows, _KINDS))
        g = t.group_days.c
        last = first + timedelta(days=days - 1)
        query = select(g.key, g.day, g.counts).where(g.day.between(first, last))
        with self._engine.connect() as connection:
            for some in _chunks(keys):
                for key, day, blob in connection.execute(query.where(g.key.in_(some))):
                    held = np.frombuffer(blob, "<u4")
                    if held.size == HOURS * windows * _KINDS:
                        counts[place[key], (day - first).days] = held.reshape(counts.shape[2:])
        return counts

    def forget(self, before: date) -> int:
        """Delete the counts of days before one; count the rows."""
        with self._engine.begin() as connection:
            return connection.execute(
                delete(t.group_days).where(t.group_days.c.day < before)
            ).rowcount


def _chunks(keys: Collection[str]) -> Iterator[list[str]]:
    listed = list(keys)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]

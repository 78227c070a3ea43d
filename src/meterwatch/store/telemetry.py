"""Readings and what is made of them: the bulk path.

Readings never go row by row through an ORM: on SQLite they go by `executemany` of tuples, on
PostgreSQL by COPY into a temporary table. A reading is kept once by device and instant; the first
one stands, a second and different one for the same instant is kept aside in `doubles`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, delete, func, select, update

from meterwatch.domain.register import Oddity
from meterwatch.domain.usage import Floats
from meterwatch.store.learnt import Learnt
from meterwatch.store.tables import telemetry as t

Row = tuple[int, int, int, float]  # device id, measured at, received at, litres

_INSERT = (
    "INSERT INTO readings (device_id, measured_at, received_at, litres, odd)"
    " VALUES (?, ?, ?, ?, '') ON CONFLICT DO NOTHING"
)
_HEADS = (
    "INSERT INTO heads (device_id, measured_at, received_at, litres) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (device_id) DO UPDATE SET measured_at = excluded.measured_at,"
    " received_at = excluded.received_at, litres = excluded.litres"
    " WHERE excluded.measured_at > heads.measured_at"
)
_BATCH = "(n INTEGER, device_id BIGINT, measured_at BIGINT, received_at BIGINT, litres FLOAT8)"
_FROM_BATCH = (
    "INSERT INTO readings (device_id, measured_at, received_at, litres, odd)"
    " SELECT device_id, measured_at, received_at, litres, '' FROM batch ORDER BY n"
    " ON CONFLICT DO NOTHING"
)
_DOUBLES = (
    "INSERT INTO doubles (device_id, measured_at, received_at, litres)"
    " SELECT b.device_id, b.measured_at, b.received_at, b.litres FROM batch b"
    " JOIN readings r ON r.device_id = b.device_id AND r.measured_at = b.measured_at"
    " WHERE r.litres <> b.litres ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Readings as columns, sorted by device and by time of measurement."""

    device_ids: NDArray[np.int64]
    measured_at: Floats
    received_at: Floats
    litres: Floats
    odd: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a home stood when it was last judged (moments in epoch seconds)."""

    household_id: int
    as_of: int
    last_use_at: int | None
    known: bool
    base_litres_per_hour: float
    limit_hours: float | None


class Telemetry(Learnt):
    """The door to the readings; every method is a transaction of its own."""

    def add(self, rows: Sequence[Row]) -> int:
        """Keep readings, each once; count those that were new. Repeating it changes nothing."""
        if not rows:
            return 0
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                return _copy(connection, rows)
            return _insert(connection, rows)

    def series(self, devices: Collection[int] | None, seconds: float, heard_until: int) -> Series:
        """Give what was heard until then of these devices (None: of all).

        Each device's readings go back so many seconds from its own newest one, so that a meter
        that has been silent for a week is known as well as any other.
        """
        r, h, earlier = t.readings.c, t.heads.c, t.readings.alias().c
        newest = select(earlier.measured_at).where(
            earlier.device_id == h.device_id, earlier.received_at <= heard_until
        )
        newest = newest.order_by(earlier.measured_at.desc()).limit(1)
        last = select(h.device_id, newest.scalar_subquery().label("at"))
        if devices is not None:
            last = last.where(h.device_id.in_(devices))
        ends = last.cte("ends").prefix_with("MATERIALIZED")
        # An outer join, so that SQLite goes from device to device and does not scan all readings.
        lies_within = and_(
            r.device_id == ends.c.device_id,
            r.measured_at >= ends.c.at - int(seconds),
            r.received_at <= heard_until,
        )
        query = select(ends.c.device_id, r.measured_at, r.received_at, r.litres, r.odd)
        query = query.join_from(ends, t.readings, lies_within, isouter=True)
        query = query.where(ends.c.at.is_not(None)).order_by(ends.c.device_id, r.measured_at)
        with self._engine.connect() as connection:
            return _series(connection.execute(query).all())

    def heard(self, after: int, limit: int) -> list[Row]:
        """Give readings in the order in which they were heard, whole seconds at a time."""
        r = t.readings
        edge = select(r.c.received_at).where(r.c.received_at > after)
        edge = edge.order_by(r.c.received_at).offset(limit - 1).limit(1)
        columns = (r.c.device_id, r.c.measured_at, r.c.received_at, r.c.litres)
        query = select(*columns).where(r.c.received_at > after)
        query = query.order_by(r.c.received_at, r.c.measured_at, r.c.device_id)
        with self._engine.connect() as connection:
            last = connection.execute(edge).scalar_one_or_none()
            if last is not None:
                query = query.where(r.c.received_at <= last)
            return [tuple(row) for row in connection.execute(query)]

    def last_heard(self) -> int | None:
        """Say when the newest reading was received."""
        with self._engine.connect() as connection:
            newest = select(func.max(t.readings.c.received_at))
            at: int | None = connection.execute(newest).scalar_one()
            return at

    def put_aside(self, oddities: Iterable[tuple[int, int, Oddity | None]]) -> None:
        """Mark readings (device, measured at) as odd, or as sound again."""
        rows = list(oddities)
        if not rows:
            return
        r = t.readings
        with self._engine.begin() as connection:
            for device, at, odd in rows:
                here = (r.c.device_id == device, r.c.measured_at == at)
                connection.execute(update(r).where(*here).values(odd=odd or ""))

    def put_stands(self, stands: Iterable[Stand]) -> None:
        """Keep where homes stand, for the pages."""
        values = [
            {
                "household_id": stand.household_id,
                "as_of": stand.as_of,
                "last_use_at": stand.last_use_at,
                "known": int(stand.known),
                "base_litres_per_hour": stand.base_litres_per_hour,
                "limit_hours": stand.limit_hours,
            }
            for stand in stands
        ]
        self._upsert(t.stands, ["household_id"], values)

    def last_uses(self, homes: Collection[int]) -> dict[int, int]:
        """Say when water was last seen drawn in these homes (epoch seconds), where it was."""
        s = t.stands.c
        query = select(s.household_id, s.last_use_at)
        query = query.where(s.household_id.in_(homes), s.last_use_at.is_not(None))
        with self._engine.connect() as connection:
            return dict(connection.execute(query).all())

    def forget_readings(self, before: int) -> int:
        """Delete readings measured before a moment; count them."""
        with self._engine.begin() as connection:
            old = delete(t.readings).where(t.readings.c.measured_at < before)
            return connection.execute(old).rowcount


def _insert(connection: Connection, rows: Sequence[Row]) -> int:
    fresh = connection.exec_driver_sql(_INSERT, list(rows)).rowcount
    if fresh < len(rows):
        connection.exec_driver_sql(f"CREATE TEMP TABLE IF NOT EXISTS batch {_BATCH}")
        connection.exec_driver_sql("DELETE FROM batch")
        numbered = [(n, *row) for n, row in enumerate(rows)]
        connection.exec_driver_sql("INSERT INTO batch VALUES (?, ?, ?, ?, ?)", numbered)
        connection.exec_driver_sql(_DOUBLES)
    connection.exec_driver_sql(_HEADS, _newest(rows))
    return fresh


def _copy(connection: Connection, rows: Sequence[Row]) -> int:
    cursor = connection.connection.cursor()
    cursor.execute(f"CREATE TEMP TABLE batch {_BATCH} ON COMMIT DROP")
    with cursor.copy("COPY batch FROM STDIN") as copy:
        for number, row in enumerate(rows):
            copy.write_row((number, *row))
    cursor.execute(_FROM_BATCH)
    fresh: int = cursor.rowcount
    if fresh < len(rows):
        cursor.execute(_DOUBLES)
    cursor.executemany(_HEADS.replace("?", "%s"), _newest(rows))
    return fresh


def _newest(rows: Sequence[Row]) -> list[Row]:
    """Keep only the newest reading of each device, so that a head is written once."""
    newest: dict[int, Row] = {}
    for row in rows:
        held = newest.get(row[0])
        if held is None or row[1] > held[1]:
            newest[row[0]] = row
    return list(newest.values())


def _series(rows: Sequence[object]) -> Series:
    device, measured, received, litres, odd = zip(*rows, strict=True) if rows else ((),) * 5
    return Series(
        np.array(device, dtype=np.int64),
        np.array(measured, dtype=np.float64),
        np.array(received, dtype=np.float64),
        np.array(litres, dtype=np.float64),
        np.array([bool(word) for word in odd], dtype=np.bool_),
    )

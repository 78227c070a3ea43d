"""Engines for both databases, with the settings the promises rest on.

SQLite: write-ahead log, every commit synced to disk (the broker is acknowledged on it), one writer
at a time taken at the start (`BEGIN IMMEDIATE`), foreign keys held.
"""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

BUSY_SECONDS = 30.0


def people(url: str) -> Engine:
    """Open the database of people, alerts and messages."""
    return _engine(url)


def telemetry(url: str, people_engine: Engine) -> Engine:
    """Open the database of readings: a second file on SQLite, the same database elsewhere."""
    if not is_sqlite(url):
        return people_engine
    return _engine(telemetry_url(url))


def is_sqlite(url: str) -> bool:
    """Tell whether a database URL is one of SQLite."""
    return make_url(url).get_backend_name() == "sqlite"


def telemetry_url(url: str) -> str:
    """Name the file of readings that lies beside the file of people."""
    parsed = make_url(url)
    if not is_sqlite(url):
        return url
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("database.url must name a file: sqlite:///folder/meterwatch.db")
    folder, slash, _ = parsed.database.rpartition("/")
    return parsed.set(database=f"{folder}{slash}telemetry.db").render_as_string(False)


def read_only(connection: Connection) -> Connection:
    """Mark a connection as one for reading, so that it never queues for the writer's place."""
    return connection.execution_options(read_only=True)


def _engine(url: str) -> Engine:
    if not is_sqlite(url):
        return create_engine(
            url, hide_parameters=True, pool_pre_ping=True, pool_size=5, max_overflow=15
        )
    # What a statement was given stays out of its error, and so out of the logs: it may be a name.
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # the driver opens no transaction by itself: `_begin_sqlite` does
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    mode = "DEFERRED" if connection.get_execution_options().get("read_only") else "IMMEDIATE"
    connection.exec_driver_sql(f"BEGIN {mode}")

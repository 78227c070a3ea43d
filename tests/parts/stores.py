"""Gives tests a store with the newest tables: on a SQLite file, and on a real PostgreSQL.

The tables are made once a run, and one store of each kind is emptied for each test that asks.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, delete, literal, select, text

from meterwatch import migrations
from meterwatch.store import Store
from meterwatch.store.tables import PEOPLE, TELEMETRY
from tests.parts.postgres import Postgres


@pytest.fixture(scope="session")
def migrated_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the two files of SQLite once; tests get copies."""
    folder = tmp_path_factory.mktemp("migrated")
    migrations.upgrade(f"sqlite:///{folder}/meterwatch.db")
    return folder


@pytest.fixture
def sqlite_url(migrated_files: Path, tmp_path: Path) -> str:
    """Name a migrated SQLite database of this test alone."""
    shutil.copytree(migrated_files, tmp_path / "store")
    return f"sqlite:///{tmp_path}/store/meterwatch.db"


@pytest.fixture(scope="session")
def sqlite_of_the_run(
    migrated_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("store")
    shutil.copytree(migrated_files, folder, dirs_exist_ok=True)
    opened = Store(f"sqlite:///{folder}/meterwatch.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def pg_of_the_run(postgres_of_the_run: Postgres) -> Iterator[Store]:
    postgres_of_the_run.start()
    url = postgres_of_the_run.url(postgres_of_the_run.create())
    migrations.upgrade(url)
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_of_the_run: Store) -> Store:
    """Give an empty store on SQLite alone, for what no database can change."""
    sqlite_of_the_run.close()  # what a test told its connections is not told to the next one's
    empty(sqlite_of_the_run)
    return sqlite_of_the_run


@pytest.fixture
def pg_store(postgres: Postgres, pg_of_the_run: Store) -> Store:
    """Give an empty store on PostgreSQL alone, for what only several writers at once can show."""
    empty(pg_of_the_run)
    return pg_of_the_run


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """Give an empty store, on one database after the other."""
    kind = "sqlite_store" if request.param == "sqlite" else "pg_store"
    given: Store = request.getfixturevalue(kind)
    return given


def empty(store: Store) -> None:
    """Take every row out of a store and let its ids begin at one again."""
    with store.transaction() as tx:
        _empty(tx.connection, PEOPLE.sorted_tables)
    with store.telemetry._engine.begin() as connection:
        _empty(connection, TELEMETRY.sorted_tables)


def _empty(connection: Connection, tables: list[Table]) -> None:
    used = [table for table in tables if _has_rows(connection, table)]
    if connection.dialect.name == "postgresql" and used:
        names = ", ".join(table.name for table in used)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    else:
        for table in reversed(used):
            connection.execute(delete(table))


def _has_rows(connection: Connection, table: Table) -> bool:
    there = select(literal(1)).select_from(table).limit(1)
    return connection.execute(there).first() is not None

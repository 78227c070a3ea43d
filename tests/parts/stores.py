"""Gives tests a store with the newest tables: on a SQLite file, and on a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, Select, Table, create_engine, literal, select, text

from meterwatch import migrations
from meterwatch.store import Store
from meterwatch.store.tables import PEOPLE, TELEMETRY
from tests.parts.postgres import Postgres

TABLES = (*PEOPLE.sorted_tables, *TELEMETRY.sorted_tables)


@pytest.fixture(scope="session")
def migrated_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the two files of SQLite once; tests get copies."""
    folder = tmp_path_factory.mktemp("migrated")
    migrations.upgrade(f"sqlite:///{folder}/meterwatch.db")
    return folder


@pytest.fixture(scope="session")
def migrated_database(postgres_of_the_run: Postgres) -> str:
    """Make the tables in PostgreSQL once; they are emptied for each test."""
    postgres_of_the_run.start()
    name = postgres_of_the_run.create()
    migrations.upgrade(postgres_of_the_run.url(name))
    return name


@pytest.fixture
def sqlite_url(migrated_files: Path, tmp_path: Path) -> str:
    """Name a migrated SQLite database of this test alone."""
    shutil.copytree(migrated_files, tmp_path / "store")
    return f"sqlite:///{tmp_path}/store/meterwatch.db"


@pytest.fixture
def migrated_pg_url(postgres: Postgres, migrated_database: str) -> str:
    """Name the migrated PostgreSQL database, with nothing in it and its ids at one."""
    url = postgres.url(migrated_database)
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        used = [table.name for table in TABLES if connection.execute(_any_of(table)).first()]
        if used:
            connection.execute(text(f"TRUNCATE {', '.join(used)} RESTART IDENTITY CASCADE"))
    return url


def _any_of(table: Table) -> Select[int]:
    return select(literal(1)).select_from(table).limit(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Name a migrated database, of one kind after the other."""
    kind = "sqlite_url" if request.param == "sqlite" else "migrated_pg_url"
    url: str = request.getfixturevalue(kind)
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Open a store, on one database after the other."""
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """Open a store on SQLite alone, for what no database can change."""
    opened = Store(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def pg_store(migrated_pg_url: str) -> Iterator[Store]:
    """Open a store on PostgreSQL alone, for what only several writers at once can show."""
    opened = Store(migrated_pg_url)
    yield opened
    opened.close()

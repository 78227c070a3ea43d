"""Gives tests a store with the newest tables: on a SQLite file, and on a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from meterwatch import migrations
from meterwatch.store import Store
from tests.parts.postgres import Postgres


@pytest.fixture(scope="session")
def migrated_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the two files of SQLite once; tests get copies."""
    folder = tmp_path_factory.mktemp("migrated")
    migrations.upgrade(f"sqlite:///{folder}/meterwatch.db")
    return folder


@pytest.fixture(scope="session")
def migrated_database(postgres_of_the_run: Postgres) -> str:
    """Make the tables in PostgreSQL once; tests get copies."""
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
def migrated_pg_url(postgres: Postgres, migrated_database: str) -> Iterator[str]:
    """Name a migrated PostgreSQL database of this test alone."""
    name = postgres.create(migrated_database)
    yield postgres.url(name)
    postgres.start()
    postgres.drop(name)


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

"""The migrated tables are the tables of the store, on both databases, whole or not at all."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, inspect, text

from meterwatch import migrations
from meterwatch.migrations import CHAINS, Chain, DanglingRows, TooNew
from meterwatch.store import engines
from meterwatch.store.tables import PEOPLE, TELEMETRY
from tests.parts.postgres import Postgres

VERSION_TABLES = {chain.version_table for chain in CHAINS}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/migrated/meterwatch.db"
    given: str = request.getfixturevalue("pg_url")
    return given


@pytest.fixture
def created(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give a database of the same kind that was made from the tables, not by migrations."""
    if engines.is_sqlite(url):
        (tmp_path / "created").mkdir()
        make(f"sqlite:///{tmp_path}/created/meterwatch.db")
        yield f"sqlite:///{tmp_path}/created/meterwatch.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        name = server.create()
        make(server.url(name))
        yield server.url(name)
        server.drop(name)


def make(url: str) -> None:
    for chain in CHAINS:
        with_engine(url, chain, chain.tables.create_all)


def with_engine(url: str, chain: Chain, do: Callable[[Engine], Any]) -> Any:
    engine = engines.people(url if chain.name == "people" else engines.telemetry_url(url))
    try:
        return do(engine)
    finally:
        engine.dispose()


def ask(url: str, chain: Chain, do: Callable[[Connection], Any]) -> Any:
    def connected(engine: Engine) -> Any:
        with engine.begin() as connection:
            return do(connection)

    return with_engine(url, chain, connected)


def describe(connection: Connection) -> dict[str, Any]:
    """Say everything about every table that the database itself would say."""
    look = inspect(connection)
    return {
        table: {
            "columns": {c["name"]: _column(c) for c in look.get_columns(table)},
            "key": look.get_pk_constraint(table),
            "references": _by_name(look.get_foreign_keys(table)),
            "unique": _by_name(look.get_unique_constraints(table)),
            "checks": _by_name(look.get_check_constraints(table)),
            "indexes": _indexes(connection, table),
        }
        for table in look.get_table_names()
        if table not in VERSION_TABLES
    }


def _column(column: Any) -> Any:
    return {key: str(column.get(key)) for key in ("type", "nullable", "default", "identity")}


def _by_name(parts: Any) -> Any:
    return {part["name"]: part for part in parts}


def _indexes(connection: Connection, table: str) -> list[str]:
    # As the database wrote them down, so with their conditions.
    query = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table"
        if connection.dialect.name == "sqlite"
        else "SELECT indexdef FROM pg_indexes WHERE tablename = :table"
    )
    found = connection.execute(text(query), {"table": table}).scalars()
    return sorted(" ".join(sql.split()) for sql in found if sql)


def test_both_chains_lead_to_the_tables_of_the_store(url: str) -> None:
    migrations.upgrade(url)
    for chain in CHAINS:

        def differences(connection: Connection, tables: MetaData = chain.tables) -> Any:
            options = {
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: kind != "table" or name in tables.tables,
            }
            context = MigrationContext.configure(connection, opts=options)
            return compare_metadata(context, tables)

        assert ask(url, chain, differences) == []


def test_what_was_migrated_is_what_the_tables_make_in_every_detail(url: str, created: str) -> None:
    migrations.upgrade(url)
    for chain in CHAINS:
        made, wanted = ask(url, chain, describe), ask(created, chain, describe)
        assert made.keys() == wanted.keys() >= chain.tables.tables.keys()
        for table in wanted:
            assert made[table] == wanted[table], table


def test_the_comparison_sees_checks_and_partial_indexes(created: str) -> None:
    described = ask(created, CHAINS[0], describe)["alerts"]
    assert "ck_alerts_closed_or_due" in described["checks"]
    assert any("uq_alerts_standing" in sql and "closed" in sql for sql in described["indexes"])


def test_people_and_telemetry_share_no_table_and_no_version_table() -> None:
    assert not set(PEOPLE.tables) & set(TELEMETRY.tables)
    assert len(VERSION_TABLES) == len(CHAINS)


def test_before_the_first_time_there_is_no_revision_and_no_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nothing/meterwatch.db"
    assert migrations.current(url) == {"people": None, "telemetry": None}
    assert not migrations.is_current(url)
    assert list(tmp_path.iterdir()) == []


def test_migrating_again_changes_nothing(url: str) -> None:
    first = migrations.upgrade(url)
    again = migrations.upgrade(url)
    assert all(before is None and after for before, after in first.values())
    assert all(before == after for before, after in again.values())
    assert migrations.is_current(url)
    assert migrations.current(url) == {chain.name: chain.newest for chain in CHAINS}


def test_what_is_in_the_tables_stays(url: str) -> None:
    migrations.upgrade(url)
    insert = "INSERT INTO marks (name, at) VALUES ('swept', 7)"
    ask(url, CHAINS[0], lambda connection: connection.execute(text(insert)))
    migrations.upgrade(url)
    read = "SELECT at FROM marks"
    assert ask(url, CHAINS[0], lambda connection: connection.scalar(text(read))) == 7


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.name)
def test_a_database_of_a_newer_program_is_refused_and_left_alone(url: str, chain: Chain) -> None:
    migrations.upgrade(url)
    newer = f"UPDATE {chain.version_table} SET version_num = '9999'"  # noqa: S608  # our own name
    ask(url, chain, lambda connection: connection.execute(text(newer)))
    with pytest.raises(TooNew, match=r"9999.*install a newer"):
        migrations.upgrade(url)
    assert migrations.current(url)[chain.name] == "9999"
    assert not migrations.is_current(url)


def test_two_who_migrate_at_once_do_not_meet(url: str) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        moved = list(pool.map(migrations.upgrade, [url, url]))
    assert sum(before is None for one in moved for before, _ in one.values()) == len(CHAINS)
    assert migrations.is_current(url)


REVISION = """
from alembic import op
revision, down_revision = {revision!r}, {before!r}

def upgrade():
    for statement in {statements!r}:
        op.execute(statement)
"""


def chain_of(folder: Path, *revisions: tuple[str, ...]) -> Chain:
    folder.mkdir(exist_ok=True)
    for number, statements in enumerate(revisions, 1):
        code = REVISION.format(
            revision=str(number), before=str(number - 1) if number > 1 else None,
            statements=statements,
        )  # fmt: skip
        (folder / f"{number}.py").write_text(code, "utf-8")
    return Chain("people", MetaData(), folder)


ROOMS = (
    "CREATE TABLE houses (id INTEGER PRIMARY KEY)",
    "CREATE TABLE rooms (id INTEGER PRIMARY KEY, house INTEGER REFERENCES houses (id))",
    "INSERT INTO houses VALUES (1)",
    "INSERT INTO rooms VALUES (1, 1)",
)


def test_a_revision_that_fails_leaves_nothing_of_the_later_ones(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "revisions"
    migrations.upgrade(url, [chain_of(folder, ROOMS)])
    broken = ("CREATE TABLE gardens (id INTEGER)",), ("CREATE TABLE nonsense",)
    with pytest.raises(Exception, match=r"nonsense|syntax"):
        migrations.upgrade(url, [chain_of(folder, ROOMS, *broken)])
    tables = ask(url, CHAINS[0], lambda connection: inspect(connection).get_table_names())
    assert "rooms" in tables
    assert "gardens" not in tables
    assert migrations.current(url)["people"] == "1"


def test_a_revision_that_loses_what_others_point_at_is_refused(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path}/meterwatch.db", tmp_path / "revisions"
    losing = ("DELETE FROM houses",)
    with pytest.raises(DanglingRows, match="1 rows of rooms"):
        migrations.upgrade(url, [chain_of(folder, ROOMS, losing)])
    assert migrations.current(url)["people"] is None


def test_a_table_that_others_point_at_can_be_written_anew(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path}/meterwatch.db", tmp_path / "revisions"
    anew = (
        "CREATE TABLE houses2 (id INTEGER PRIMARY KEY, name TEXT)",
        "INSERT INTO houses2 SELECT id, 'a house' FROM houses",
        "DROP TABLE houses",
        "ALTER TABLE houses2 RENAME TO houses",
    )
    migrations.upgrade(url, [chain_of(folder, ROOMS, anew)])
    assert migrations.current(url)["people"] == "2"

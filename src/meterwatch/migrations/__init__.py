"""Brings a database from one revision of the tables to the next.

There are two chains, as there are two databases: `people` and `telemetry`, each with a version
table of its own, so that both may live in one PostgreSQL database. A chain runs in one
transaction: whole or not at all. A released revision is never edited; a change is a new file in
`versions/<chain>/`, and the tests compare what the files lead to with the tables of the store.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.engine import make_url

from meterwatch.store import engines
from meterwatch.store.tables import PEOPLE, TELEMETRY

_VERSIONS = Path(__file__).parent / "versions"
_LOCK = 7_301_188  # any number, the same for everybody who migrates a PostgreSQL database


class TooNew(Exception):  # noqa: N818  # says what the database is
    """The database was made by a newer meterwatch."""


class DanglingRows(Exception):  # noqa: N818  # says what the database has
    """A migration would leave rows that point at nothing."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One sequence of revisions, and the tables it leads to."""

    name: str
    tables: MetaData
    folder: Path

    @property
    def version_table(self) -> str:
        """The table that holds the revision a database is at."""
        return f"alembic_version_{self.name}"

    @property
    def script(self) -> ScriptDirectory:
        """The revisions themselves."""
        return ScriptDirectory(self.folder, version_locations=[self.folder])

    @property
    def newest(self) -> str | None:
        """The last revision."""
        return self.script.get_current_head()


CHAINS = (
    Chain("people", PEOPLE, _VERSIONS / "people"),
    Chain("telemetry", TELEMETRY, _VERSIONS / "telemetry"),
)


def upgrade(
    url: str, chains: Sequence[Chain] = CHAINS
) -> Mapping[str, tuple[str | None, str | None]]:
    """Bring both databases to the newest revision, making them if they are not there.

    Returns
    -------
    mapping of chain name to (revision before, revision after)

    Raises
    ------
    TooNew
        If one of them was made by a newer meterwatch; nothing of that one changes then.
    DanglingRows
        If a revision would leave rows that point at nothing (SQLite); nothing changes then.
    """
    if engines.is_sqlite(url):
        _file(url).parent.mkdir(parents=True, exist_ok=True)
    moved = {}
    for chain in chains:
        with _connected(url, chain) as connection:
            moved[chain.name] = _upgrade(connection, chain)
    return moved


def current(url: str) -> Mapping[str, str | None]:
    """Say at which revision each chain is; None where nothing was made yet."""
    return {chain.name: _current(url, chain) for chain in CHAINS}


def is_current(url: str) -> bool:
    """Tell whether both databases are at the newest revision."""
    return current(url) == {chain.name: chain.newest for chain in CHAINS}


def _file(url: str, chain: Chain = CHAINS[0]) -> Path:
    return Path(make_url(_address(url, chain)).database or "")


def _address(url: str, chain: Chain) -> str:
    return url if chain.name == "people" else engines.telemetry_url(url)


def _current(url: str, chain: Chain) -> str | None:
    if engines.is_sqlite(url) and not _file(url, chain).exists():
        return None  # asking would make an empty file
    with _connected(url, chain, read_only=True) as connection:
        return _revision(connection, chain)


def _revision(connection: Connection, chain: Chain) -> str | None:
    options = {"version_table": chain.version_table}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


@contextmanager
def _connected(url: str, chain: Chain, *, read_only: bool = False) -> Iterator[Connection]:
    """Open one transaction on the database of a chain, the only one to migrate it."""
    engine = engines.people(_address(url, chain))
    try:
        with engine.connect() as connection:
            _free_references(connection)
            if read_only:
                engines.read_only(connection)
            with connection.begin():
                if connection.dialect.name == "postgresql" and not read_only:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection
    finally:
        engine.dispose()


def _free_references(connection: Connection) -> None:
    # SQLite changes a table by writing it anew, and refuses to drop one that others point at. It
    # can be told so only before the transaction; `_upgrade` checks all references at its end.
    raw = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and raw is not None:
        raw.execute("PRAGMA foreign_keys=OFF")


def _upgrade(connection: Connection, chain: Chain) -> tuple[str | None, str | None]:
    before, script = _revision(connection, chain), chain.script
    if before is not None and before not in {one.revision for one in script.walk_revisions()}:
        raise TooNew(
            f"数据库({chain.name})的版本是 {before},本程序只认识到 {chain.newest}:"
            f"请装更新的 meterwatch,或用升级前的备份。/ The database ({chain.name}) is at "
            f"revision {before}, and this program knows none after {chain.newest}: install a newer "
            "meterwatch, or use the backup made before the upgrade."
        )

    def to_newest(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001  # as Alembic's own commands

    with EnvironmentContext(Config(), script, fn=to_newest) as environment:
        environment.configure(
            connection=connection,
            target_metadata=chain.tables,
            version_table=chain.version_table,
            render_as_batch=True,
            transactional_ddl=True,
        )
        environment.run_migrations()
    _check_references(connection)
    return before, chain.newest


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if lost:
        tables = ", ".join(sorted({row[0] for row in lost}))
        raise DanglingRows(f"{len(lost)} rows of {tables} would point at nothing; nothing changed")

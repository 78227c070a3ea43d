"""Runs a real PostgreSQL server of our own for the tests, and gives each test a fresh database."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from tests.parts.absent import absent
from tests.parts.ports import LOOPBACK, free_port, wait_until
from tests.parts.programs import find_program

OPTIONS: Final = {
    "autovacuum_naptime": "5min",
    "fsync": "on",
    "max_connections": "100",
    "max_prepared_transactions": "0",
    "shared_buffers": "64MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
}


class Postgres:
    """A server on a free loopback port in a folder of its own, trusting loopback."""

    host: Final = LOOPBACK
    user: Final = "meterwatch"

    def __init__(self, programs: Path, folder: Path) -> None:
        self.port = free_port()
        self._programs = programs
        self._folder = folder
        self._process: Popen[bytes] | None = None
        self._numbers = count(1)
        self._as_user = unprivileged()
        if self._as_user:
            shutil.chown(folder, self._as_user["user"], self._as_user["group"])
        self._make_cluster()

    def _make_cluster(self) -> None:
        command = [
            str(self._programs / "initdb"),
            *("--pgdata", str(self._folder / "cluster"), "--username", self.user),
            *("--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder, **self._as_user)

    def start(self) -> None:
        """Start, and return once it answers; nothing if it runs."""
        if self._process is not None:
            return
        settings = OPTIONS | {
            "listen_addresses": self.host,
            "unix_socket_directories": str(self._folder),
        }
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "cluster")]
        command += ["-p", str(self.port)]
        command += [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        with (self._folder / "server.log").open("ab") as log:
            self._process = Popen(command, stderr=log, cwd=self._folder, **self._as_user)
        wait_until(self._process, self._answers)

    def _answers(self) -> bool:
        try:  # it listens while it still recovers, so an open port is not enough
            psycopg.connect(self.dsn("postgres"), connect_timeout=10).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End in order, cutting connections."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End at once, without a checkpoint: the next start recovers."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None

    def dsn(self, database: str) -> str:
        """Name a database in libpq's words."""
        return f"host={self.host} port={self.port} user={self.user} dbname={database}"

    def url(self, database: str) -> str:
        """Name a database in SQLAlchemy's words."""
        return f"postgresql+psycopg://{self.user}@{self.host}:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """Make a fresh database, empty or copied from an idle one, and return its name."""
        name = f"test_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._administer(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._administer(statement.format(sql.Identifier(database)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def unprivileged() -> dict[str, Any]:
    """Say as whom to run: the server refuses root. Arguments for Popen; none for other users."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def find_server() -> Path | None:
    """Find the folder with initdb and postgres, newest version first."""
    folders = sorted(
        map(str, Path("/usr/lib/postgresql").glob("*/bin")), key=_version, reverse=True
    )
    pg_config = find_program("pg_config")
    if pg_config:
        told = subprocess.run([pg_config, "--bindir"], check=True, capture_output=True, text=True)
        folders.append(told.stdout.strip())
    initdb = find_program("initdb", folders=folders)
    folder = Path(initdb).resolve().parent if initdb else None
    return folder if folder and (folder / "postgres").exists() else None


def _version(folder: str) -> int:
    digits = Path(folder).parent.name
    return int(digits) if digits.isdigit() else 0


@pytest.fixture(scope="session")
def postgres_of_the_run() -> Iterator[Postgres]:
    """Start the one server of the run."""
    programs = find_server()
    if programs is None:
        absent("postgres", "PostgreSQL's initdb and postgres are not installed")
    # Not below pytest's folder: that one is closed to the user the server runs as.
    with tempfile.TemporaryDirectory(prefix="meterwatch-postgres-") as folder:
        server = Postgres(programs, Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def postgres(postgres_of_the_run: Postgres) -> Iterator[Postgres]:
    """Give the running server; a test may stop it, the next one finds it running again."""
    postgres_of_the_run.start()
    yield postgres_of_the_run
    postgres_of_the_run.start()


@pytest.fixture
def pg_url(postgres: Postgres) -> Iterator[str]:
    """Give the SQLAlchemy URL of an empty database, gone after the test."""
    database = postgres.create()
    yield postgres.url(database)
    postgres.start()
    postgres.drop(database)

"""The store: people, alerts and the outbox in one database, telemetry in another.

On SQLite they are two files, so that no press ever waits behind bulk readings; on PostgreSQL both
are one database. A pipeline function opens `transaction()` once and does everything in it; pages
read through `view()`. No transaction spans people and telemetry.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from meterwatch.store import engines
from meterwatch.store.accounts import Accounts
from meterwatch.store.alerts import Alerts
from meterwatch.store.areas import Areas
from meterwatch.store.counts import Counts
from meterwatch.store.digests import Digests
from meterwatch.store.homes import Homes
from meterwatch.store.house import House
from meterwatch.store.outbox import Outbox
from meterwatch.store.registry import Registry
from meterwatch.store.replies import Replies
from meterwatch.store.telemetry import Telemetry
from meterwatch.store.visits import Visits


class Transaction:
    """Everything of the people database within one transaction, concept by concept."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.homes = Homes(connection)
        self.areas = Areas(connection)
        self.registry = Registry(connection)
        self.alerts = Alerts(connection)
        self.outbox = Outbox(connection)
        self.replies = Replies(connection)
        self.visits = Visits(connection)
        self.digests = Digests(connection)
        self.house = House(connection)
        self.accounts = Accounts(connection)


@dataclass(frozen=True, slots=True)
class View:
    """Two connections to read pages from; nothing is ever written through them."""

    people: Connection
    telemetry: Connection


class Store:
    """The doors to both databases.

    Parameters
    ----------
    url : str
        `sqlite:///folder/meterwatch.db` (telemetry goes beside it into `telemetry.db`) or
        `postgresql+psycopg://...`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._people: Engine = engines.people(url)
        self._telemetry: Engine = engines.telemetry(url, self._people)
        self.telemetry = Telemetry(self._telemetry)
        self.counts = Counts(self._telemetry)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._people.dialect.name

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[Transaction]:
        """Run one transaction on the people database: committed whole or not at all.

        One that only reads never queues for the writer's place.
        """
        with self._people.connect() as plain:
            connection = engines.read_only(plain) if read_only else plain
            with connection.begin():
                yield Transaction(connection)

    @contextmanager
    def view(self) -> Iterator[View]:
        """Open both databases for reading."""
        with self._people.connect() as people, self._telemetry.connect() as telemetry:
            yield View(engines.read_only(people), engines.read_only(telemetry))

    def close(self) -> None:
        """Close every connection."""
        self._people.dispose()
        self._telemetry.dispose()


__all__ = ["Store", "Transaction", "View"]

"""Who wants to hear each day that water was used in a home, and who has heard it today."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import Connection, or_, select

from meterwatch.store.dialects import insert_into
from meterwatch.store.tables import people as t


class Digests:
    """The wishes for a daily word, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def want(self, household: int, contact: int, by: str, now: datetime) -> int:
        """Note that a contact wants to hear of a home; count 1 if that is new."""
        row = insert_into(self._connection, t.digests).values(
            household_id=household, contact_id=contact, said_by=by, said_at=now
        )
        new = row.on_conflict_do_nothing().returning(t.digests.c.contact_id)
        return len(self._connection.execute(new).all())

    def want_not(self, household: int, contact: int) -> int:
        """Note that a contact does not want to hear of a home any more; count 1 if it did."""
        d = t.digests
        mine = (d.c.household_id == household, d.c.contact_id == contact)
        return self._connection.execute(d.delete().where(*mine)).rowcount

    def untold(self, day: date) -> Mapping[int, tuple[int, ...]]:
        """Give, for each home, the contacts who want to hear of it and have not on this day."""
        d = t.digests.c
        query = (
            select(d.household_id, d.contact_id)
            .join(t.contacts, t.contacts.c.id == d.contact_id)
            .where(or_(d.told_on.is_(None), d.told_on < day))
            .where(t.contacts.c.can_text, t.contacts.c.erased_at.is_(None))
            .order_by(d.household_id, d.contact_id)
        )
        found: dict[int, tuple[int, ...]] = {}
        for home, contact in self._connection.execute(query):
            found[home] = (*found.get(home, ()), contact)
        return found

    def homes_of(self, contacts: Collection[int]) -> Mapping[int, int]:
        """Count of how many homes each of these contacts wants to hear."""
        d = t.digests.c
        query = select(d.contact_id).where(d.contact_id.in_(contacts))
        found: dict[int, int] = {}
        for contact in self._connection.execute(query).scalars():
            found[contact] = found.get(contact, 0) + 1
        return found

    def tell(self, household: int, contacts: Collection[int], day: date) -> None:
        """Write down that these contacts heard of a home on this day."""
        d = t.digests
        row = d.update().where(d.c.household_id == household, d.c.contact_id.in_(contacts))
        self._connection.execute(row.values(told_on=day))

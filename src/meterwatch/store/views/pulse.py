"""Whether anything changed that a screen shows, and whether both databases answer."""

from sqlalchemy import func, select

from meterwatch.store import View
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people as p


def revision(view: View) -> str:
    """Give a word that differs after every change to alerts, messages, replies and visits.

    Newest ids only, and the few messages on their way: each is one look into an index.
    """
    newest = [
        select(func.max(table.c.id)).scalar_subquery()
        for table in (
            t.alert_lines,
            t.alerts,
            t.notifications,
            t.receipts,
            t.replies,
            t.visits,
            p.absences,
        )
    ]
    waiting = select(func.count()).where(t.notifications.c.wake_at.is_not(None)).scalar_subquery()
    last = select(t.attempts.c.id, t.attempts.c.result).order_by(t.attempts.c.id.desc()).limit(1)
    row = view.people.execute(select(*newest, waiting)).one()
    attempt = view.people.execute(last).first()
    return "-".join(str(part or 0) for part in (*row, *(attempt or ())))


def answer(view: View) -> None:
    """Ask both databases for a word; raises what the database raises if one does not answer."""
    for connection in (view.people, view.telemetry):
        connection.execute(select(1)).scalar_one()

"""Escalate: whose time is up, and who is told next.

Work is proportional to what is due, not to what stands. Each alert moves in a transaction with
its messages, so a step is neither lost nor taken twice.
"""

from datetime import datetime

from meterwatch.domain.alert import Act, advance
from meterwatch.pipeline.moves import keep_move
from meterwatch.store import Store


def escalate(store: Store, now: datetime, limit: int = 100) -> int:
    """Move every alert whose time has come, at most `limit` of them; count them."""
    with store.transaction() as tx:
        due = tx.alerts.due(now, limit)
        for alert in due:
            circle = tx.homes.circle(
                (alert.subject_kind, alert.subject_id), tx.alerts.told(alert.id)
            )
            keep_move(tx, advance(alert, Act.DUE, "system", circle, now), now)
    return len(due)

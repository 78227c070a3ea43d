"""Escalate: whose time is up, and who is told next.

Work is proportional to what is due, not to what stands. Each alert moves in a transaction of its
own with its messages: a step is neither lost nor taken twice, and an alert that cannot be moved
holds up no other.
"""

from datetime import datetime

import structlog

from meterwatch.domain.alert import Act, advance
from meterwatch.pipeline.moves import keep_move
from meterwatch.store import Store

_log = structlog.get_logger(__name__)


class Stuck(RuntimeError):  # noqa: N818  # says what the alerts are
    """Alerts that could not be moved; they stay due, and all others were moved."""


def escalate(store: Store, now: datetime, limit: int = 100) -> int:
    """Move every alert whose time has come, at most `limit` of them; count them.

    Raises
    ------
    Stuck
        After all others were moved, if some could not be.
    """
    with store.transaction(read_only=True) as tx:
        due = tx.alerts.due(now, limit)
    moved, stuck = 0, []
    for alert_id in due:
        try:
            moved += _move(store, alert_id, now)
        except Exception as error:  # noqa: BLE001  # whatever it is, the others must not wait
            _log.error("alert_stuck", alert_id=alert_id, failure=type(error).__name__)
            stuck.append(alert_id)
    if stuck and not moved:
        raise Stuck(f"alerts {stuck} could not be moved")
    return moved


def _move(store: Store, alert_id: int, now: datetime) -> int:
    with store.transaction() as tx:
        alert = tx.alerts.get(alert_id)
        if alert is None or alert.next_due_at is None or alert.next_due_at > now:
            return 0  # somebody was quicker
        subject = (alert.subject_kind, alert.subject_id)
        circle = tx.homes.circle(subject, tx.alerts.told(alert.id))
        keep_move(tx, advance(alert, Act.DUE, "system", circle, now), now)
    return 1

"""Returns: somebody had to leave, and water is used again; who was told of it hears that once.

An alert that stands tells its good news by itself. This is about those that were answered while
the taps were still shut, because the person was away, in hospital, or had fallen. Who was found
well at home is not waited for: that water runs there again is no news.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from meterwatch.domain.alert import Alert, Condition, Line, Move
from meterwatch.domain.lesson import LEFT
from meterwatch.domain.notification import Channel, MessageKind, Notification
from meterwatch.domain.signal import EXPLAINED_BY_ABSENCE, SubjectKind
from meterwatch.domain.visit import Visit
from meterwatch.pipeline.moves import keep_move
from meterwatch.pipeline.respond.absences import end_by_use
from meterwatch.store import Transaction

_VISITORS_USE = timedelta(hours=1)  # who comes to look turns taps as well


def await_use(tx: Transaction, alerts: Iterable[Alert], visit: Visit, now: datetime) -> None:
    """Keep in mind that a home which somebody has left may come back to life."""
    silent = [
        alert
        for alert in alerts
        if alert.kind in EXPLAINED_BY_ABSENCE and alert.condition is not Condition.CLEARED
    ]
    if visit.outcome not in LEFT:
        tx.alerts.await_no_more([alert.id for alert in silent])
        return
    for alert in silent:
        tx.alerts.await_use(alert, now + _VISITORS_USE)


def take_return(tx: Transaction, household: int, used_at: datetime, now: datetime) -> None:
    """Take in that somebody who was away, or had left, uses water again: whoever knew is told."""
    ended = end_by_use(tx, household, used_at, now)
    knows = _circle(tx, household) if ended else frozenset()  # they hear that the absence is over
    knows |= _hear_good_news(tx, household)
    alerts = tx.alerts.awaiting(household)
    for alert in reversed(alerts):  # the newest first: one message a person
        told = tx.alerts.told(alert.id)
        notes = tuple(
            Notification(
                alert.id,
                alert.round,
                alert.step,
                contact,
                Channel.SMS,
                MessageKind.COMING_BACK,
                {"of": "left"},
            )
            for contact in sorted(told - knows)
        )
        eased = replace(alert, condition=Condition.CLEARED)
        line = Line("came_back", detail={"at": used_at.isoformat()})
        keep_move(tx, Move(eased, notes, (line,)), now)
        knows |= told
    tx.alerts.await_no_more([alert.id for alert in alerts])


def _hear_good_news(tx: Transaction, household: int) -> frozenset[int]:
    """Name who hears it by a worry that was raised again and stands."""
    eased = [
        alert.id
        for alert in tx.alerts.standing_of_home(household)
        if alert.kind in EXPLAINED_BY_ABSENCE and alert.condition is Condition.CLEARED
    ]
    return frozenset(contact for number in eased for contact in tx.alerts.told(number))


def _circle(tx: Transaction, household: int) -> frozenset[int]:
    circle = tx.homes.circle((SubjectKind.HOUSEHOLD, household))
    return frozenset(contact for ids in circle.by_role.values() for contact in ids)

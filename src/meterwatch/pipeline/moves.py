"""Writing moves down: an alert, its messages and lines, in the transaction that decided them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from meterwatch.domain.alert import Alert, Circle, Move, Raised, Surroundings
from meterwatch.domain.escalation import Policies
from meterwatch.domain.signal import SubjectKind
from meterwatch.store import Transaction

Subject = tuple[SubjectKind, int]


def surroundings(tx: Transaction, policies: Policies) -> Surroundings:
    """Let the domain look around through this transaction."""

    def circle(subject: Subject, alert_id: int) -> Circle:
        return tx.homes.circle(subject, tx.alerts.told(alert_id) if alert_id else ())

    return Surroundings(tx.homes.grade, circle, policies)


def keep_raised(tx: Transaction, raised: Iterable[Raised], now: datetime) -> tuple[Alert, ...]:
    """Keep what signals did; give the alerts that are new."""
    new: dict[tuple[SubjectKind, int, str], Alert] = {}
    for one in raised:
        alert = one.move.alert
        if one.new:
            alert = new[alert.subject] = tx.alerts.add(alert, now)
        elif not alert.id:  # a second signal for an alert that is new in this very batch
            opened = new[alert.subject]
            alert = replace(alert, id=opened.id, code=opened.code)
            tx.alerts.save(alert)
        else:
            tx.alerts.save(alert)
        tx.alerts.add_signal(one.signal, alert.id, now)
        _keep(tx, replace(one.move, alert=alert), now)
    return tuple(new.values())


def keep_move(tx: Transaction, move: Move, now: datetime) -> None:
    """Keep what an act did to an alert."""
    tx.alerts.save(move.alert)
    _keep(tx, move, now)


def _keep(tx: Transaction, move: Move, now: datetime) -> None:
    number = move.alert.id
    tx.alerts.write(number, move.lines, now)
    tx.outbox.put((replace(note, alert_id=number) for note in move.notifications), now)

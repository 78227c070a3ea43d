"""The acts: have it, go, cannot, report what was found."""

from collections.abc import Collection
from datetime import datetime

from meterwatch.domain.alert import (
    Act,
    Alert,
    Line,
    NotAllowed,
    Raised,
    State,
    advance,
    open_alert,
)
from meterwatch.domain.signal import VISITED_KINDS, Origin, Signal
from meterwatch.domain.visit import Mode, Outcome, Visit
from meterwatch.pipeline.moves import keep_move, keep_raised
from meterwatch.pipeline.respond.absences import end_in, vacate_in
from meterwatch.pipeline.respond.returns import await_use
from meterwatch.store import Store, Transaction


def acknowledge(store: Store, alert_id: int, by: str, now: datetime) -> Alert:
    """Let somebody have an alert; raise NotAllowed if another has it, or it bought time already."""
    return _act(store, alert_id, Act.ACKNOWLEDGE, by, now)


def go(store: Store, alert_id: int, by: str, now: datetime) -> Alert:
    """Let somebody be on the way; raise NotAllowed if somebody is already."""
    return _act(store, alert_id, Act.GO, by, now)


def decline(store: Store, alert_id: int, by: str, now: datetime) -> Alert:
    """Let somebody give it back; the next step is taken at once."""
    return _act(store, alert_id, Act.DECLINE, by, now)


def report(store: Store, visit: Visit, now: datetime) -> int:
    """Log a visit; its outcome answers what stands about the home and was raised before it.

    Returns
    -------
    The id of the new line of the ledger.
    """
    with store.transaction() as tx:
        return report_in(tx, visit, now)


def correct(store: Store, visit_id: int, visit: Visit, now: datetime) -> int:
    """Add a line that corrects an earlier one; the earlier one stays.

    Raises
    ------
    LookupError
        If there is no such line, or it is about another home.
    """
    with store.transaction() as tx:
        earlier = tx.visits.get(visit_id)
        if earlier is None or earlier.household_id != visit.household_id:
            raise LookupError(f"the ledger has no line {visit_id} about this home")
        return correct_in(tx, visit_id, visit, now)


def act_in(tx: Transaction, alert: Alert, act: Act, by: str, now: datetime) -> Alert:
    """Apply an act within a transaction that is already open."""
    circle = tx.homes.circle((alert.subject_kind, alert.subject_id), tx.alerts.told(alert.id))
    move = advance(alert, act, by, circle, now)
    keep_move(tx, move, now)
    return move.alert


def correct_in(tx: Transaction, visit_id: int, visit: Visit, now: datetime) -> int:
    """Correct a line of the ledger within a transaction that is already open.

    If it turns out that the person was not reached after all, what the line answered is raised
    anew: what was closed by mistake is nobody's any more.
    """
    earlier = tx.visits.get(visit_id)
    number = tx.visits.correct(visit_id, visit)
    corrected = Line("corrected", visit.visitor, {"visit": number, "corrects": visit_id})
    answered = tx.visits.alerts_of(visit_id)
    _remember(tx, tx.alerts.of(answered).values(), visit, now)
    if earlier is not None and earlier.outcome is Outcome.MOVED is not visit.outcome:
        _inhabit(tx, visit, now)
    for alert_id in answered:
        tx.alerts.write(alert_id, [corrected], now)
        alert = tx.alerts.get(alert_id)
        mistaken = earlier is not None and earlier.reached and not visit.reached
        if mistaken and alert is not None and alert.state is State.CLOSED:
            _raise_anew(tx, alert, number, now)
    return number


def _raise_anew(tx: Transaction, alert: Alert, visit_id: int, now: datetime) -> None:
    if tx.alerts.standing_of([alert.subject]):
        return
    signal = Signal(
        Origin.HEARD,
        alert.kind,
        alert.subject_kind,
        alert.subject_id,
        alert.began_at,
        now,
        f"corrected:{visit_id}:{alert.id}",
        evidence=dict(alert.evidence),
    )
    circle = tx.homes.circle((alert.subject_kind, alert.subject_id))
    move = open_alert(signal, alert.grade, alert.policy, circle, now)
    keep_raised(tx, [Raised(signal, move, new=True)], now)


def report_in(
    tx: Transaction, visit: Visit, now: datetime, kinds: Collection[str] = VISITED_KINDS
) -> int:
    """Log a visit within a transaction that is already open; it answers alerts of these kinds."""
    answered = [
        alert
        for alert in tx.alerts.standing_of_home(visit.household_id)
        if visit.answers(alert.raised_at)
        and alert.kind in kinds
        and not (alert.needs_confirmation and visit.mode is Mode.UNSTATED)
    ]
    number = tx.visits.add(visit, [alert.id for alert in answered])
    outcome = {"visit": number, "outcome": visit.outcome, "mode": visit.mode}
    for alert in answered:
        tx.alerts.write(alert.id, [Line("visit", visit.visitor, outcome)], now)
        act_in(tx, alert, Act.REACHED if visit.reached else Act.UNREACHED, visit.visitor, now)
    _remember(tx, answered, visit, now)
    return number


def _inhabit(tx: Transaction, visit: Visit, now: datetime) -> None:
    """Watch a home again that was taken for empty by mistake."""
    running = tx.homes.absence_now(visit.household_id, now)
    if running is not None and running.vacant:
        end_in(tx, visit.household_id, visit.visitor, now)


def _remember(tx: Transaction, answered: Collection[Alert], visit: Visit, now: datetime) -> None:
    """Keep in mind what an outcome means for the time that comes: left, or moved away."""
    await_use(tx, answered, visit, now)
    if visit.outcome is Outcome.MOVED:
        code = next((alert.code for alert in answered), "")
        vacate_in(tx, visit.household_id, visit.visitor, now, code)


def _act(store: Store, alert_id: int, act: Act, by: str, now: datetime) -> Alert:
    with store.transaction() as tx:
        alert = tx.alerts.get(alert_id)
        if alert is None:
            raise NotAllowed("closed")
        return act_in(tx, alert, act, by, now)

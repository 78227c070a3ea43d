"""Replies: what people write back, understood once and answered after the commit.

The answer is a row of the outbox in the same transaction, so nobody hears "recorded" of something
that was not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from meterwatch.domain.alert import Act, Alert, NotAllowed, State
from meterwatch.domain.household import Absence, Contact, Grade
from meterwatch.domain.notification import Answer, Channel, MessageKind, Notification, Reply
from meterwatch.domain.signal import SubjectKind
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.notify.replies import Understood, understand
from meterwatch.pipeline.respond.absences import (
    LONGEST_BY_SMS,
    AbsenceRefused,
    declare_in,
    end_in,
)
from meterwatch.pipeline.respond.acts import act_in, report_in
from meterwatch.store import Store, Transaction

_ASKED_HOW = timedelta(hours=2)  # for so long a bare 1 or 2 answers "went or phoned?"
_UNCLEAR_A_DAY = 5  # more unclear messages than this are kept, and not answered
_ACTS = {
    Answer.ACKNOWLEDGE: Act.ACKNOWLEDGE,
    Answer.GOING: Act.GO,
    Answer.CANNOT: Act.DECLINE,
}
_MODES = {Answer.ACKNOWLEDGE: Mode.HOME, Answer.GOING: Mode.PHONE}  # "1 went", "2 phoned"


@dataclass(frozen=True, slots=True)
class Settled:
    """What a reply led to, and what is said to the sender."""

    result: str
    params: dict[str, str | int]
    alert: Alert | None = None


def take_reply(store: Store, reply: Reply, now: datetime) -> str:
    """Take in one message from a person, once; give what it led to."""
    with store.transaction() as tx:
        if not tx.replies.keep(reply):
            return "repeated"
        contacts = tx.homes.contacts_of_number(reply.sender)
        if not contacts:
            tx.replies.settle(reply.ref, None, "", None, "unknown_sender")
            return "unknown_sender"
        said = understand(reply.text)
        contact, alert, settled = _meant(tx, contacts, said)
        settled = settled or _answer(tx, contact, alert, said, now)
        about = settled.alert or alert
        number = about.id if about else None
        if settled.params and not _too_many(tx, contact, settled, now):
            _say(tx, contact, number, settled.params, reply.ref, now)
        tx.replies.settle(reply.ref, contact.id, said.answer, number, settled.result)
        return settled.result


def _meant(
    tx: Transaction, contacts: tuple[Contact, ...], said: Understood
) -> tuple[Contact, Alert | None, Settled | None]:
    """Find who wrote and which alert is meant, or what to ask."""
    if said.code is not None:
        alert = tx.alerts.by_code(said.code)
        for contact in contacts:
            if alert is not None and _concerns(tx, contact, alert):
                return contact, alert, None
        return contacts[0], None, Settled("not_allowed", {"answer": "not_allowed"})
    open_for = {c: tx.alerts.open_for_contact(c.id) for c in contacts}
    found = {alert.id: (c, alert) for c, alerts in open_for.items() for alert in alerts}
    if len(found) == 1:
        return (*next(iter(found.values())), None)
    if len(found) > 1 and said.answer is not Answer.UNCLEAR:
        codes = " ".join(sorted(alert.code for _, alert in found.values()))
        return contacts[0], None, Settled("which", {"answer": "which", "codes": codes})
    return contacts[0], None, None


def _concerns(tx: Transaction, contact: Contact, alert: Alert) -> bool:
    """Tell whether a contact was told of an alert, or may be told of it."""
    circle = tx.homes.circle((alert.subject_kind, alert.subject_id))
    callable_now = {c for ids in circle.by_role.values() for c in ids}
    return contact.id in callable_now or contact.id in tx.alerts.told(alert.id)


def _answer(
    tx: Transaction, contact: Contact, alert: Alert | None, said: Understood, now: datetime
) -> Settled:
    if said.answer is Answer.UNCLEAR:
        return Settled("unclear", {"answer": "unclear"})
    asked = tx.replies.asked_how(contact.id, now, _ASKED_HOW)
    if asked is not None and said.answer in _MODES:
        how = _say_how(tx, contact, asked, _MODES[said.answer], now)
        if how is not None:
            return how
    if alert is None:
        return Settled("no_alert", {"answer": "closed"})
    try:
        return _act(tx, contact, alert, said, now)
    except NotAllowed as refused:
        by = _role(tx, alert.owner, alert)
        return Settled(f"refused_{refused.why}", {"answer": refused.why, "by": by}, alert)
    except AbsenceRefused:
        return Settled("away_refused", {"answer": "away_refused"}, alert)


def _act(
    tx: Transaction, contact: Contact, alert: Alert, said: Understood, now: datetime
) -> Settled:
    by = f"contact:{contact.id}"
    if said.answer in _ACTS:
        moved = act_in(tx, alert, _ACTS[said.answer], by, now)
        return Settled(said.answer, {"answer": "recorded", "of": said.answer}, moved)
    if said.answer is Answer.SAFE:
        return _safe(tx, contact, alert, now)
    if alert.subject_kind is not SubjectKind.HOUSEHOLD:
        return Settled("not_allowed", {"answer": "not_allowed"}, alert)
    if said.answer is Answer.CANCEL_AWAY:
        end_in(tx, alert.subject_id, by, now)
        return Settled("home", {"answer": "home"}, alert)
    return _away(tx, contact, alert, said, now)


def _safe(tx: Transaction, contact: Contact, alert: Alert, now: datetime) -> Settled:
    """Take "she is well" as a visit; bells and red homes wait for how one knows."""
    if alert.state is State.CLOSED:
        raise NotAllowed("closed")
    if not alert.life:
        moved = act_in(tx, alert, Act.SAY_SAFE, f"contact:{contact.id}", now)
        return Settled("safe", {"answer": "recorded", "of": Answer.SAFE}, moved)
    if alert.needs_confirmation:
        moved = act_in(tx, alert, Act.SAY_SAFE, f"contact:{contact.id}", now)
        return Settled(f"asked_how:{-alert.id}", {"answer": "say_how"}, moved)
    visit = report_in(tx, _visit(tx, contact, alert, Mode.UNSTATED, now), now)
    return Settled(f"asked_how:{visit}", {"answer": "say_how"}, alert)


def _say_how(
    tx: Transaction, contact: Contact, asked: int, mode: Mode, now: datetime
) -> Settled | None:
    """Take the answer to "went or phoned?": it corrects the line, or closes what waited for it."""
    params: dict[str, str | int] = {"answer": "recorded", "of": Answer.SAFE}
    if asked > 0:
        line = tx.visits.get(asked)
        alerts = tx.visits.alerts_of(asked)
        if line is None or line.mode is not Mode.UNSTATED:
            return None
        stated = _with_mode(line, mode, now)
        number = tx.visits.correct(asked, stated)
        alert = tx.alerts.get(alerts[0]) if alerts else None
        return Settled(f"how:{number}", params, alert)
    alert = tx.alerts.get(-asked)
    if alert is None or alert.said_safe_by != f"contact:{contact.id}":
        return None
    number = report_in(tx, _visit(tx, contact, alert, mode, now), now)
    return Settled(f"how:{number}", params, alert)


def _visit(tx: Transaction, contact: Contact, alert: Alert, mode: Mode, now: datetime) -> Visit:
    roles = tx.homes.roles_of(contact.id, alert.subject_id)
    return Visit(
        household_id=alert.subject_id,
        visitor=f"contact:{contact.id}",
        role=roles[0] if roles else "",
        mode=mode,
        outcome=Outcome.SAFE,
        seen=Seen.WELL,
        logged_at=now,
        saw_person_at=now,
    )


def _with_mode(line: Visit, mode: Mode, now: datetime) -> Visit:
    return Visit(
        household_id=line.household_id,
        visitor=line.visitor,
        role=line.role,
        mode=mode,
        outcome=line.outcome,
        seen=line.seen,
        logged_at=now,
        saw_person_at=line.saw_person_at,
    )


def _away(
    tx: Transaction, contact: Contact, alert: Alert, said: Understood, now: datetime
) -> Settled:
    """Take "away 3": at most seven days, never for a red home, only from its own people."""
    if said.days is None or not 1 <= said.days <= LONGEST_BY_SMS.days:
        return Settled("away_days", {"answer": "away_days"}, alert)
    red = tx.homes.grade((SubjectKind.HOUSEHOLD, alert.subject_id)) is Grade.RED
    if red or alert.subject_id not in tx.homes.homes_of_contact(contact.id):
        raise AbsenceRefused("by SMS only a green or yellow home's own people may say so")
    absence = Absence(alert.subject_id, now, now + timedelta(days=said.days), "sms")
    declare_in(tx, absence, f"contact:{contact.id}", now)
    return Settled("away", {"answer": "away", "until_at": absence.until.isoformat()}, alert)


def _role(tx: Transaction, owner: str, alert: Alert) -> str:
    kind, _, number = owner.partition(":")
    if kind != "contact" or alert.subject_kind is not SubjectKind.HOUSEHOLD:
        return "operator" if kind == "user" else ""
    roles = tx.homes.roles_of(int(number), alert.subject_id)
    return roles[0] if roles else ""


def _too_many(tx: Transaction, contact: Contact, settled: Settled, now: datetime) -> bool:
    if settled.result != "unclear":
        return False
    return tx.replies.answered_lately(contact.id, now, timedelta(days=1)) >= _UNCLEAR_A_DAY


def _say(
    tx: Transaction,
    contact: Contact,
    alert_id: int | None,
    params: dict[str, str | int],
    ref: str,
    now: datetime,
) -> None:
    answer = Notification(
        alert_id, 0, 0, contact.id, Channel.SMS, MessageKind.ANSWER, params, f"reply:{ref}"
    )
    tx.outbox.put([answer], now)

"""Replies: what people write back, understood once and answered after the commit.

The answer is a row of the outbox in the same transaction, so nobody hears "recorded" of something
that was not.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from meterwatch.domain.alert import Act, Alert, NotAllowed, State
from meterwatch.domain.household import Absence, Contact, Grade
from meterwatch.domain.notification import Answer, Channel, MessageKind, Notification, Reply
from meterwatch.domain.signal import EXPLAINED_BY_ABSENCE, SubjectKind
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.notify.replies import Understood, understand
from meterwatch.pipeline.respond.absences import (
    LONGEST_BY_SMS,
    AbsenceRefused,
    declare_in,
    end_in,
)
from meterwatch.pipeline.respond.acts import act_in, correct_in, report_in
from meterwatch.store import Store, Transaction

_ASKED_HOW = timedelta(hours=2)  # for so long a bare 1 or 2 answers "went or phoned?"
_UNCLEAR_A_DAY = 5  # more unclear messages than this are kept, and not answered
_ACTS = {
    Answer.ACKNOWLEDGE: Act.ACKNOWLEDGE,
    Answer.GOING: Act.GO,
    Answer.CANNOT: Act.DECLINE,
}
_OF_NO_ALERT = frozenset({Answer.UNCLEAR, Answer.CANCEL_AWAY})
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
        tx.replies.keep(reply)  # whatever happens next, what was written is not lost
    with store.transaction() as tx:
        if tx.replies.settled(reply.ref):
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
    if len(found) > 1 and said.answer not in _OF_NO_ALERT:
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
    asked = said.answer in _MODES and said.by_digit  # a polite "ok" is no answer to "how"
    settled = _say_how(tx, contact, alert, said, now) if asked else None
    if said.answer is Answer.CANCEL_AWAY and said.code is None:
        settled = _home_again(tx, contact, now)
    if settled is not None:
        return settled
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
        return Settled("say_how", {"answer": "say_how"}, moved)
    visit = report_in(tx, _visit(tx, contact, alert, Mode.UNSTATED, now), now)
    return Settled(f"asked_how:{visit}", {"answer": "say_how"}, alert)


def _say_how(
    tx: Transaction, contact: Contact, alert: Alert | None, said: Understood, now: datetime
) -> Settled | None:
    """Take the answer to "went or phoned?": it closes what waited for it, or corrects the line."""
    mode = _MODES[said.answer]
    params: dict[str, str | int] = {"answer": "recorded", "of": Answer.SAFE}
    if alert is not None and alert.waits_for(f"contact:{contact.id}"):
        number = report_in(tx, _visit(tx, contact, alert, mode, now), now)
        return Settled(f"how:{number}", params, alert)
    everybody = [one.id for one in tx.homes.contacts_of_number(contact.phone)]
    asked = tx.replies.asked_how(everybody, now, _ASKED_HOW)
    line = tx.visits.get(asked) if asked is not None else None
    if asked is None or line is None or line.mode is not Mode.UNSTATED:
        return None
    answered = tx.visits.alerts_of(asked)
    if said.code is not None and (alert is None or alert.id not in answered):
        return None  # the code is that of another alert
    number = correct_in(tx, asked, replace(line, mode=mode, logged_at=now), now)
    return Settled(f"how:{number}", params, tx.alerts.get(answered[0]) if answered else None)


def _home_again(tx: Transaction, contact: Contact, now: datetime) -> Settled:
    """Take "at home" without a code, where only one absence can be meant."""
    everybody = tx.homes.contacts_of_number(contact.phone)
    homes = {home for one in everybody for home in tx.homes.away_for(one.id, now)}
    if len(homes) != 1:
        return Settled("home_which" if homes else "home_none", {"answer": "noted"})
    end_in(tx, homes.pop(), f"contact:{contact.id}", now)
    return Settled("home", {"answer": "home"})


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
    declare_in(tx, absence, f"contact:{contact.id}", now, alert.code)
    if alert.kind in EXPLAINED_BY_ABSENCE and alert.state is not State.CLOSED:
        seen = replace(
            _visit(tx, contact, alert, Mode.UNSTATED, now),
            outcome=Outcome.AWAY_TRAVEL,
            seen=Seen.NOT_HOME,
            saw_person_at=None,
        )
        report_in(tx, seen, now, EXPLAINED_BY_ABSENCE)  # what runs on is not explained by it
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

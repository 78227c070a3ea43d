"""Absences (报备): a home is away until a time, and everybody who may be called hears of it."""

from datetime import datetime, timedelta

from meterwatch.domain.household import VACANT, Absence, Grade
from meterwatch.domain.notification import Channel, MessageKind, Notification
from meterwatch.domain.signal import SubjectKind
from meterwatch.store import Store, Transaction
from meterwatch.store.house import HOMES_REVISION

LONGEST_BY_SMS = timedelta(days=7)
LONGEST_OF_RED = timedelta(days=14)
LONGEST = timedelta(days=366)


class AbsenceRefused(ValueError):  # noqa: N818  # an answer to a person, not a fault
    """An absence that may not be declared; the text names the place and the mend."""


def declare_absence(
    store: Store, household_id: int, until: datetime, reason: str, by: str, now: datetime
) -> int:
    """Declare a home away from now until a time; give the absence's id.

    Raises
    ------
    AbsenceRefused
        If it ends in the past or lasts too long: 366 days, 14 for a red home.
    """
    with store.transaction() as tx:
        return declare_in(tx, Absence(household_id, now, until, reason), by, now)


def end_absence(store: Store, absence_id: int, by: str, now: datetime) -> int:
    """End an absence before its time; count what ended."""
    with store.transaction() as tx:
        home = tx.homes.home_of_absence(absence_id)
        return 0 if home is None else end_in(tx, home, by, now)


def declare_in(tx: Transaction, absence: Absence, by: str, now: datetime, code: str = "") -> int:
    """Declare an absence within a transaction that is already open.

    `code` is that of the alert in answer to which it was said: who is told cancels it by that.
    """
    subject = (SubjectKind.HOUSEHOLD, absence.household_id)
    red = tx.homes.grade(subject) is Grade.RED and not absence.vacant
    longest = LONGEST_OF_RED if red else LONGEST
    if not now < absence.until <= now + longest:
        raise AbsenceRefused(f"until: must be later than now and within {longest.days} days")
    number = tx.homes.declare_absence(absence, by, now)
    tx.house.bump(HOMES_REVISION)
    params: dict[str, str | int] = {"until_at": absence.until.isoformat(), "code": code}
    if absence.vacant:
        params["of"] = VACANT
    _tell(tx, absence.household_id, MessageKind.ABSENCE, params, f"absence:{number}", by, now)
    return number


def vacate_in(tx: Transaction, household: int, by: str, now: datetime, code: str = "") -> bool:
    """Take a home for empty, if it is not already: nobody lives there until water is used.

    Also a red one: that nobody lives there is no absence of its resident. It lasts a year at most,
    and is said once a month meanwhile. `code` is that of the alert that was answered so.
    """
    running = tx.homes.absence_now(household, now)
    if running is not None and running.vacant:
        return False
    tx.homes.end_absences(household, by, now)  # a journey that turned out to be for good
    declare_in(tx, Absence(household, now, now + LONGEST, VACANT), by, now, code)
    return True


def end_in(tx: Transaction, household: int, by: str, now: datetime) -> int:
    """End the running absences of a home within a transaction that is already open."""
    ended = tx.homes.end_absences(household, by, now)
    if ended:
        tx.house.bump(HOMES_REVISION)
    return ended


def end_by_use(tx: Transaction, household: int, used_at: datetime, now: datetime) -> int:
    """End an absence because water was used; everybody who may be called hears that it is over."""
    running = tx.homes.absence_now(household, used_at)
    ended = end_in(tx, household, "first_use", used_at)
    if ended:
        about = f"back:{household}:{int(used_at.timestamp())}"
        said: dict[str, str | int] = {"of": VACANT} if running and running.vacant else {}
        _tell(tx, household, MessageKind.COMING_BACK, said, about, "first_use", now)
    return ended


def _tell(
    tx: Transaction,
    household: int,
    kind: MessageKind,
    params: dict[str, str | int],
    about: str,
    by: str,
    now: datetime,
) -> None:
    circle = tx.homes.circle((SubjectKind.HOUSEHOLD, household))
    others = {c for ids in circle.by_role.values() for c in ids if f"contact:{c}" != by}
    said = params | {"household": household}
    tx.outbox.put(
        (
            Notification(None, 0, 0, contact, Channel.SMS, kind, said, about)
            for contact in sorted(others)
        ),
        now,
    )

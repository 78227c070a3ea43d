"""Empty homes: found when a month has passed without water, and said once a month.

A home is taken for empty by staff, by an import, by a visit that found its people moved away, or
here: no water for thirty days that are known, and the last visit found nobody there. It is away
for a year at most, and until the first use; meanwhile it raises nothing for staying dry.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

import numpy as np

from meterwatch.domain.digest import DailyRule
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.lesson import Answered, Verdict
from meterwatch.domain.notification import EXPIRES, Channel, MessageKind, Notification
from meterwatch.domain.signal import SubjectKind
from meterwatch.domain.visit import Outcome
from meterwatch.pipeline.respond.absences import vacate_in
from meterwatch.store import Store, Transaction

DRY_DAYS = 30
_KNOWN = 0.8  # the share of those days' hours that must be known
_SAID_WITHIN = timedelta(days=90)
_LOOKED, _TOLD = "vacant_looked", "vacant_told"


def look_for_vacant(store: Store, zone: tzinfo, use_litres: float, now: datetime) -> int:
    """Take homes for empty that have been dry for a month, once a day; count them."""
    today = now.astimezone(zone).date()
    with store.transaction(read_only=True) as tx:
        if tx.house.mark(_LOOKED) == today.toordinal():
            return 0
        answers = tx.visits.answered(now - _SAID_WITHIN)
        absences = tx.homes.absences(now)
    away = {home for home, listed in absences.items() if any(one.covers(now) for one in listed)}
    left = [home for home, said in answers.items() if _nobody_there(said) and home not in away]
    dry = _dry(store, left, today, use_litres)
    with store.transaction() as tx:
        tx.house.set_mark(_LOOKED, today.toordinal())
        homes = [home for home in dry if not _is_red(tx, home)]
        return sum(vacate_in(tx, home, "system", now) for home in homes)


def _nobody_there(said: Sequence[Answered]) -> bool:
    """Tell whether the last that was found of a home is that nobody is there."""
    last = max(said, key=lambda one: one.found_at)
    return last.verdict is Verdict.AWAY or last.outcome is Outcome.DECEASED


def _dry(store: Store, homes: list[int], today: date, use_litres: float) -> list[int]:
    """Name those of these homes that are known not to have used water for a month."""
    if not homes:
        return []
    first = today - timedelta(days=DRY_DAYS)
    litres, known = store.telemetry.rollups(homes, first, DRY_DAYS)
    enough = known.mean(axis=(1, 2)) >= _KNOWN
    used = (known & (litres >= use_litres)).any(axis=(1, 2))
    return [homes[row] for row in np.flatnonzero(enough & ~used)]


def _is_red(tx: Transaction, home: int) -> bool:
    """Tell whether only people may say of this home that it is empty."""
    return tx.homes.grade((SubjectKind.HOUSEHOLD, home)) is Grade.RED


def tell_vacant(store: Store, rule: DailyRule, zone: tzinfo, now: datetime) -> int:
    """Tell the community contacts, once a month, how many homes are taken for empty."""
    hours = rule.hours(now, zone)
    month = hours.day.year * 100 + hours.day.month
    with store.transaction(read_only=True) as tx:
        if not hours.are_open(now) or tx.house.mark(_TOLD) == month:
            return 0
    with store.transaction() as tx:
        tx.house.set_mark(_TOLD, month)
        counts = Counter(
            contact for home in tx.homes.vacant(now) for contact in _community(tx, home)
        )
        return tx.outbox.put(
            (
                Notification(
                    None,
                    0,
                    0,
                    contact,
                    Channel.SMS,
                    MessageKind.VACANT,
                    {"count": count, EXPIRES: hours.closes.isoformat()},
                    f"vacant:{month}",
                )
                for contact, count in sorted(counts.items())
            ),
            now,
        )


def _community(tx: Transaction, home: int) -> tuple[int, ...]:
    circle = tx.homes.circle((SubjectKind.HOUSEHOLD, home))
    return circle.by_role.get(Role.COMMUNITY, ())

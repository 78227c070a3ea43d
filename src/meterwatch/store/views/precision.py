"""How often each rule was right in a period: alerts, and the last word of the ledger on each."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, func, select

from meterwatch.domain.household import DeviceKind, Grade
from meterwatch.domain.lesson import Verdict, verdict
from meterwatch.domain.precision import Tally
from meterwatch.domain.signal import FLAT_FLOW
from meterwatch.domain.visit import Outcome
from meterwatch.store import View
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people as p

_YEAR = 365.25 * 86_400.0


@dataclass(frozen=True, slots=True)
class Period:
    """Which alerts are counted: those raised from `since` to before `until`."""

    since: datetime
    until: datetime
    grade: Grade | None = None


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One kind of worry; `severity` is the weight of a flow, 0 where the kind has but one."""

    kind: str
    severity: int
    tally: Tally
    per_home_year: float | None


def rules(view: View, period: Period) -> tuple[RuleRow, ...]:
    """Give each kind of worry that was raised, by its name and severity."""
    counts: dict[tuple[str, int], Counter[Verdict]] = {}
    for kind, severity, outcome, count in view.people.execute(_query(period)):
        found = None if outcome is None else Outcome(outcome)
        key = (kind.partition(":")[0], int(severity or 0) if kind == FLAT_FLOW else 0)
        counts.setdefault(key, Counter())[verdict(kind, found)] += count
    years = home_years(view, period)
    return tuple(
        RuleRow(*key, tally, tally.alerts / years if years else None)
        for key in sorted(counts)
        for tally in (Tally(counts[key]),)
    )


def home_years(view: View, period: Period) -> float:
    """Say for how many home-years meters were watched in a period."""
    d, h = p.devices.c, p.households.c
    query = select(d.household_id, func.min(d.watched_since)).join(p.households)
    query = query.where(d.kind == DeviceKind.METER, d.retired_at.is_(None), h.erased_at.is_(None))
    if period.grade is not None:
        query = query.where(h.grade == period.grade)
    since = view.people.execute(query.group_by(d.household_id)).all()
    lengths = ((period.until - max(at, period.since)).total_seconds() for _, at in since)
    return float(sum(length for length in lengths if length > 0)) / _YEAR


def _query(period: Period) -> Select[Any]:
    """Count alerts by kind, severity and outcome; the database does the counting."""
    a, v, last = t.alerts.c, t.visits.c, _last_words()
    severity = a.evidence["severity"].as_float()
    query = (
        select(a.kind, severity, v.outcome, func.count())
        .join_from(t.alerts, last, last.c.alert_id == a.id, isouter=True)
        .join(t.visits, v.id == last.c.visit_id, isouter=True)
        .where(a.opened_at >= period.since, a.opened_at < period.until)
        .group_by(a.kind, severity, v.outcome)
    )
    return query if period.grade is None else query.where(a.grade == period.grade)


def _last_words() -> Subquery:
    """Name the line of the ledger that counts for each alert: the newest that was not corrected."""
    v, link = t.visits.c, t.visit_alerts.c
    corrected = select(v.corrects).where(v.corrects.is_not(None))
    newest = select(link.alert_id, func.max(link.visit_id).label("visit_id"))
    return newest.where(link.visit_id.not_in(corrected)).group_by(link.alert_id).subquery()

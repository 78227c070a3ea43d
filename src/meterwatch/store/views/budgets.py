"""How many false alarms one home may cost, and who decided it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from meterwatch.store import View
from meterwatch.store.tables import house as h
from meterwatch.store.tables import people as p
from meterwatch.store.views.places import names


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A home's own false alarms a year, None where its grade's count; who set it last, and when."""

    own: float | None
    said_by: str = ""
    said_at: datetime | None = None


def budget_of(view: View, number: int) -> BudgetRow:
    """Give the budget of one home."""
    homes = p.households.c
    own = view.people.execute(select(homes.alarms_per_year).where(homes.id == number)).scalar_one()
    a = h.audit.c
    lines = select(a.actor, a.at).where(a.act == "budget", a.subject == f"household:{number}")
    last = view.people.execute(lines.order_by(a.id.desc()).limit(1)).first()
    if last is None:
        return BudgetRow(own)
    return BudgetRow(own, names(view, [last.actor]).get(last.actor, last.actor), last.at)

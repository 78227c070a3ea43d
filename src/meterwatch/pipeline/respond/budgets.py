"""Budgets: how many false alarms a year one home may cost, as staff decide it."""

from datetime import datetime

from meterwatch.detectors.budgets import check
from meterwatch.store import Store


def set_budget(
    store: Store, household_id: int, alarms_per_year: float | None, by: str, now: datetime
) -> bool:
    """Give a home a budget of its own, or that of its grade again; tell whether it is there.

    The next night learns limits by it.

    Raises
    ------
    ValueError
        If the number cannot be meant.
    """
    if alarms_per_year is not None:
        check("alarms_per_year", alarms_per_year)
    with store.transaction() as tx:
        there = tx.homes.set_budget(household_id, alarms_per_year)
        if there:
            detail = {"alarms": "" if alarms_per_year is None else f"{alarms_per_year:g}"}
            tx.accounts.audit(by, "budget", f"household:{household_id}", now, detail)
    return there

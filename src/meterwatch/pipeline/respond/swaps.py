"""Swaps: an exchanged meter, declared with the old one's last register and the new one's first."""

from datetime import datetime

from meterwatch.domain.household import Swap
from meterwatch.store import Store
from meterwatch.store.house import HOMES_REVISION


def declare_swap(store: Store, swap: Swap, by: str, now: datetime) -> None:
    """Keep a declared swap; the board judges the meter anew within a second."""
    with store.transaction() as tx:
        tx.homes.declare_swap(swap, by, now)
        tx.house.bump(HOMES_REVISION)

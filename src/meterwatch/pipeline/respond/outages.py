"""Announced outages: water is known to be off for a group of homes until a time."""

from dataclasses import replace
from datetime import datetime

from meterwatch.domain.outage import LONGEST_ANNOUNCED, Outage
from meterwatch.store import Store


class OutageRefused(ValueError):  # noqa: N818  # an answer to a person, not a fault
    """An outage that may not be announced; the text names the place and the mend."""


def announce_outage(store: Store, outage: Outage, by: str, now: datetime) -> int:
    """Announce an outage; give its id.

    Raises
    ------
    OutageRefused
        If it ends before it begins, in the past, or lasts longer than a day: what lasts longer is
        announced anew each day, so that nobody is left unwatched by mistake.
    """
    if not outage.since < outage.until:
        raise OutageRefused("until: must be later than since")
    if outage.until <= now:
        raise OutageRefused("until: must be later than now")
    if outage.until - outage.since > LONGEST_ANNOUNCED:
        hours = LONGEST_ANNOUNCED.total_seconds() / 3_600
        raise OutageRefused(f"until: must be within {hours:.0f} hours of since")
    with store.transaction() as tx:
        number = tx.areas.announce(replace(outage, said_by=by), by, now)
        detail = {"group": outage.key, "until": outage.until.isoformat()}
        tx.accounts.audit(by, "outage", f"outage:{number}", now, detail)
    return number


def end_outage(store: Store, number: int, by: str, now: datetime) -> bool:
    """End an announced outage before its time; tell whether it was still to run."""
    with store.transaction() as tx:
        ended = tx.areas.end(number, by, now)
        if ended:
            tx.accounts.audit(by, "outage_ended", f"outage:{number}", now)
    return ended

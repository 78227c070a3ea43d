"""What a file says of homes besides who is there: that nobody lives in one, and who wants a word.

These are no columns of a table but things that are told and can end: a home is taken for empty as
by staff on its page, and everybody who may be called hears of it.
"""

from collections.abc import Mapping
from datetime import datetime

from meterwatch.pipeline.import_homes.homes import Gathered, Home
from meterwatch.pipeline.import_homes.register import Count
from meterwatch.pipeline.respond.absences import end_in, vacate_in
from meterwatch.store import Transaction


def keep_wishes(tx: Transaction, gathered: Gathered, by: str, now: datetime) -> Mapping[str, Count]:
    """Keep them; give the counts by noun, none for what the file does not speak of."""
    homes = [home for home in gathered.homes.values() if home.state.values or home.daily]
    if not homes:
        return {}
    there = tx.registry.households()
    counts: dict[str, Count] = {}
    for home in homes:
        number = there[home.code].id
        if "vacant" in home.state.values:
            _add(counts, "vacant", done=_empty(tx, home, number, by, now))
        for (name, phone), wanted in home.daily.items():
            done = _word(tx, number, (name, phone), by, now, wanted=wanted)
            _add(counts, "daily", done=done)
    return counts


def _add(counts: dict[str, Count], noun: str, *, done: bool) -> None:
    so_far = counts.get(noun, Count())
    changed, unchanged = so_far.changed + done, so_far.unchanged + (not done)
    counts[noun] = Count(0, changed, unchanged)


def _empty(tx: Transaction, home: Home, number: int, by: str, now: datetime) -> bool:
    """Take a home for empty or for lived in; tell whether that changed."""
    if home.state.values["vacant"]:
        return vacate_in(tx, number, by, now)
    running = tx.homes.absence_now(number, now)
    return running is not None and running.vacant and end_in(tx, number, by, now) > 0


def _word(
    tx: Transaction, number: int, who: tuple[str, str], by: str, now: datetime, *, wanted: bool
) -> bool:
    """Note that a guardian wants a word each day, or does not; tell whether that changed."""
    name, phone = who
    people = [one.id for one in tx.homes.contacts_of_number(phone) if one.name == name]
    if wanted:
        return sum(tx.digests.want(number, one, by, now) for one in people) > 0
    return sum(tx.digests.want_not(number, one) for one in people) > 0

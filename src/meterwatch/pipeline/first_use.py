"""First uses: tells those who asked for it that water was used today, once a day and home.

A home that stands in an alert, is away or is taken for empty sends nothing: a good morning must
not soothe anybody who is to look. Nor does a day without water, or a use that cannot be placed
within the day.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo

import numpy as np

from meterwatch.detectors.arrays import base_flow, used
from meterwatch.domain.digest import DailyRule, Hours
from meterwatch.domain.notification import EXPIRES, Channel, MessageKind, Notification
from meterwatch.domain.signal import LIFE_KINDS, SubjectKind
from meterwatch.pipeline.board import Board
from meterwatch.store import Store, Transaction

Wanted = Mapping[int, tuple[int, ...]]


def tell_first_uses(
    store: Store, rule: DailyRule, zone: tzinfo, use_litres: float, now: datetime
) -> int:
    """Lay ready what is due now; count the messages.

    Parameters
    ----------
    rule : DailyRule
    zone : tzinfo
        The zone of the people.
    use_litres : float, litres
        Water in one interval, above the standing flow, from which it counts as use.
    """
    hours = rule.hours(now, zone)
    if not hours.are_open(now):
        return 0
    wanted = _wanted(store, hours, now)
    firsts = _first_uses(store, wanted, hours, use_litres, now) if wanted else {}
    if not firsts:
        return 0
    with store.transaction() as tx:
        return sum(_tell(tx, home, wanted[home], firsts[home], hours, now) for home in firsts)


def _wanted(store: Store, hours: Hours, now: datetime) -> Wanted:
    """Give the homes of which somebody waits to hear, and where nothing else is to be done."""
    with store.transaction(read_only=True) as tx:
        untold = tx.digests.untold(hours.day)
        if not untold:
            return {}
        absences = tx.homes.absences(now)
        worried = {
            number
            for kind, number, worry in tx.alerts.standing()
            if kind is SubjectKind.HOUSEHOLD and worry in LIFE_KINDS
        }
    away = {home for home, listed in absences.items() if any(one.covers(now) for one in listed)}
    quiet = {home: who for home, who in untold.items() if home not in worried | away}
    seen = store.telemetry.last_uses(quiet)
    return {home: quiet[home] for home, at in seen.items() if at >= hours.begins.timestamp()}


def _first_uses(
    store: Store, homes: Iterable[int], hours: Hours, use_litres: float, now: datetime
) -> dict[int, datetime]:
    """Say when each home's first use of the day was over; homes of which it is not sure have none.

    The readings are read anew: what a page shows is the last use, and may be a use within a gap
    that began last night.
    """
    chosen = frozenset(homes)
    with store.transaction(read_only=True) as tx:
        meters = [one for one in tx.homes.watched() if one.device.household_id in chosen]
        board = Board(meters, tx.homes.swaps())
    board.rebuild(store.telemetry, [one.device.id for one in board.meters], int(now.timestamp()))
    if not board.homes:
        return {}
    usage = board.window(board.homes, {})
    with np.errstate(invalid="ignore"):
        today = usage.ends_at - usage.hours * 3_600.0 >= hours.begins.timestamp()
    in_use = used(usage, base_flow(usage), use_litres) & today
    return {
        home: datetime.fromtimestamp(float(usage.ends_at[row][in_use[row]].min()), UTC)
        for row, home in enumerate(usage.homes)
        if in_use[row].any()
    }


def _tell(
    tx: Transaction,
    home: int,
    contacts: tuple[int, ...],
    used_at: datetime,
    hours: Hours,
    now: datetime,
) -> int:
    """Lay a message ready for each, and write down that they were told on this day."""
    by_role = tx.homes.circle((SubjectKind.HOUSEHOLD, home)).by_role
    belong = {contact for ids in by_role.values() for contact in ids} & {*contacts}
    many = tx.digests.homes_of(belong)
    code = tx.homes.code_of(home) or ""
    params: dict[str, str | int] = {
        "used_at": f"{used_at.astimezone(hours.begins.tzinfo):%H:%M}",
        EXPIRES: hours.closes.isoformat(),
    }
    tx.digests.tell(home, contacts, hours.day)
    return tx.outbox.put(
        (
            Notification(
                None,
                0,
                0,
                contact,
                Channel.SMS,
                MessageKind.FIRST_USE,
                params | ({"code": code} if many[contact] > 1 else {}),
                f"first_use:{home}:{hours.day}",
            )
            for contact in sorted(belong)
        ),
        now,
    )

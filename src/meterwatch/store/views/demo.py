"""What a demo says when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from meterwatch.domain.signal import SubjectKind
from meterwatch.store import View
from meterwatch.store.tables import alerts as a
from meterwatch.store.tables import house as h
from meterwatch.store.tables import people as p


@dataclass(frozen=True, slots=True)
class Played:
    """Counts of what happened; `homes` are the codes of homes with a life alert."""

    alerts: Mapping[str, int]
    closed: int
    messages: int
    replies: int
    visits: int
    homes: tuple[str, ...]


def played(view: View, life: frozenset[str]) -> Played:
    """Count what happened."""
    people = view.people
    kinds = people.execute(select(a.alerts.c.kind, func.count()).group_by(a.alerts.c.kind))
    about = select(p.households.c.code).where(
        p.households.c.id.in_(
            select(a.alerts.c.subject_id).where(
                a.alerts.c.subject_kind == SubjectKind.HOUSEHOLD, a.alerts.c.kind.in_(life)
            )
        )
    )
    closed = select(func.count()).where(a.alerts.c.state == "closed")
    return Played(
        dict(kinds.all()),
        people.execute(closed).scalar_one(),
        people.execute(select(func.count()).select_from(h.inbox)).scalar_one(),
        people.execute(select(func.count()).select_from(a.replies)).scalar_one(),
        people.execute(select(func.count()).select_from(a.visits)).scalar_one(),
        tuple(people.execute(about.order_by(p.households.c.code)).scalars()),
    )

"""The people around a home, in the order in which they are called."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from meterwatch.domain.household import Role
from meterwatch.domain.signal import SubjectKind
from meterwatch.store import View
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people as p


@dataclass(frozen=True, slots=True)
class CircleRow:
    """One person we may call, and what became of the last message to that person.

    `last_provider` is who took that message; `replied_at` is when the person last wrote back.
    """

    contact_id: int
    name: str
    phone: str
    can_text: bool
    role: Role
    last_state: str
    last_at: datetime | None
    last_provider: str
    replied_at: datetime | None


def circle(
    view: View, kind: SubjectKind, number: int, alert: int | None = None
) -> tuple[CircleRow, ...]:
    """Give the people of a home or an area, by role and rank; each once a role.

    The last message and the last reply are those about the alert; without one, about any alert of
    this home or area. What was said about other homes tells nothing here.
    """
    links = list(_links(view, kind, number))
    ids = {contact for _, _, contact in links}
    about = _alerts(kind, number, alert)
    last = _last_messages(view, ids, about)
    replied = _last_replies(view, ids, about)
    people = {
        row.id: row
        for row in view.people.execute(select(p.contacts).where(p.contacts.c.id.in_(ids)))
    }
    order = list(Role)
    seen: dict[tuple[Role, int], CircleRow] = {}
    for role, _, contact in sorted(links, key=lambda link: (order.index(link[0]), link[1])):
        person = people[contact]
        state, at, provider = last.get(contact, ("", None, ""))
        seen.setdefault(
            (role, contact),
            CircleRow(
                contact,
                person.name,
                person.phone,
                person.can_text,
                role,
                state,
                at,
                provider,
                replied.get(contact),
            ),
        )
    return tuple(seen.values())


def _links(view: View, kind: SubjectKind, number: int) -> Iterable[tuple[Role, int, int]]:
    """Give role, rank and contact of a home and of every area around it, the nearest first."""
    area: int | None = number
    if kind is SubjectKind.HOUSEHOLD:
        mine = p.household_contacts
        for row in view.people.execute(select(mine).where(mine.c.household_id == number)):
            yield Role(row.role), row.rank, row.contact_id
        home = select(p.households.c.area_id).where(p.households.c.id == number)
        area = view.people.execute(home).scalar_one_or_none()
    distance = 1
    while area is not None:
        theirs = p.area_contacts
        for row in view.people.execute(select(theirs).where(theirs.c.area_id == area)):
            yield Role(row.role), row.rank + 1_000 * distance, row.contact_id
        parent = select(p.areas.c.parent_id).where(p.areas.c.id == area)
        area = view.people.execute(parent).scalar_one_or_none()
        distance += 1


def _alerts(kind: SubjectKind, number: int, alert: int | None) -> Select[tuple[int]]:
    """Name the alerts whose messages count: one, or all of a home or an area."""
    a = t.alerts.c
    if alert is not None:
        return select(a.id).where(a.id == alert)
    return select(a.id).where(a.subject_kind == kind, a.subject_id == number)


def _last_messages(
    view: View, ids: Collection[int], about: Select[tuple[int]]
) -> Mapping[int, tuple[str, datetime, str]]:
    n = t.notifications
    newest = (
        select(func.max(n.c.id))
        .where(n.c.contact_id.in_(ids), n.c.alert_id.in_(about))
        .group_by(n.c.contact_id)
    )
    query = select(n.c.contact_id, n.c.state, n.c.changed_at, n.c.provider).where(
        n.c.id.in_(newest)
    )
    rows = view.people.execute(query)
    return {row.contact_id: (row.state, row.changed_at, row.provider) for row in rows}


def _last_replies(
    view: View, ids: Collection[int], about: Select[tuple[int]]
) -> Mapping[int, datetime]:
    r = t.replies
    query = (
        select(r.c.contact_id, func.max(r.c.received_at))
        .where(r.c.contact_id.in_(ids), r.c.alert_id.in_(about))
        .group_by(r.c.contact_id)
    )
    return {contact: at for contact, at in view.people.execute(query) if contact is not None}

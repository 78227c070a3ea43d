"""The ledger of visits (探视台账), line by line, corrections beside what they correct."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, select

from meterwatch.domain.visit import Mode, Need, Outcome, Seen, Visit
from meterwatch.store import View
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people as p
from meterwatch.store.views.places import area_paths, names


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One line of the ledger; `corrected_by` is the newer line, if there is one."""

    id: int
    visit: Visit
    visitor: str
    household_code: str
    household_label: str
    areas: tuple[str, ...]
    alerts: tuple[int, ...]
    corrected_by: int | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which lines shall be shown; empty words ask for all."""

    since: datetime | None = None
    until: datetime | None = None
    mode: str = ""
    outcome: str = ""
    words: str = ""
    household: int | None = None
    ids: tuple[int, ...] | None = None


def page(
    view: View, sought: Sought, before: int | None = None, limit: int = 50
) -> tuple[VisitRow, ...]:
    """Give lines with ids below `before`, the newest first."""
    query = (
        select(t.visits, t.visit_notes.c.note, p.households.c.code, p.households.c.label)
        .add_columns(p.households.c.area_id)
        .join(p.households, p.households.c.id == t.visits.c.household_id)
        .join(t.visit_notes, t.visit_notes.c.visit_id == t.visits.c.id, isouter=True)
        .order_by(t.visits.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(t.visits.c.id < before)
    rows = view.people.execute(_narrow(query, sought)).mappings().all()
    ids = [row["id"] for row in rows]
    who = names(view, [row["visitor"] for row in rows])
    answered, corrected = _answered(view, ids), _corrections(view, ids)
    paths = area_paths(view)
    return tuple(
        VisitRow(
            row["id"],
            visit_from(row),
            who.get(row["visitor"], ""),
            row["code"],
            row["label"],
            paths.get(row["area_id"], ()),
            answered.get(row["id"], ()),
            corrected.get(row["id"]),
        )
        for row in rows
    )


def every(view: View, sought: Sought, chunk: int = 500) -> Iterator[VisitRow]:
    """Give all lines that are sought, the newest first, a few hundred at a time."""
    before: int | None = None
    while rows := page(view, sought, before, chunk):
        yield from rows
        before = rows[-1].id


def one(view: View, number: int) -> VisitRow | None:
    """Give one line."""
    found = page(view, Sought(ids=(number,)))
    return found[0] if found else None


def visit_from(values: RowMapping) -> Visit:
    """Read a visit from its row and its note."""
    return Visit(
        household_id=values["household_id"],
        visitor=values["visitor"],
        role=values["role"],
        mode=Mode(values["mode"]),
        outcome=Outcome(values["outcome"]),
        seen=Seen(values["seen"]),
        logged_at=values["logged_at"],
        dispatched_at=values["dispatched_at"],
        arrived_at=values["arrived_at"],
        saw_person_at=values["saw_person_at"],
        needs=tuple(Need(need) for need in values["needs"]),
        note=values["note"] or "",
        corrects=values["corrects"],
    )


def _narrow(query: Select[Any], sought: Sought) -> Select[Any]:
    v, h = t.visits.c, p.households.c
    if sought.since is not None:
        query = query.where(v.logged_at >= sought.since)
    if sought.until is not None:
        query = query.where(v.logged_at < sought.until)
    if sought.mode:
        query = query.where(v.mode == sought.mode)
    if sought.outcome:
        query = query.where(v.outcome == sought.outcome)
    if sought.household is not None:
        query = query.where(v.household_id == sought.household)
    if sought.words:
        near = h.label.icontains(sought.words, autoescape=True)
        query = query.where(near | h.code.icontains(sought.words, autoescape=True))
    return query if sought.ids is None else query.where(v.id.in_(sought.ids))


def _answered(view: View, ids: Collection[int]) -> Mapping[int, tuple[int, ...]]:
    link = t.visit_alerts
    query = select(link).where(link.c.visit_id.in_(ids)).order_by(link.c.alert_id)
    found: dict[int, tuple[int, ...]] = {}
    for row in view.people.execute(query):
        found[row.visit_id] = (*found.get(row.visit_id, ()), row.alert_id)
    return found


def _corrections(view: View, ids: Collection[int]) -> Mapping[int, int]:
    v = t.visits
    query = select(v.c.corrects, v.c.id).where(v.c.corrects.in_(ids)).order_by(v.c.id)
    return dict(view.people.execute(query).all())

"""Where something is and who somebody is, in the words that a page shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from meterwatch.domain.household import Grade
from meterwatch.domain.signal import SubjectKind
from meterwatch.store import View
from meterwatch.store.tables import people as t

Subject = tuple[SubjectKind, int]


@dataclass(frozen=True, slots=True)
class Place:
    """A home or an area, with the names of the areas around it from the widest to the nearest."""

    kind: SubjectKind
    id: int
    label: str
    code: str
    grade: Grade
    areas: tuple[str, ...]


def area_paths(view: View) -> Mapping[int, tuple[str, ...]]:
    """Give each area the names on the way down to it."""
    query = select(t.areas.c.id, t.areas.c.parent_id, t.areas.c.name)
    tree = {row.id: (row.parent_id, row.name) for row in view.people.execute(query)}

    def down_to(area: int | None) -> tuple[str, ...]:
        if area is None:
            return ()
        parent, name = tree[area]
        return (*down_to(parent), name)

    return {area: down_to(area) for area in tree}


def places(view: View, subjects: Iterable[Subject]) -> Mapping[Subject, Place]:
    """Say where each subject is; one that is not known any more is left out."""
    wanted = set(subjects)
    paths = area_paths(view)
    found: dict[Subject, Place] = {
        (kind, number): Place(kind, number, paths[number][-1], "", Grade.GREEN, paths[number][:-1])
        for kind, number in wanted
        if kind is SubjectKind.AREA and number in paths
    }
    homes = {number for kind, number in wanted if kind is SubjectKind.HOUSEHOLD}
    query = select(t.households).where(t.households.c.id.in_(homes))
    for row in view.people.execute(query):
        found[SubjectKind.HOUSEHOLD, row.id] = Place(
            SubjectKind.HOUSEHOLD,
            row.id,
            row.label,
            row.code,
            Grade(row.grade),
            paths.get(row.area_id, ()),
        )
    return found


def names(view: View, actors: Iterable[str]) -> Mapping[str, str]:
    """Give the names behind `user:2` and `contact:7`; erased ones are empty."""
    ids: dict[str, set[int]] = {"user": set(), "contact": set()}
    for actor in actors:
        kind, _, number = actor.partition(":")
        if kind in ids and number.isdecimal():
            ids[kind].add(int(number))
    users = select(t.users.c.id, t.users.c.name).where(t.users.c.id.in_(ids["user"]))
    contacts = select(t.contacts.c.id, t.contacts.c.name).where(t.contacts.c.id.in_(ids["contact"]))
    return {
        f"{kind}:{number}": name
        for kind, query in (("user", users), ("contact", contacts))
        if ids[kind]
        for number, name in view.people.execute(query)
    }

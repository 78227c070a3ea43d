"""The ledger of visits (探视台账): lines are added and never changed."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from meterwatch.domain.lesson import Answered
from meterwatch.domain.signal import SubjectKind
from meterwatch.domain.visit import Mode, Need, Outcome, Seen, Visit
from meterwatch.store.tables import alerts as t


class Visits:
    """Visits, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, visit: Visit, alerts: Collection[int]) -> int:
        """Add a line to the ledger, with the alerts that it answers; give its id."""
        number: int = self._connection.execute(
            t.visits.insert()
            .values(
                household_id=visit.household_id,
                visitor=visit.visitor,
                role=visit.role,
                mode=visit.mode,
                outcome=visit.outcome,
                seen=visit.seen,
                logged_at=visit.logged_at,
                dispatched_at=visit.dispatched_at,
                arrived_at=visit.arrived_at,
                saw_person_at=visit.saw_person_at,
                needs=[need.value for need in visit.needs],
                corrects=visit.corrects,
            )
            .returning(t.visits.c.id)
        ).scalar_one()
        if visit.note:
            note = t.visit_notes.insert().values(visit_id=number, note=visit.note)
            self._connection.execute(note)
        if alerts:
            rows = [{"visit_id": number, "alert_id": alert} for alert in sorted(alerts)]
            self._connection.execute(t.visit_alerts.insert(), rows)
        return number

    def get(self, visit_id: int) -> Visit | None:
        """Give one line of the ledger."""
        query = (
            select(t.visits, t.visit_notes.c.note)
            .join(t.visit_notes, isouter=True)
            .where(t.visits.c.id == visit_id)
        )
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return None
        return Visit(
            household_id=row["household_id"],
            visitor=row["visitor"],
            role=row["role"],
            mode=Mode(row["mode"]),
            outcome=Outcome(row["outcome"]),
            seen=Seen(row["seen"]),
            logged_at=row["logged_at"],
            dispatched_at=row["dispatched_at"],
            arrived_at=row["arrived_at"],
            saw_person_at=row["saw_person_at"],
            needs=tuple(Need(need) for need in row["needs"]),
            note=row["note"] or "",
            corrects=row["corrects"],
        )

    def alerts_of(self, visit_id: int) -> tuple[int, ...]:
        """Name the alerts that a visit answers."""
        query = select(t.visit_alerts.c.alert_id).where(t.visit_alerts.c.visit_id == visit_id)
        return tuple(sorted(self._connection.execute(query).scalars()))

    def correct(self, visit_id: int, corrected: Visit) -> int:
        """Add a line that corrects an earlier one, answering the same alerts."""
        return self.add(replace(corrected, corrects=visit_id), self.alerts_of(visit_id))

    def answered(self, since: datetime, home: int | None = None) -> Mapping[int, list[Answered]]:
        """Give, for each home, its alerts that were answered since then, by their last word."""
        query = last_words().where(t.visits.c.logged_at > since)
        if home is not None:
            query = query.where(t.alerts.c.subject_id == home)
        query = query.where(t.alerts.c.subject_kind == SubjectKind.HOUSEHOLD)
        words = {row.alert_id: row for row in self._connection.execute(query)}
        found: dict[int, list[Answered]] = {}
        for row in words.values():
            found_at = row.saw_person_at or row.arrived_at or row.logged_at
            one = Answered(row.kind, row.began_at, Outcome(row.outcome), Mode(row.mode), found_at)
            found.setdefault(row.subject_id, []).append(one)
        return found


def last_words() -> Select[*tuple[Any, ...]]:
    """Select what was found about each alert; lines that were corrected are left out.

    The newest line comes last: where several looked, it is the word that counts.
    """
    v, a = t.visits.c, t.alerts.c
    corrected = select(v.corrects).where(v.corrects.is_not(None))
    columns = (v.outcome, v.mode, v.saw_person_at, v.arrived_at, v.logged_at)
    return (
        select(t.visit_alerts.c.alert_id, a.kind, a.subject_id, a.began_at, *columns)
        .join_from(t.visit_alerts, t.visits)
        .join(t.alerts)
        .where(v.id.not_in(corrected))
        .order_by(v.id)
    )

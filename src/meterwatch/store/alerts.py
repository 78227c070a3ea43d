"""Alerts, their signals and their timeline, within one transaction."""

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, func, or_, select, tuple_

from meterwatch.domain.alert import Alert, Line, State
from meterwatch.domain.notification import MessageKind
from meterwatch.domain.signal import BELL, BELL_MISSED, Condition, Signal, SubjectKind
from meterwatch.store.dialects import insert_into
from meterwatch.store.rows import alert_from, alert_values
from meterwatch.store.tables import alerts as t

T = TypeVar("T")
Key = tuple[SubjectKind, int, str]
_CODE_RESTS = timedelta(hours=24)  # a code is not used again for a day after its alert closed
_REPEATS = timedelta(hours=24)  # a broker repeats what we did not acknowledge, not for longer
_COPIES = timedelta(days=7)
_SHORT_DRAWS = 8  # so many taken draws in a row, and a code gets six digits instead of four
_NOT_TOLD = ("rejected", "undelivered", "suppressed")
_SUBJECT = tuple_(t.alerts.c.subject_kind, t.alerts.c.subject_id, t.alerts.c.kind)
_AT_ONCE = 5_000  # subjects or keys in one question: databases bound how much one may hold


@dataclass(frozen=True, slots=True)
class Standing:
    """What the sensor says of a standing alert, and when its worry began."""

    condition: Condition
    began_at: datetime


class Alerts:
    """Standing and closed alerts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def standing(self) -> Mapping[Key, Standing]:
        """Give what the sensors say of each standing alert."""
        a = t.alerts.c
        query = select(a.subject_kind, a.subject_id, a.kind, a.condition, a.began_at)
        return {
            (SubjectKind(row[0]), row[1], row[2]): Standing(Condition(row[3]), row[4])
            for row in self._connection.execute(query.where(t.STANDING))
        }

    def answered(self, subjects: Collection[Key]) -> Mapping[Key, datetime]:
        """Say when people last closed an alert of these subjects while its worry was there."""
        a = t.alerts.c
        query = select(a.subject_kind, a.subject_id, a.kind, func.max(a.closed_at))
        query = query.where(a.state == State.CLOSED, a.condition != Condition.CLEARED)
        query = query.group_by(a.subject_kind, a.subject_id, a.kind)
        return {
            (SubjectKind(row[0]), row[1], row[2]): row[3]
            for some in _chunks(subjects)
            for row in self._connection.execute(query.where(_SUBJECT.in_(some)))
        }

    def standing_of_home(self, household: int) -> tuple[Alert, ...]:
        """Give the standing alerts about one home, locked for this change."""
        query = select(t.alerts).where(
            t.STANDING,
            t.alerts.c.subject_kind == SubjectKind.HOUSEHOLD,
            t.alerts.c.subject_id == household,
        )
        return self._read(query.order_by(t.alerts.c.id).with_for_update())

    def standing_of(self, subjects: Collection[Key]) -> Mapping[Key, Alert]:
        """Give the standing alerts of exactly these subjects and kinds, locked for this change."""
        query = select(t.alerts).where(t.STANDING).order_by(t.alerts.c.id).with_for_update()
        found = (self._read(query.where(_SUBJECT.in_(some))) for some in _chunks(subjects))
        return {alert.subject: alert for alerts in found for alert in alerts}

    def standing_like(self, family: str) -> int:
        """Count the standing alerts whose kind begins with this word and a colon."""
        like = t.alerts.c.kind.startswith(f"{family}:", autoescape=True)
        query = select(func.count()).where(t.STANDING, like)
        return self._connection.execute(query).scalar_one()

    def due(self, now: datetime, limit: int) -> tuple[int, ...]:
        """Name alerts whose time has come, the longest overdue first."""
        query = select(t.alerts.c.id).where(t.STANDING, t.alerts.c.next_due_at <= now)
        query = query.order_by(t.alerts.c.next_due_at, t.alerts.c.id).limit(limit)
        return tuple(self._connection.execute(query).scalars())

    def get(self, alert_id: int) -> Alert | None:
        """Give one alert, locked for this change."""
        return self.of([alert_id]).get(alert_id)

    def of(self, ids: Collection[int]) -> Mapping[int, Alert]:
        """Give alerts by id, locked for this change, always in the same order."""
        query = select(t.alerts).where(t.alerts.c.id.in_(ids)).order_by(t.alerts.c.id)
        return {alert.id: alert for alert in self._read(query.with_for_update())}

    def by_code(self, code: str) -> Alert | None:
        """Give the newest alert of a reply code.

        What stands about its home is held with it, in the order in which a visit holds it.
        """
        a = t.alerts.c
        query = select(a.id, a.subject_kind, a.subject_id).where(a.code == code)
        found = self._connection.execute(query.order_by(a.id.desc()).limit(1)).first()
        if found is None:
            return None
        if found.subject_kind == SubjectKind.HOUSEHOLD:
            self.standing_of_home(found.subject_id)
        return self.get(found.id)

    def open_for_contact(self, contact: int) -> tuple[Alert, ...]:
        """Give the standing alerts of which a contact was told."""
        told = select(t.notifications.c.alert_id).where(
            t.notifications.c.contact_id == contact,
            t.notifications.c.kind == MessageKind.ALERT,
            t.notifications.c.state.not_in(_NOT_TOLD),
        )
        query = select(t.alerts).where(t.STANDING, t.alerts.c.id.in_(told))
        return self._read(query.order_by(t.alerts.c.id).with_for_update())

    def add(self, alert: Alert, now: datetime) -> Alert:
        """Keep a new alert; give it with its id and its reply code."""
        coded = replace(alert, code=self._free_code(now))
        row = t.alerts.insert().values(**alert_values(coded)).returning(t.alerts.c.id)
        return replace(coded, id=self._connection.execute(row).scalar_one())

    def save(self, alert: Alert) -> None:
        """Keep an alert as it is now."""
        row = t.alerts.update().where(t.alerts.c.id == alert.id)
        self._connection.execute(row.values(**alert_values(alert)))

    def told(self, alert_id: int) -> frozenset[int]:
        """Name the contacts that were told of an alert, or are being told."""
        query = select(t.notifications.c.contact_id).where(
            t.notifications.c.alert_id == alert_id,
            t.notifications.c.kind == MessageKind.ALERT,
            t.notifications.c.state.not_in(_NOT_TOLD),
        )
        return frozenset(self._connection.execute(query).scalars())

    def await_use(self, alert: Alert, since: datetime) -> None:
        """Note that a use which begins after then is news to those who were told of an alert."""
        row = insert_into(self._connection, t.awaited).values(
            alert_id=alert.id, household_id=alert.subject_id, since=since
        )
        self._connection.execute(row.on_conflict_do_nothing())

    def awaited(self) -> Mapping[int, datetime]:
        """Give the homes whose first use is awaited, and the moment after which it must begin."""
        w = t.awaited.c
        query = select(w.household_id, func.max(w.since)).group_by(w.household_id)
        return dict(self._connection.execute(query).all())

    def awaiting(self, household: int) -> tuple[Alert, ...]:
        """Give the answered alerts of a home that await its first use, locked for this change."""
        waiting = select(t.awaited.c.alert_id).where(t.awaited.c.household_id == household)
        query = select(t.alerts).where(t.alerts.c.id.in_(waiting))
        return self._read(query.order_by(t.alerts.c.id).with_for_update())

    def await_no_more(self, alert_ids: Collection[int]) -> None:
        """Forget that the first use after these alerts is awaited."""
        w = t.awaited
        self._connection.execute(w.delete().where(w.c.alert_id.in_(alert_ids)))

    def write(self, alert_id: int, lines: Iterable[Line], now: datetime) -> None:
        """Add lines to the timeline."""
        rows = [
            {
                "alert_id": alert_id,
                "at": now,
                "what": line.what,
                "actor": line.actor,
                "detail": dict(line.detail),
            }
            for line in lines
        ]
        if rows:
            self._connection.execute(t.alert_lines.insert(), rows)

    def unheard(self, signals: Iterable[Signal]) -> tuple[Signal, ...]:
        """Leave out presses that are repetitions of one that is stored, or of each other.

        A sender that starts its numbers anew after a while presses anew: it gets a key of its own.
        The copy of a press that a bridge kept repeats the press itself, for as long as a week.
        """
        signals = tuple(signals)
        stored = self._stored({key for signal in signals for key in _keys(signal)})
        listed: dict[str, Signal] = {}
        for signal in signals:
            held = [stored[key] for key in _keys(signal) if key in stored]
            within = _COPIES if signal.kind == BELL_MISSED else _REPEATS
            if any(name in listed for name in _names(signal)):
                continue
            if not held:
                listed[signal.key] = signal
            elif signal.as_of - max(held) > within:
                listed[signal.key] = replace(signal, key=f"{signal.key}@{_day(signal)}")
        return tuple(listed.values())

    def _stored(self, keys: Collection[str]) -> Mapping[str, datetime]:
        """Say of these keys which are stored, and as of when."""
        s = t.signals.c
        return {
            key: as_of
            for some in _chunks(keys)
            for key, as_of in self._connection.execute(
                select(s.key, s.as_of).where(s.key.in_(some))
            )
        }

    def add_signal(self, signal: Signal, alert_id: int, now: datetime) -> None:
        """Keep a signal with its alert; a repetition changes nothing."""
        row = insert_into(self._connection, t.signals).values(
            origin=signal.origin,
            kind=signal.kind,
            subject_kind=signal.subject_kind,
            subject_id=signal.subject_id,
            at=signal.at,
            as_of=signal.as_of,
            stored_at=now,
            key=signal.key,
            evidence=signal.evidence,
            alert_id=alert_id,
        )
        self._connection.execute(row.on_conflict_do_nothing(index_elements=["key"]))

    def _read(self, query: Select[*tuple[Any, ...]]) -> tuple[Alert, ...]:
        return tuple(alert_from(row) for row in self._connection.execute(query).mappings())

    def _free_code(self, now: datetime) -> str:
        """Draw a short code that no standing or freshly closed alert has."""
        tries = count()
        while True:
            # Where one draw after the other is taken, there are many alerts: longer codes then.
            least = 1_000 if next(tries) < _SHORT_DRAWS else 100_000
            code = str(least + secrets.randbelow(9 * least))
            taken = select(t.alerts.c.id).where(
                t.alerts.c.code == code,
                or_(t.STANDING, t.alerts.c.closed_at > now - _CODE_RESTS),
            )
            if self._connection.execute(taken.limit(1)).first() is None:
                return code


def _names(signal: Signal) -> tuple[str, ...]:
    """Give the name of a press, and of the press itself if it is the copy of one."""
    if signal.kind != BELL_MISSED:
        return (signal.key,)
    return (signal.key, signal.key.replace(f"{BELL_MISSED}:", f"{BELL}:", 1))


def _day(signal: Signal) -> int:
    return int(signal.as_of.timestamp()) // 86_400


def _keys(signal: Signal) -> tuple[str, ...]:
    """Give the keys under which a press may be stored that this one repeats.

    A name that came up again after a while is kept with the day of it: whole keys are looked up
    by their index, however many presses lie there.
    """
    days = (_COPIES if signal.kind == BELL_MISSED else _REPEATS).days
    today = _day(signal)
    return tuple(
        key
        for name in _names(signal)
        for key in (name, *(f"{name}@{day}" for day in range(today - days, today + 1)))
    )


def _chunks(items: Collection[T]) -> Iterator[list[T]]:
    listed = list(items)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]

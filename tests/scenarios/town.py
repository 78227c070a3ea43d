"""A town that lives minute by minute: taps, a meter, people with phones, and the service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from meterwatch.detectors import build
from meterwatch.domain.alert import Alert
from meterwatch.domain.digest import DailyRule
from meterwatch.domain.escalation import Policies
from meterwatch.domain.fact import ButtonPress, Fact, Reading
from meterwatch.domain.notification import Reply
from meterwatch.domain.signal import SilenceRule
from meterwatch.domain.usage import LocalTime, UsageProfile
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.notify.console import ConsoleProvider
from meterwatch.pipeline.deliver import Carriage, deliver
from meterwatch.pipeline.escalate import escalate
from meterwatch.pipeline.first_use import tell_first_uses
from meterwatch.pipeline.ingest import Directory, ingest
from meterwatch.pipeline.meters import Meters
from meterwatch.pipeline.respond import report, take_reply
from meterwatch.pipeline.sweep import Watch
from meterwatch.pipeline.vacant import tell_vacant
from meterwatch.store import Store
from meterwatch.store.house import PROFILES_REVISION
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import house
from tests.parts.street import Street, build_street, phone

POLICIES = Policies()
RULE = DailyRule()
WATCH = Watch(build({}), LocalTime.of(UTC), POLICIES, SilenceRule())
MINUTE = timedelta(minutes=1)
Tap = Callable[[datetime], float]  # litres that run in the minute before


@dataclass
class Phones:
    """The fake phones: every text lies in the store's inbox, once a code."""

    store: Store
    now: Callable[[], datetime]

    def put(self, ref: str, to: str, text: str, template: str) -> str:
        with self.store.transaction() as tx:
            there = tx.house.find_in_inbox(ref)
            return str(there or tx.house.put_in_inbox(ref, to, text, template, self.now()))

    def find(self, ref: str) -> str | None:
        with self.store.transaction(read_only=True) as tx:
            there = tx.house.find_in_inbox(ref)
        return None if there is None else str(there)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in somebody's phone."""

    at: datetime
    template: str
    text: str


@dataclass
class Town:
    """One street, its home, and a clock that is moved by hand."""

    store: Store
    now: datetime
    tap: Tap
    history: timedelta = timedelta(days=2)
    litres: float = 10_000.0
    replies: int = 0
    street: Street = field(init=False)
    meters: Meters = field(init=False)

    def __post_init__(self) -> None:
        self.street = build_street(self.store)
        self._remember()
        self.meters = Meters(self.store, WATCH)
        provider = ConsoleProvider(Phones(self.store, lambda: self.now))
        self._carriage = Carriage(provider, UTC)
        with self.store.transaction(read_only=True) as tx:
            self._directory = Directory.of(tx.homes.watched())

    def _remember(self) -> None:
        """Put the readings of the days before into the store, as if the service had run then."""
        rows, minute = [], self.now - self.history
        while minute < self.now:
            minute += MINUTE
            self.litres += self.tap(minute)
            if minute.minute == 0:
                at = int(minute.timestamp())
                rows.append((self.street.home.meter, at, at, self.litres))
        self.store.telemetry.add(rows)

    def usual_silence(self, hours: float) -> None:
        """Let the service have learnt how long the taps of the home may be shut."""
        profile = UsageProfile.unlearnt((self.street.home.id,))
        profile.limits_hours[:] = hours
        profile.days[:] = 28.0
        self.store.telemetry.put_profiles(profile, int(self.now.timestamp()))
        with self.store.transaction() as tx:
            tx.house.bump(PROFILES_REVISION)

    def run_for(self, time: timedelta) -> None:
        self.run_until(self.now + time)

    def run_until(self, moment: datetime) -> None:
        """Let minute after minute pass, and the service do its work in each."""
        while self.now < moment:
            self.now += MINUTE
            self.litres += self.tap(self.now)
            if self.now.minute == 0:
                self.hear(Reading(self.street.home.meter_address, self.now, self.now, self.litres))
            self.work()

    def hear(self, *facts: Fact) -> None:
        rows = ingest(self.store, self._directory, POLICIES, facts, self.now).rows
        self.meters.take(rows)

    def work(self) -> None:
        """Do what every role does within a minute."""
        self.meters.refresh()
        self.meters.close(self.now)
        while escalate(self.store, self.now):
            pass
        tell_first_uses(self.store, RULE, UTC, 3.0, self.now)
        tell_vacant(self.store, RULE, UTC, self.now)
        while deliver(self.store, self._carriage, lambda: self.now, lambda: self.now):
            pass

    def press(self) -> None:
        """Let the bell on the wall be pressed."""
        ref = str(self.now.timestamp())
        self.hear(ButtonPress(self.street.home.button_address, self.now, self.now, ref))
        self.work()

    def write(self, contact: int, words: str) -> str:
        """Let somebody write to the service."""
        self.replies += 1
        reply = Reply(f"IN{self.replies}", phone(contact), words, self.now)
        led_to = take_reply(self.store, reply, self.now)
        self.work()
        return led_to

    def visit(self, by: str, outcome: Outcome, seen: Seen) -> int:
        """Let somebody who stands in the flat say what was found."""
        home, mode = self.street.home.id, Mode.HOME
        found = Visit(home, by, "", mode, outcome, seen, self.now, saw_person_at=self.now)
        number = report(self.store, found, self.now)
        self.work()
        return number

    def phone(self, contact: int) -> list[Text]:
        """The texts in somebody's phone, in order."""
        rows = (row for row in self.rows(house.inbox) if row["phone"] == phone(contact))
        return [Text(row["at"], row["template"], row["text"]) for row in rows]

    def alerts(self) -> list[Alert]:
        ids = [row["id"] for row in self.rows(t.alerts)]
        with self.store.transaction() as tx:
            return [alert for _, alert in sorted(tx.alerts.of(ids).items())]

    def timeline(self) -> list[tuple[datetime, str, str]]:
        """Every line of every alert: when, what, by whom."""
        return [(row["at"], row["what"], row["actor"]) for row in self.rows(t.alert_lines)]

    def rows(self, table: Any) -> list[dict[str, Any]]:
        with self.store.view() as view:
            rows = view.people.execute(table.select().order_by(table.c.id)).mappings()
            return [dict(row) for row in rows]


def daily_life(until: datetime) -> Tap:
    """Water every waking hour, up to the moment from which nobody draws any."""

    def litres(minute: datetime) -> float:
        awake = 6 <= minute.hour < 22
        return 8.0 if awake and minute.minute == 30 and minute < until else 0.0

    return litres

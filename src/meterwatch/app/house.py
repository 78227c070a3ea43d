"""One installation within one process: store, clock, rules, provider, and the path through them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from threading import RLock
from typing import Any

from meterwatch import detectors, migrations
from meterwatch.clock import Clock, DataClock, HandClock, MovedClock, SystemClock, machine_now
from meterwatch.config import Settings
from meterwatch.domain.fact import Fact
from meterwatch.domain.usage import LocalTime
from meterwatch.gateways.base import FieldMap
from meterwatch.notify import build as build_provider
from meterwatch.notify.provider import Provider
from meterwatch.pipeline.board import Board
from meterwatch.pipeline.deliver import Carriage, deliver
from meterwatch.pipeline.escalate import escalate
from meterwatch.pipeline.first_use import tell_first_uses
from meterwatch.pipeline.ingest import Directory, Ingested, ingest
from meterwatch.pipeline.learn import (
    Kept,
    Schooling,
    boards_before,
    forget,
    last_night,
    night,
    nights_due,
)
from meterwatch.pipeline.meters import Meters
from meterwatch.pipeline.sweep import Watch
from meterwatch.pipeline.vacant import look_for_vacant, tell_vacant
from meterwatch.store import Store
from meterwatch.store.house import HOMES_REVISION, RefusedPayload

DATA_MOMENT = timedelta(hours=1)  # how finely a replay is judged
_ESCALATED_AT_ONCE = 100
_NEVER = datetime.fromtimestamp(0, UTC)


class NotMigrated(Exception):  # noqa: N818  # says what the database is
    """The tables are missing, or older than this version."""


def open_store(settings: Settings) -> Store:
    """Open the databases of the settings.

    Raises
    ------
    NotMigrated
        If their tables are missing or old: `meterwatch migrate` has to run first.
    """
    if not migrations.is_current(settings.database.url):
        raise NotMigrated(
            "数据库的表还没有建好或不是最新,请先运行 meterwatch migrate / "
            "the tables are missing or old: run `meterwatch migrate` first"
        )
    return Store(settings.database.url)


class StoreInbox:
    """The fake phones of the console provider, kept in the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def put(self, ref: str, to: str, text: str, template: str) -> str:
        """Lay a text into a phone and give its id."""
        with self._store.transaction() as tx:
            return str(tx.house.put_in_inbox(ref, to, text, template, self._clock.now()))

    def find(self, ref: str) -> str | None:
        """Give the id of the text with this code, or None."""
        with self._store.transaction(read_only=True) as tx:
            found = tx.house.find_in_inbox(ref)
        return None if found is None else str(found)


class House:
    """Everything of one installation within one process.

    Parameters
    ----------
    settings : Settings
    store : Store
    clock : Clock
        Tells the moment of decisions. A `DataClock` is moved by the readings themselves.
    provider : Provider, optional
        What carries messages, if not the one of the settings.
    """

    def __init__(
        self, settings: Settings, store: Store, clock: Clock, provider: Provider | None = None
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.zone = settings.deployment.tz
        self.local = LocalTime.of(self.zone)
        self.policies = settings.escalation.policies()
        self.watch = Watch(
            detectors.build(settings.detector_tables()),
            self.local,
            self.policies,
            settings.silence.rule(),
            settings.common_cause.rule(settings.usage.use_litres),
        )
        self.provider = provider or self._provider()
        self.carriage = _carriage(self.provider, self.zone)
        self.meters: Meters | None = None
        self._directory = Directory({})
        self._revision = -1
        self._lock = RLock()
        self._night: datetime | None = None

    def _provider(self) -> Provider:
        inbox = StoreInbox(self.store, self.clock)
        return build_provider(self.settings.sms.provider, _provider_settings(self.settings), inbox)

    @property
    def follows_data(self) -> bool:
        """Whether this house's own readings move its clock."""
        return isinstance(self.clock, DataClock)

    @property
    def by_data(self) -> bool:
        """Whether it lives by the time of recorded readings, its own or another role's."""
        return not isinstance(self.clock, SystemClock | MovedClock | HandClock)

    def directory(self) -> Directory:
        """Say who speaks under which address, read anew after an edit."""
        with self.store.transaction(read_only=True) as tx:
            revision = tx.house.mark(HOMES_REVISION) or 0
            if revision != self._revision:
                self._directory = Directory.of(tx.homes.watched(), tx.homes.retired())
                self._revision = revision
        return self._directory

    def field_maps(self) -> Mapping[str, FieldMap]:
        """Give the per-device settings that decoders need."""
        return self.directory().field_maps()

    def watch_meters(self, listening_since: datetime | None = None) -> Meters:
        """Take up the meters' work: read the board, go on where it stopped.

        `listening_since` says from when on meters could be heard, after an outage of our own.
        """
        if self.follows_data:
            self.meters = Meters(self.store, self.watch, DATA_MOMENT, night=self.work_at_night)
            self.meters.catch_up()
        else:
            self.meters = Meters(self.store, self.watch, listening_since=listening_since)
            self.meters.catch_up()
            self.meters.judge_all(self.clock.now())
        return self.meters

    def take(self, facts: Sequence[Fact]) -> Ingested:
        """Take in a batch: when this returns, it is committed. Raises, and nothing is lost."""
        if isinstance(self.clock, DataClock):
            return self._take_by_data(self.clock, facts)
        return self._take(facts, self.clock.now())

    def _take(self, facts: Sequence[Fact], now: datetime) -> Ingested:
        taken = ingest(self.store, self.directory(), self.policies, facts, now)
        if self.meters is not None and taken.rows and not self.follows_data:
            with self._lock:
                self.meters.hear(taken.rows)
        return taken

    def _take_by_data(self, clock: DataClock, facts: Sequence[Fact]) -> Ingested:
        """Let each fact count as received when it was measured, and the clock follow.

        The clock moves after the commit: a batch that has to be tried again is stamped alike.
        """
        trial = clock.copy()
        if self._is_judged(trial.now()):  # what comes now is heard after that
            trial.hear(trial.now() + timedelta(seconds=1))
        stamped = [replace(fact, received_at=trial.hear(fact.measured_at)) for fact in facts]
        taken = self._take(stamped, trial.now())
        clock.hear(trial.now())
        return taken

    def _is_judged(self, now: datetime) -> bool:
        """Tell whether, by data, everything heard by then is judged, and there was something."""
        judged = self.meters.swept if self.meters is not None and self.follows_data else _NEVER
        return _NEVER < now <= judged

    def refuse(self, payloads: Iterable[RefusedPayload]) -> None:
        """Count what was not taken in and keep the last of it."""
        with self.store.transaction() as tx:
            tx.house.refuse(payloads, self.settings.retention.refused_each)

    def judge(self) -> bool:
        """By data, judge a little of what is committed; tell whether there may be more.

        The database says what was heard when, so that a batch that comes twice, because its
        acknowledgement was lost, is judged once.
        """
        if self.meters is None:
            return False
        with self._lock:
            self.meters.refresh()
            return self.meters.catch_up(some=True)

    def sweep(self) -> None:
        """Judge what has come in, and every meter's punctuality, as of now."""
        if self.meters is None:
            return
        with self._lock:
            self.meters.refresh()
            if self.follows_data:
                self.meters.catch_up()
            if not self._is_judged(self.clock.now()):
                self.meters.close(self.clock.now())

    def escalate(self) -> int:
        """Move every alert whose time has come; count the moves."""
        moved = 0
        while done := escalate(self.store, self.clock.now(), _ESCALATED_AT_ONCE):
            moved += done
        return moved

    def tell_daily(self) -> int:
        """Tell what is told once a day or once a month; count the messages."""
        now, zone, rule = self.clock.now(), self.zone, self.settings.daily.rule()
        use_litres = self.settings.usage.use_litres
        look_for_vacant(self.store, zone, use_litres, now)
        told = tell_first_uses(self.store, rule, zone, use_litres, now)
        return told + tell_vacant(self.store, rule, zone, now)

    def deliver(self, *, bells_only: bool = False) -> int:
        """Send everything that is awake; count what was looked at."""
        sent = 0
        while done := deliver(
            self.store, self.carriage, self.clock.now, machine_now, bells_only=bells_only
        ):
            sent += done
        return sent

    def work_at_night(self, now: datetime, board: Board | None = None) -> bool:
        """Roll up and learn for each night that has begun since the last time; tell whether any.

        `board` holds what was heard before these nights; without one it is read anew.
        """
        self._night = self._night or last_night(self.store)
        nights = nights_due(self.local, self._night, now)
        if nights and self.follows_data and self.meters is not None:
            self.meters.settle()  # judged by what was known; a restart goes on after it
        for begun in nights:
            boards = boards_before(self.store, begun) if board is None else [board]
            night(self.store, boards, self.schooling, begun)
            self._night = begun
        if nights and not self.follows_data:
            forget(self.store, self._kept, now)
        return bool(nights)

    @cached_property
    def schooling(self) -> Schooling:
        """How its nights learn."""
        settings = self.settings
        use = settings.usage.use_litres
        return Schooling(self.local, settings.prior(), settings.budget(), use)

    @property
    def _kept(self) -> Kept:
        retention = self.settings.retention
        return Kept(
            timedelta(days=retention.readings_days),
            timedelta(days=retention.rollup_days),
            timedelta(days=retention.hooks_days),
        )


def _provider_settings(settings: Settings) -> Mapping[str, Any]:
    """Give the settings of the chosen provider by the names of its parameters."""
    sms = settings.sms
    if sms.provider == "console":
        return {"signature": sms.signature}
    chosen = {
        "account_sid": sms.twilio.account_sid,
        "auth_token": sms.twilio.token,
        "sender": sms.twilio.sender or sms.twilio.messaging_service_sid,
        "signature": sms.signature,
        "base_url": sms.twilio.base_url,
    }
    if settings.web.public_url:
        base = settings.web.public_url.rstrip("/")
        chosen["status_callback_url"] = f"{base}/hooks/twilio/status"
    return chosen


def _carriage(provider: Provider, zone: tzinfo) -> Carriage:
    """Say how long a send may take, and when the carrier's "not here" can be believed."""
    if provider.name == "console":
        return Carriage(provider, zone, lease=timedelta(seconds=15), settles=timedelta(0))
    return Carriage(provider, zone)

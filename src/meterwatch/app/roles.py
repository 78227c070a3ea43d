"""The roles of `run`: what each process does with the house.

`bells` hears presses and sends what they raised, apart from everything else; `meters` hears
readings and judges them; `people` escalates, delivers and serves the console; `night` learns.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from threading import Event, Lock
from typing import TYPE_CHECKING

import structlog
import typer

from meterwatch import gateways
from meterwatch.app.house import House
from meterwatch.clock import DataClock, StoredClock, SystemClock, machine_now, machine_seconds
from meterwatch.config import Settings
from meterwatch.daemon.beats import Beat, Beats
from meterwatch.daemon.intake import Intake
from meterwatch.daemon.mqtt import BrokerSettings, Source
from meterwatch.daemon.waking import Relay, sleeper, waker
from meterwatch.domain.fact import Fact
from meterwatch.store import Store
from meterwatch.store.house import SWEPT

if TYPE_CHECKING:
    from meterwatch.app.console import ConsoleServer

_log = structlog.get_logger(__name__)
_POLL_SECONDS = 1.0
_NIGHT_SECONDS = _DAILY_SECONDS = 60.0
_IDLE_SECONDS = 10.0  # a replay that says nothing for so long has ended: judge what waits
OUTBOX = "outbox"
UNCONNECTED = "短信未接通 / text messages are not connected (sms.provider = console)"

BELL_TOPICS = tuple(topic for gateway in gateways.known() for topic in gateway.bells)
METER_TOPICS = tuple(
    topic for gateway in gateways.known() for topic in gateway.topics if topic not in gateway.bells
)


def clock_of(role: str, store: Store, *, by_data: bool) -> SystemClock | DataClock | StoredClock:
    """Choose the clock of a role: the machine's, or the one that recorded readings move."""
    if not by_data:
        return SystemClock()
    if role == "meters":
        heard = store.telemetry.last_heard()
        at = datetime.fromtimestamp(heard or 0, UTC)
        return DataClock(at, started=heard is not None)

    def swept() -> datetime | None:
        with store.transaction(read_only=True) as tx:
            return tx.house.moment(SWEPT)

    return StoredClock(swept, SystemClock())


def broker_of(settings: Settings, role: str) -> BrokerSettings:
    """Give the settings of one role's session at the broker."""
    mqtt = settings.mqtt
    return BrokerSettings(
        host=mqtt.host,
        port=mqtt.port,
        client_id=f"{mqtt.client_id}-{role}",
        username=mqtt.username,
        password=mqtt.password.get_secret_value(),
        receive_maximum=mqtt.receive_maximum,
        session_expiry_seconds=mqtt.session_expiry_seconds,
        topic_prefix=mqtt.topic_prefix,
    )


class Role:
    """One role of the house in its process: a source if it listens, beats, and how it ends."""

    def __init__(self, name: str, house: House) -> None:
        self.name = name
        self.house = house
        self._waker = waker(house.settings.database.url)
        self._source: Source | None = None
        self._server: ConsoleServer | None = None
        self._heard_at = machine_seconds()
        self._turn = Lock()  # a replay has not ended while a batch of it is being taken
        self._beats = Beats(name, self._listed(), self._note, machine_seconds, note_seconds=5.0)
        self._relay: Relay | None = None

    def run(self, stop: Event) -> None:
        """Work until told to stop; a console that dies ends the role, and is started anew."""
        self._open()
        self._beats.start()
        _log.info("role_started", role=self.name)
        while not stop.wait(_POLL_SECONDS):
            if self._server is not None and self._server.ended:
                _log.error("console_ended", role=self.name)
                break
        self._close()
        _log.info("role_stopped", role=self.name)

    def _listed(self) -> list[Beat]:
        """List what this role does again and again."""
        house, outbox = self.house, _POLL_SECONDS
        listed: Mapping[str, list[Beat]] = {
            "bells": [Beat("deliver", outbox, lambda: house.deliver(bells_only=True))],
            "meters": [Beat("sweep", _POLL_SECONDS, self._sweep)],
            "people": [
                Beat("escalate", _POLL_SECONDS, self._escalate),
                Beat("deliver", outbox, house.deliver),
                Beat("daily", _DAILY_SECONDS, self._tell_daily),
            ],
            "night": [Beat("learn", _NIGHT_SECONDS, self._learn)],
        }
        return listed[self.name]

    def _open(self) -> None:
        """Open what the role listens to or serves."""
        if self.name == "meters":
            now = self.house.clock.now()
            self.house.watch_meters(listening_since=None if self.house.by_data else now)
            self._listen(METER_TOPICS)
        elif self.name == "bells":
            self._listen(BELL_TOPICS)
        elif self.name == "people":
            self._serve()

    def _listen(self, topics: Sequence[str]) -> None:
        house = self.house
        intake = Intake(self._take, house.refuse, house.field_maps)
        mqtt = house.settings.mqtt
        self._source = Source(
            broker_of(house.settings, self.name),
            topics,
            machine_now if house.by_data else house.clock.now,
            intake.take,
            batch_seconds=0.0 if self.name == "bells" else mqtt.batch_seconds,
            batch_messages=mqtt.batch_readings,
        )
        self._source.start()

    def _serve(self) -> None:
        # Three roles of four live without the console and the weight of it.
        from meterwatch.app.console import ConsoleServer, address_of, first_login, make_console

        calls = {OUTBOX: lambda: self._beats.wake("deliver")}
        self._relay = Relay(sleeper(self.house.settings.database.url, OUTBOX), calls)
        self._relay.start()
        self._server = ConsoleServer(self.house, make_console(self.house))
        self._server.start()
        typer.echo(f"网页 / console: {address_of(self.house)}", err=True)
        if self.house.settings.sms.provider == "console":
            typer.echo(UNCONNECTED, err=True)
        link = first_login(self.house)
        if link is not None:
            # Said once, on the terminal or in the journal, and nowhere else: whoever reads it may
            # make the first account.
            typer.echo(f"\n第一次登录 / first login: {link}\n", err=True)

    def _take(self, facts: Sequence[Fact]) -> None:
        with self._turn:
            taken = self.house.take(facts)
            self._heard_at = machine_seconds()
        if taken.alerts:
            if self.name == "bells":
                self._beats.wake("deliver")
            self._waker.ring(OUTBOX)
        if self.name == "meters":
            self._beats.wake("sweep")

    def _sweep(self) -> None:
        house = self.house
        before = house.meters.alerts if house.meters else 0
        if not house.by_data:
            house.sweep()
        elif house.judge():
            self._beats.wake("sweep")
        else:
            with self._turn:
                if self._has_ended():
                    house.sweep()
        if house.meters and house.meters.alerts > before:
            self._waker.ring(OUTBOX)

    def _has_ended(self) -> bool:
        """Tell whether a replay has ended, as far as one can see: it says nothing any more."""
        if self._source is None or not self._source.connected or self._source.state.waiting:
            self._heard_at = machine_seconds()
        return machine_seconds() - self._heard_at >= _IDLE_SECONDS

    def _escalate(self) -> None:
        if self.house.escalate():
            self._beats.wake("deliver")

    def _tell_daily(self) -> None:
        if self.house.tell_daily():
            self._beats.wake("deliver")

    def _learn(self) -> None:
        if not self.house.by_data:
            self.house.work_at_night(self.house.clock.now())

    def _close(self) -> None:
        if self._source is not None:
            self._source.stop()
        if self._server is not None:
            self._server.stop()
        if self._relay is not None:
            self._relay.stop()
        self._beats.stop()
        self._waker.close()

    def _note(self, role: str, beat: str, failure: str) -> None:
        with self.house.store.transaction() as tx:
            tx.house.beat(role, beat, machine_now(), failure)

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue

import pytest
import typer
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from typer.testing import CliRunner, Result

from meterwatch.commands.publishing import Publisher, address, paced
from meterwatch.commands.simulate import begins, simulate
from meterwatch.domain.fact import ButtonPress, Reading
from meterwatch.gateways import decode
from meterwatch.gateways.base import Message
from meterwatch.simulators.district import COLUMNS, invent
from meterwatch.simulators.fleet import Fleet
from meterwatch.simulators.lives import ordinary
from tests.parts.broker import Broker
from tests.parts.ports import free_port

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
RECEIVED = datetime(2030, 1, 1, tzinfo=UTC)
HARMLESS = ("--falls", "0", "--taps", "0", "--presses", "0", "--cuts", "0", "--aways", "0")
CALM = (*HARMLESS, "--clockwork")


class Subscriber:
    """Hears everything that the broker hands on, after it is let in."""

    def __init__(self, broker: Broker) -> None:
        self.heard: Queue[Message] = Queue()
        ready: Queue[bool] = Queue()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_subscribe = lambda *_: ready.put(True)
        self._client.on_message = lambda _client, _data, message: self._hear(message)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        self._client.subscribe("#", qos=1)
        ready.get(timeout=20)

    def _hear(self, message: MQTTMessage) -> None:
        if not message.retain:  # those were left behind by others
            self.heard.put(Message(message.topic, bytes(message.payload), RECEIVED))

    def take(self, many: int) -> list[Message]:
        """Wait for so many messages, then see that no more have come."""
        taken = [self.heard.get(timeout=20) for _ in range(many)]
        return taken + [self.heard.get() for _ in range(self.heard.qsize())]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def subscriber(broker: Broker) -> Iterator[Subscriber]:
    subscriber = Subscriber(broker)
    yield subscriber
    subscriber.close()


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(simulate)
    return CliRunner().invoke(app, arguments)


def paced_at(broker: Broker, *arguments: str) -> Result:
    at = ("--mqtt", f"{broker.host}:{broker.port}", "--start", "2026-03-02T10:00+08:00")
    return run(*at, "--speed", "0", *arguments)


def bare(messages: Iterable[Message]) -> list[tuple[str, bytes]]:
    return [(message.topic, message.payload) for message in messages]


def test_everything_a_fleet_says_reaches_the_subscribers_of_a_broker_in_order(
    broker: Broker, subscriber: Subscriber
) -> None:
    result = paced_at(broker, "--homes", "12", "--seed", "5", "--days", "0.25", *CALM)
    assert result.exit_code == 0, result.output
    fleet = Fleet(invent(12), 5)
    expected = [message for _, message in fleet.messages(START, START + 6 * HOUR)]
    heard = subscriber.take(len(expected))
    assert bare(heard) == bare(expected)
    assert f"acknowledged: {len(expected)}" in result.output


def test_homes_live_ordinary_lives_unless_they_are_told_not_to(
    broker: Broker, subscriber: Subscriber
) -> None:
    result = paced_at(broker, "--homes", "40", "--days", "1", *HARMLESS)
    assert result.exit_code == 0, result.output
    district, until = invent(40), START + 24 * HOUR
    fleet = Fleet(district, 1, ordinary(district, 1, START, until))
    expected = [message for _, message in fleet.messages(START, until)]
    assert bare(subscriber.take(len(expected))) == bare(expected)
    assert bare(expected) != bare(message for _, message in Fleet(district).messages(START, until))


def test_the_district_on_the_broker_is_the_one_in_the_import_file(
    broker: Broker, subscriber: Subscriber, tmp_path: Path
) -> None:
    path = tmp_path / "homes.csv"
    result = paced_at(broker, "--homes", "12", "--days", "0.25", *CALM, "--homes-csv", str(path))
    assert result.exit_code == 0, result.output
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    many = sum(1 for _ in Fleet(invent(12)).messages(START, START + 6 * HOUR))
    facts = [fact for message in subscriber.take(many) for fact in decode(message, {}).facts]
    assert {fact.device for fact in facts if isinstance(fact, Reading)} == {
        row["meter"] for row in rows
    }
    assert {fact.device for fact in facts} <= {row[k] for row in rows for k in ("meter", "button")}


def test_what_goes_wrong_is_heard_and_told_at_the_end(
    broker: Broker, subscriber: Subscriber
) -> None:
    result = paced_at(broker, "--homes", "12", "--days", "2", *CALM, "--presses", "5")
    assert result.exit_code == 0, result.output
    told = result.output.count("按铃 / press")
    assert told > 0
    sent = int(result.output.split("acknowledged: ")[1].split()[0])
    facts = [fact for message in subscriber.take(sent) for fact in decode(message, {}).facts]
    assert sum(isinstance(fact, ButtonPress) for fact in facts) == told


def test_a_broker_without_subscribers_is_pointed_out(broker: Broker) -> None:
    result = paced_at(broker, "--homes", "4", "--days", "0.1", *CALM)
    assert result.exit_code == 0, result.output
    assert "start meterwatch run first" in result.output


def test_a_time_too_short_for_any_meter_is_pointed_out(broker: Broker) -> None:
    result = paced_at(broker, "--homes", "1", "--days", "0.00001", *CALM)
    assert result.exit_code == 0, result.output
    assert "nothing was published: no meter was due" in result.output


def test_the_import_file_alone_needs_no_broker(tmp_path: Path) -> None:
    path = tmp_path / "homes.csv"
    nobody = f"127.0.0.1:{free_port()}"
    result = run("--mqtt", nobody, "--homes", "9", "--days", "0", "--homes-csv", str(path))
    assert result.exit_code == 0, result.output
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 10


def test_a_broker_that_is_not_there_is_named_with_the_mend() -> None:
    port = free_port()
    result = run("--mqtt", f"127.0.0.1:{port}", "--homes", "4", "--speed", "0", "--days", "0.1")
    assert result.exit_code == 2
    words = " ".join(result.output.replace("│", " ").split())
    assert f"127.0.0.1:{port}" in words
    assert f"mosquitto -p {port}" in words


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "homes.csv"
    result = run("--days", "0", "--homes-csv", str(path))
    assert result.exit_code == 2
    assert "cannot be written" in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--homes", "0"),
        ("--homes", "5001"),
        ("--speed", "-1"),
        ("--days", "-1"),
        ("--falls", "1001"),
        ("--falls", "nan"),
        ("--start", "2026-03-02T10:00"),
        ("--start", "2019-03-02T10:00+08:00"),
        ("--days", "1e9"),
        ("--days", "nan"),
        ("--speed", "nan"),
        ("--mqtt", "broker"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_the_name_of_its_option(
    option: str, value: str
) -> None:
    result = run("--mqtt", f"127.0.0.1:{free_port()}", "--speed", "0", option, value)
    assert result.exit_code == 2, result.output
    assert option in result.output


@pytest.mark.parametrize("mqtt", ["", ":1883", "host", "host:", "host:0", "host:65536", "host:²"])
def test_a_broker_without_host_or_port_is_refused_with_an_example(mqtt: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"host:port, for example 127\.0\.0\.1:1883"):
        address(mqtt)


def test_an_address_may_be_a_name_or_a_number() -> None:
    assert address("broker.example:1883") == ("broker.example", 1883)
    assert address("[::1]:1884") == ("::1", 1884)


def test_a_given_start_is_kept_and_a_fast_run_ends_now() -> None:
    assert begins(START, 0.0, HOUR) == START
    live, past = begins(None, 1.0, HOUR), begins(None, 0.0, HOUR)
    assert live - past >= HOUR - timedelta(seconds=1)


def test_a_message_is_held_back_until_its_time_at_the_speed_has_come() -> None:
    machine = [100.0]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        machine[0] += seconds

    message = Message("t", b"", START)
    messages = [(START + timedelta(seconds=s), message) for s in (0, 60, 60, 150)]
    sent = [
        (moment, machine[0])
        for moment, _ in paced(messages, START, 60.0, lambda: machine[0], sleep)
    ]
    assert [at for _, at in sent] == pytest.approx([100.0, 101.0, 101.0, 102.5])
    assert max(waits) <= 1.0


def test_at_speed_zero_nothing_is_held_back() -> None:
    messages = [(START + timedelta(days=k), Message("t", b"", START)) for k in range(3)]

    def sleep(seconds: float) -> None:
        pytest.fail(f"slept {seconds}")

    assert list(paced(messages, START, 0.0, lambda: 0.0, sleep)) == messages


def test_no_more_messages_wait_for_their_acknowledgement_than_are_allowed(broker: Broker) -> None:
    with Publisher(broker.host, broker.port, waiting=3) as publisher:
        for k in range(50):
            publisher.send(Message(f"simulate/bounded/{k}", b"{}", START))
            assert publisher.sent - publisher.acknowledged <= 3
    assert publisher.acknowledged == publisher.sent == 50


def test_what_was_sent_before_a_restart_of_the_broker_is_acknowledged_after_it(
    broker: Broker,
) -> None:
    with Publisher(broker.host, broker.port) as publisher:
        publisher.send(Message("simulate/restart/1", b"{}", START))
        publisher.settle()
        broker.stop()
        publisher.send(Message("simulate/restart/2", b"{}", START))
        broker.start()
        publisher.settle()
    assert publisher.acknowledged == 2


def test_the_help_has_an_example() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "meterwatch simulate --homes-csv homes.csv" in " ".join(result.output.split())

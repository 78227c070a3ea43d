"""The demo as a process: what it opens with, how it ends, and what it says to wrong values."""

import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from meterwatch.clock import machine_now
from meterwatch.commands import app
from meterwatch.daemon.mqtt import BrokerSettings, Source
from meterwatch.gateways import Message
from tests.e2e.playing import Demo, Visitor
from tests.parts.absent import absent
from tests.parts.broker import Broker
from tests.parts.programs import find_program

FEW = ("--homes", "12")  # three to a gateway
BEHIND_HUB_3 = {"SL0007", "SL0008", "SL0009"}
FreePort = Callable[[], int]


def flat(said: str) -> str:
    """Undo the line breaks of a terminal of eighty columns."""
    return " ".join(said.split())


def nothing_left(demo: Demo) -> bool:
    assert "Traceback" not in demo.said
    assert demo.processes() == []
    return demo.files() == []


def test_it_opens_with_a_bell_a_silence_a_flow_and_a_gateway_that_is_down(
    tmp_path: Path, free_port: FreePort
) -> None:
    kept = tmp_path / "kept"
    options = (*FEW, "--no-broker", "--keep", str(kept))
    with Demo(tmp_path, free_port(), *options) as demo, Visitor(demo.opened().port) as visitor:
        alerts = visitor.alerts()
        assert sorted(alert["kind"] for alert in alerts) == [
            "bell",
            "flat_flow",
            "hub_silent:hub-03",
            "no_use",
        ]
        assert visitor.unknown_homes() == BEHIND_HUB_3
        assert not BEHIND_HUB_3 & {alert["household_code"] for alert in alerts}
        (cut,) = visitor.alerts("hub_silent")
        assert (cut["severity"], cut["subject_kind"]) == ("no_data", "area")
        (bell,) = visitor.alerts("bell")
        assert visitor.page("/").index(f"alert-{bell['id']}") < visitor.page("/").index(
            f"alert-{cut['id']}"
        )
        texts = [text for texts in visitor.phones().values() for text in texts]
        told = [text for text in texts if "已用水" not in text]  # a good morning is no call
        assert len(told) == 10, "six at the bell, two each for the silence and the flow"
        demo.ask_to_end()
        assert demo.ended() == 0
    said = flat(demo.said)
    assert "直接送入 / no broker, handed over directly" in said
    assert "alerts 4 (bell 1, flat_flow 1, hub_silent:hub-03 1, no_use 1)" in said
    assert f"messages {len(texts)}" in said
    assert "3 homes had a life alert, 3 of them need somebody now" in said
    assert nothing_left(demo)
    assert {"meterwatch.db", "telemetry.db", "homes.csv"} <= {p.name for p in kept.iterdir()}


def test_it_ends_by_itself_and_leaves_no_process_and_no_file(
    tmp_path: Path, free_port: FreePort
) -> None:
    if find_program("mosquitto") is None:
        absent("broker", "mosquitto is not installed")
    with Demo(tmp_path, free_port(), *FEW, "--for", "2") as demo:
        demo.opened()
        assert "mosquitto" in demo.processes()
        assert demo.files() != []
        assert demo.ended() == 0
    assert "Mosquitto 127.0.0.1:" in demo.said
    assert "meterwatch init && meterwatch migrate" in flat(demo.said)
    assert nothing_left(demo)


def test_ctrl_c_while_history_is_written_ends_it_in_good_order(
    tmp_path: Path, free_port: FreePort
) -> None:
    def writes() -> bool:
        return any(path.stat().st_size > 500_000 for path in tmp_path.rglob("telemetry.db-wal"))

    with Demo(tmp_path, free_port()) as demo:
        demo.wait_for("history is written", writes)
        demo.ask_to_end()
        assert demo.ended() == 0
    assert "stopped before it was ready" in demo.said
    assert nothing_left(demo)


class Listener:
    """Remembers the topics of everything that a broker hands on."""

    def __init__(self, broker: Broker) -> None:
        self.topics: set[str] = set()
        settings = BrokerSettings(
            broker.host, broker.port, "demo-listener", session_expiry_seconds=0
        )
        self.source = Source(settings, ["#"], machine_now, self._take)
        self.source.start()
        assert self.source.wait_connected(30)

    def _take(self, messages: Sequence[Message]) -> None:
        self.topics |= {message.topic for message in messages}


def test_it_speaks_through_a_broker_that_is_named_and_ctrl_c_ends_a_night_that_passes(
    broker: Broker, tmp_path: Path, free_port: FreePort
) -> None:
    listener = Listener(broker)
    mqtt = f"{broker.host}:{broker.port}"
    with (
        Demo(tmp_path, free_port(), *FEW, "--mqtt", mqtt) as demo,
        Visitor(demo.opened().port) as visitor,
        httpx.Client(base_url=visitor.http.base_url, timeout=600, trust_env=False) as screen,
        screen.stream("GET", "/live") as stream,
    ):
        assert next(stream.iter_lines()) == "event: tick"
        before = visitor.clock()
        waiting = threading.Thread(target=pass_nights, args=(demo.port,))
        waiting.start()
        demo.wait_for("time is moved on", lambda: visitor.clock() > before + 900)
        demo.ask_to_end()
        assert demo.ended() == 0
        waiting.join()
    listener.source.stop()
    assert f"MQTT {mqtt}" in demo.said
    assert demo.said.count("Mosquitto") == 0
    assert {topic.partition("/")[0] for topic in listener.topics} >= {"wmbusmeters", "zigbee2mqtt"}
    assert nothing_left(demo)


def pass_nights(port: int) -> None:
    """Ask for night after night; the demo may end in the middle of one."""
    with Visitor(port) as visitor:
        try:
            for _ in range(50):
                visitor.act("night")
        except httpx.TransportError:
            return


def refused(*options: str) -> str:
    """Run the demo with something wrong; give what it says, on one line."""
    result = CliRunner(env={"COLUMNS": "400"}).invoke(
        app, ["demo", "--no-browser", "--for", "1", *options]
    )
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    return flat(result.output)


def test_a_port_in_use_is_said_with_the_mend() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = refused("--port", port)
    assert f"端口 {port} 被占用" in said
    assert "choose another with --port" in said


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--homes", "3", "Invalid value for '--homes'"),
        ("--homes", "many", "Invalid value for '--homes'"),
        ("--seed", "-1", "Invalid value for '--seed'"),
        ("--for", "0", "Invalid value for '--for'"),
        ("--for", "nan", "Invalid value for '--for'"),
        ("--for", "inf", "Invalid value for '--for'"),
        ("--port", "70000", "Invalid value for '--port'"),
        ("--mqtt", "nowhere", "write host:port"),
        ("--mqtt", "127.0.0.1:0", "write host:port"),
        ("--mqtt", "127.0.0.1:99999", "write host:port"),
        ("--mqtt", "no host:1883", "no broker answers at no host:1883"),
    ],
)
def test_wrong_values_are_said(option: str, value: str, said: str, free_port: FreePort) -> None:
    assert said in refused("--port", str(free_port()), option, value)


def test_a_broker_that_is_not_there_is_said_before_the_work_begins(free_port: FreePort) -> None:
    port = free_port()
    said = refused("--port", str(free_port()), "--mqtt", f"127.0.0.1:{port}")
    assert f"no broker answers at 127.0.0.1:{port}: check the address, or leave --mqtt out" in said
    assert "getting ready" not in said


def test_a_folder_to_keep_that_cannot_be_used_is_said(tmp_path: Path, free_port: FreePort) -> None:
    port = ("--port", str(free_port()))
    (tmp_path / "file").touch()
    assert "cannot be written to" in refused(*port, "--keep", str(tmp_path / "file"))
    assert "cannot be written to" in refused(*port, "--keep", str(tmp_path / "file" / "below"))
    (tmp_path / "meterwatch.db").touch()
    assert "already holds a meterwatch.db" in refused(*port, "--keep", str(tmp_path))

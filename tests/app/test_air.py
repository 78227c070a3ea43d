"""The ways from the fleet to the house: all end in the same rows, whichever broker dies."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from meterwatch.app.air import (
    Broker,
    BrokerLost,
    Straight,
    ThroughBroker,
    find_mosquitto,
    free_port,
    open_air,
)
from meterwatch.app.staging import Stage
from meterwatch.daemon.mqtt import BrokerSettings, Publisher
from tests.app.stages import Shown, a_stage, shown
from tests.parts.absent import absent
from tests.parts.broker import Broker as RunningBroker
from tests.parts.ports import accepts


@pytest.fixture
def mosquitto() -> str:
    program = find_mosquitto()
    if program is None:
        absent("broker", "mosquitto is not installed")
    return program


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with a_stage(tmp_path / "stage") as opened:
        yield opened


@pytest.fixture
def undisturbed(tmp_path: Path) -> Shown:
    """Give what is stored after two hours in which nothing came in between."""
    with a_stage(tmp_path / "undisturbed") as opened:
        opened.forward(2)
        return shown(opened.house)


def through(stage: Stage, tmp_path: Path, program: str) -> ThroughBroker:
    air = open_air(stage.house, tmp_path, None, program)
    assert isinstance(air, ThroughBroker)
    stage.open_air(air)
    return air


def pid_of(air: ThroughBroker) -> int:
    assert air._own is not None
    assert air._own._process is not None
    return air._own._process.pid


def test_through_a_broker_the_same_is_stored_as_without_one(
    stage: Stage, tmp_path: Path, mosquitto: str, undisturbed: Shown
) -> None:
    air = through(stage, tmp_path, mosquitto)
    assert air.name.startswith("Mosquitto 127.0.0.1:")
    stage.forward(2)
    assert shown(stage.house) == undisturbed
    assert len(undisturbed) >= 2 * 8


def test_when_its_broker_dies_the_stage_goes_on_without_and_loses_nothing(
    stage: Stage, tmp_path: Path, mosquitto: str, undisturbed: Shown
) -> None:
    air = through(stage, tmp_path, mosquitto)
    stage.forward(1)
    before = len(shown(stage.house))
    os.kill(pid_of(air), signal.SIGKILL)
    stage.forward(1)
    assert len(shown(stage.house)) > before
    assert shown(stage.house) == undisturbed


def test_when_a_named_broker_is_gone_the_stage_goes_on_without_and_loses_nothing(
    stage: Stage, broker: RunningBroker, undisturbed: Shown
) -> None:
    air = ThroughBroker(stage.house, broker.host, broker.port, patience=2.0)
    air.open()
    stage.open_air(air)
    stage.forward(1)
    broker.stop()
    stage.forward(1)
    assert isinstance(stage._air, Straight)
    assert shown(stage.house) == undisturbed


def test_leaving_the_air_ends_its_broker_and_leaving_it_twice_is_once(
    stage: Stage, tmp_path: Path, mosquitto: str
) -> None:
    air = through(stage, tmp_path, mosquitto)
    assert air._own is not None
    assert accepts(air._own.port)
    stage.leave_air()
    stage.leave_air()
    assert air._own.died
    assert not accepts(air._own.port)


def test_other_people_s_messages_on_a_shared_broker_are_not_taken_for_our_own(
    stage: Stage, broker: RunningBroker, undisturbed: Shown
) -> None:
    air = open_air(stage.house, Path(), (broker.host, broker.port), None)
    stranger = Publisher(
        BrokerSettings(broker.host, broker.port, "stranger", session_expiry_seconds=0)
    )
    stranger.start()
    for number in range(500):
        stranger.publish(f"meterwatch/readings/strange-{number % 7}", b"{}")
    stage.open_air(air)
    stage.forward(2)
    assert shown(stage.house) == undisturbed
    assert stranger.stop()


def test_two_stages_on_one_broker_do_not_push_each_other_out(
    stage: Stage, broker: RunningBroker, tmp_path: Path
) -> None:
    with a_stage(tmp_path / "other") as other:
        for one in (stage, other):
            one.open_air(open_air(one.house, Path(), (broker.host, broker.port), None))
        stage.forward(1)
        other.forward(1)
        stage.forward(1)
        assert isinstance(stage._air, ThroughBroker)
        assert isinstance(other._air, ThroughBroker)


def test_a_named_broker_that_does_not_answer_is_said(stage: Stage) -> None:
    air = ThroughBroker(stage.house, "127.0.0.1", free_port(), patience=0.5)
    with pytest.raises(BrokerLost, match="does not take us in: unreachable"):
        air.open()
    air.close()


@pytest.mark.parametrize("program", [None, "/bin/false", "/no/such/program"])
def test_without_a_broker_that_starts_it_is_played_straight(
    stage: Stage, tmp_path: Path, program: str | None
) -> None:
    assert isinstance(open_air(stage.house, tmp_path, None, program), Straight)


def test_the_broker_s_program_is_looked_for_where_it_is_said(tmp_path: Path) -> None:
    assert find_mosquitto(str(tmp_path)) is None
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_mosquitto(str(tmp_path)) == str(program)


def test_a_broker_that_was_never_started_is_not_ended(tmp_path: Path) -> None:
    broker = Broker("/bin/false", tmp_path)
    broker.close()
    assert not broker.died

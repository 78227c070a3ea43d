"""A source hands over every message, in order, and acknowledges what was taken and nothing else."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from threading import Event

import pytest
from structlog.testing import capture_logs

from meterwatch.daemon.mqtt import BrokerSettings, Source
from meterwatch.gateways import Message
from meterwatch.gateways.checks import MAX_PAYLOAD_BYTES
from tests.daemon.cable import DISCONNECT, PINGREQ, PINGRESP, SOON, Cable
from tests.daemon.taking import NOON, Taker, listen, numbered, publish, settings_for
from tests.parts.broker import Broker


@pytest.fixture
def cable(broker: Broker) -> Iterator[Cable]:
    between = Cable(broker.port)
    yield between
    between.close()


def test_a_message_is_handed_over_with_what_is_known_of_it(broker: Broker) -> None:
    take = Taker()
    source = listen(broker, "source-one", "source/one/#", take)
    publish(broker, "source/one/a", b"7")
    take.wait_for(1)
    assert take.taken == [Message("source/one/a", b"7", NOON)]
    assert source.state.received == source.state.batches + source.state.retries == 1
    assert source.state.last_message_at == NOON
    assert source.stop(SOON)
    assert not source.connected


def test_nothing_is_acknowledged_before_it_was_taken(broker: Broker, cable: Cable) -> None:
    take = Taker()
    take.set(held=True)
    source = listen(cable, "source-two", "source/two", take)
    publish(broker, "source/two", *numbered(3))
    call = cable.calls[0]
    cable.wait_until("three messages delivered", lambda: len(call.delivered()) == 3)
    take.wait_until("a first try", lambda: bool(take.tries))
    assert call.acknowledged() == []
    take.set()
    cable.wait_until("acknowledged", lambda: len(call.acknowledged()) == 3)
    assert call.acknowledged() == call.delivered()
    assert source.stop(SOON)


def test_what_was_not_taken_when_the_connection_broke_comes_again_and_in_order(
    broker: Broker, cable: Cable
) -> None:
    take = Taker()
    take.set(held=True)
    source = listen(cable, "source-three", "source/three", take)
    publish(broker, "source/three", *numbered(1))
    take.wait_until("a first try", lambda: bool(take.tries))
    publish(broker, "source/three", *numbered(4, start=1))
    cable.wait_until("five delivered", lambda: len(cable.calls[0].delivered()) == 5)
    cable.cut()
    cable.wait_until(
        "five delivered again",
        lambda: len(cable.calls) > 1 and len(cable.calls[1].delivered()) == 5,
    )
    take.set()
    cable.wait_until("acknowledged", lambda: len(cable.calls[1].acknowledged()) == 5)
    # The first message had been handed over already, so it is taken twice; the others once.
    assert take.payloads == [b"0", *numbered(5)]
    assert cable.calls[0].acknowledged() == []
    assert cable.calls[1].acknowledged() == cable.calls[1].delivered()
    assert source.stop(SOON)


def test_a_batch_of_a_lost_connection_is_never_acknowledged_on_the_next_one(
    broker: Broker, cable: Cable
) -> None:
    take = Taker()
    take.set(failing=True)
    source = listen(cable, "source-four", "source/four", take, receive_maximum=2)
    publish(broker, "source/four", *numbered(4))
    take.wait_until("a first try", lambda: bool(take.tries))
    cable.cut()
    cable.wait_until(
        "delivered again", lambda: len(cable.calls) > 1 and len(cable.calls[1].delivered()) == 2
    )
    take.set()
    cable.wait_until("all acknowledged", lambda: len(cable.calls[1].acknowledged()) == 4)
    assert cable.calls[1].acknowledged() == cable.calls[1].delivered()
    assert list(dict.fromkeys(take.payloads)) == numbered(4)
    assert source.stop(SOON)


def test_a_batch_that_is_not_taken_is_tried_again_in_order_on_a_living_connection(
    broker: Broker, cable: Cable
) -> None:
    take = Taker()
    take.set(failing=True)
    with capture_logs() as logs:
        source = listen(cable, "source-five", "source/five", take, keepalive=1)
        publish(broker, "source/five", *numbered(3))
        call = cable.calls[0]
        asked = [PINGREQ, PINGREQ]
        cable.wait_until(
            "asked twice whether the broker is there",
            lambda: [one.kind for one in call.said if one.kind == PINGREQ][:2] == asked,
        )
        cable.wait_until("answered", lambda: any(one.kind == PINGRESP for one in call.heard))
        take.wait_until("three tries", lambda: len(take.tries) >= 3)
        assert call.acknowledged() == []
        publish(broker, "source/five", *numbered(2, start=3))
        take.set()
        take.wait_for(5)
        cable.wait_until("acknowledged", lambda: len(call.acknowledged()) == 5)
    assert take.payloads == numbered(5)
    assert take.tries[0] == take.tries[1] == take.tries[2]
    assert len(cable.calls) == 1
    assert source.state.retries >= 3
    failures = [line for line in logs if line["event"] == "batch_not_taken"]
    assert len(failures) == 1
    assert failures[0]["failure"].startswith("StoreDown at ")
    assert [line["event"] for line in logs if "at_last" in line["event"]] == ["batch_taken_at_last"]
    assert source.stop(SOON)


def test_a_long_backlog_arrives_whole_and_in_order(broker: Broker) -> None:
    take = Taker()
    source = listen(broker, "source-six", "source/six", take)
    assert source.stop(SOON)
    backlog = numbered(20_000)
    publish(broker, "source/six", *backlog)
    back = listen(broker, "source-six", "source/six", take)
    take.wait_for(20_000)
    assert back.stop(SOON)
    assert take.payloads == backlog


def test_a_broker_that_restarts_is_found_again(broker: Broker) -> None:
    take = Taker()
    source = listen(broker, "source-seven", "source/seven", take)
    publish(broker, "source/seven", *numbered(1))
    take.wait_for(1)
    broker.restart()
    publish(broker, "source/seven", *numbered(2, start=1))
    take.wait_for(3)
    assert take.payloads == numbered(3)
    assert source.stop(SOON)


def test_a_broker_that_is_not_there_yet_is_waited_for(broker: Broker) -> None:
    broker.stop()
    take = Taker()
    source = Source(settings_for(broker, "source-eight"), ["source/eight"], lambda: NOON, take)
    source.start()
    broker.start()
    assert source.wait_connected(SOON)
    publish(broker, "source/eight", b"1")
    take.wait_for(1)
    assert source.stop(SOON)


def test_what_was_heard_is_kept_where_the_broker_has_lost_the_session(broker: Broker) -> None:
    take = Taker()
    take.set(held=True)
    source = listen(broker, "source-nine", "source/nine", take, session_expiry_seconds=0)
    publish(broker, "source/nine", *numbered(1))
    take.wait_until("a first try", lambda: bool(take.tries))
    publish(broker, "source/nine", *numbered(2, start=1))
    wait_for_received(source, take, 3)
    broker.restart()
    publish(broker, "source/nine-other", b"the broker is back")
    take.set()
    take.wait_for(3)
    assert take.payloads == numbered(3)
    assert source.stop(SOON)


def wait_for_received(source: Source, take: Taker, count: int) -> None:
    """Wait until the source has heard so many; nobody rings for that, so it is asked often."""
    with take.changed:
        while source.state.received < count:
            take.changed.wait(0.01)


def test_a_stopped_source_has_acknowledged_what_it_took_and_said_goodbye(
    broker: Broker, cable: Cable
) -> None:
    take = Taker()
    source = listen(cable, "source-ten", "source/ten", take)
    publish(broker, "source/ten", *numbered(5))
    take.wait_for(5)
    assert source.stop(SOON)
    call = cable.calls[0]
    cable.wait_until("a goodbye", lambda: call.said[-1].kind == DISCONNECT)
    assert call.acknowledged() == call.delivered()


def test_a_source_that_cannot_take_ends_in_time_and_leaves_the_messages(broker: Broker) -> None:
    take = Taker()
    take.set(failing=True)
    source = listen(broker, "source-eleven", "source/eleven", take)
    publish(broker, "source/eleven", *numbered(3))
    take.wait_until("a first try", lambda: bool(take.tries))
    assert source.stop(SOON)
    take.set()
    back = listen(broker, "source-eleven", "source/eleven", take)
    take.wait_for(3)
    assert take.payloads == numbered(3)
    assert back.stop(SOON)


CHILD = """
import sys
from datetime import UTC, datetime
from threading import Event
from meterwatch.daemon.mqtt import BrokerSettings, Source

def take(messages):
    print(len(messages), file=sys.stderr)
    Event().wait()

source = Source(
    BrokerSettings(sys.argv[1], int(sys.argv[2]), "source-twelve"), ["source/twelve"],
    lambda: datetime(2026, 3, 1, tzinfo=UTC), take,
)
source.start()
source.wait_connected(30)
print("connected", file=sys.stderr)
Event().wait()
"""


def test_what_a_killed_process_had_not_taken_comes_again(broker: Broker) -> None:
    command = [sys.executable, "-c", CHILD, broker.host, str(broker.port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        assert child.stderr.readline() == "connected\n"
        publish(broker, "source/twelve", *numbered(3))
        assert child.stderr.readline()
        child.send_signal(signal.SIGKILL)
    take = Taker()
    source = listen(broker, "source-twelve", "source/twelve", take)
    take.wait_for(3)
    assert take.payloads == numbered(3)
    assert source.stop(SOON)


def test_a_retained_message_says_so_and_comes_once_however_often_one_reconnects(
    broker: Broker, cable: Cable
) -> None:
    publish(broker, "source/thirteen", b"old", retain=True)
    take = Taker()
    source = listen(cable, "source-thirteen", "source/thirteen", take)
    cable.wait_until("acknowledged", lambda: len(cable.calls[0].acknowledged()) == 1)
    cable.cut()
    cable.wait_until("a second connection", lambda: len(cable.calls) == 2)
    publish(broker, "source/thirteen", b"live", retain=True)
    take.wait_for(2)
    told = [(message.payload, message.retained) for message in take.taken]
    assert told == [(b"old", True), (b"live", False)]
    assert source.stop(SOON)


def test_the_prefix_of_topics_stays_on_the_wire(broker: Broker) -> None:
    take = Taker()
    source = listen(broker, "source-fourteen", "fourteen/#", take, topic_prefix="site1/")
    publish(broker, "site1/fourteen/a", b"1")
    take.wait_for(1)
    assert take.taken[0].topic == "fourteen/a"
    assert source.stop(SOON)


def test_of_a_payload_that_is_too_large_only_enough_is_kept_to_see_it(broker: Broker) -> None:
    take = Taker()
    source = listen(broker, "source-fifteen", "source/fifteen", take)
    publish(broker, "source/fifteen", bytes(1_048_576), b"the next one")
    take.wait_for(2)
    assert [len(payload) for payload in take.payloads] == [MAX_PAYLOAD_BYTES + 1, 12]
    assert source.stop(SOON)


def test_a_source_without_topics_is_refused() -> None:
    settings = BrokerSettings("127.0.0.1", 1883, "nobody")
    with pytest.raises(ValueError, match="at least one topic"):
        Source(settings, [], lambda: NOON, Taker())


def test_a_clock_that_fails_loses_no_message(broker: Broker) -> None:
    take, failed = Taker(), Event()

    def hear() -> object:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("no time")
        return NOON

    settings = settings_for(broker, "source-sixteen")
    source = Source(settings, ["source/sixteen"], hear, take)  # type: ignore[arg-type]
    source.start()
    assert source.wait_connected(SOON)
    publish(broker, "source/sixteen", b"1")
    take.wait_for(1)
    assert failed.is_set()
    assert take.payloads == [b"1"]
    assert source.stop(SOON)


def test_a_password_is_not_in_the_text_of_the_settings() -> None:
    assert "geheim" not in repr(BrokerSettings("h", 1, "c", password="geheim"))


def test_a_source_that_was_never_started_can_be_stopped(free_port: Callable[[], int]) -> None:
    settings = BrokerSettings("127.0.0.1", free_port(), "never")
    assert Source(settings, ["a"], lambda: NOON, Taker()).stop(SOON)

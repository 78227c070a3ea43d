"""The intake takes in what is good, whatever stands beside it."""

from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, exc, text
from structlog.testing import capture_logs

from meterwatch.daemon.intake import Intake, by_halves, is_about_content
from meterwatch.domain.fact import ButtonPress, Fact, Reading, Refusal
from meterwatch.gateways import FieldMap, Message, by_name
from meterwatch.store.house import RefusedPayload
from tests.daemon.taking import NOON

DOWN = exc.OperationalError("INSERT", {}, Exception("no such host"))
BAD_DATA = exc.DataError("INSERT", {}, Exception("out of range"))


class Kept:
    """Keeps facts and refusals; raises what the test says for facts of certain devices."""

    def __init__(self, trouble: dict[str, Exception] | None = None) -> None:
        self.trouble = trouble or {}
        self.facts: list[Fact] = []
        self.refused: list[RefusedPayload] = []
        self.tries = 0
        self.intake = Intake(self.take_facts, self.refuse, dict[str, FieldMap])

    def take_facts(self, facts: Sequence[Fact]) -> None:
        self.tries += 1
        for fact in facts:
            if fact.device in self.trouble:
                raise self.trouble[fact.device]
        self.facts += facts

    def refuse(self, payloads: Sequence[RefusedPayload]) -> None:
        for payload in payloads:
            if payload.topic in self.trouble:
                raise self.trouble[payload.topic]
        self.refused += payloads

    @property
    def devices(self) -> list[str]:
        return [fact.device for fact in self.facts]

    @property
    def reasons(self) -> list[Refusal]:
        return [one.refused.reason for one in self.refused]


def message(*devices: str, litres: float = 5.0) -> Message:
    """One native message with a reading of each device."""
    facts = [Reading(device, NOON, NOON, litres) for device in devices]
    (encoded,) = by_name("native").encode(facts)
    return Message(encoded.topic, encoded.payload, NOON)


def test_a_batch_becomes_facts_in_the_order_of_its_messages() -> None:
    kept = Kept()
    kept.intake.take([message("m-1", "m-2"), message("m-3")])
    assert kept.devices == ["m-1", "m-2", "m-3"]
    assert kept.tries == 1
    assert kept.refused == []


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"null", bytes(300_000), b'{"a":NaN}'])
def test_a_broken_payload_is_kept_aside_and_the_next_good_one_taken(payload: bytes) -> None:
    kept = Kept()
    good = message("m-1")
    kept.intake.take([Message(good.topic, payload, NOON), good])
    assert kept.devices == ["m-1"]
    (refused,) = kept.refused
    assert (refused.gateway, refused.topic) == ("native", good.topic)
    assert refused.payload == payload
    assert refused.received_at == NOON


def test_a_topic_of_nobody_is_kept_aside_without_a_gateway() -> None:
    kept = Kept()
    kept.intake.take([Message("nobody/home", b"{}", NOON), message("m-1")])
    assert kept.devices == ["m-1"]
    assert [(one.gateway, one.refused.reason) for one in kept.refused] == [("", Refusal.TOPIC)]


def test_a_decoder_that_fails_costs_its_own_message_only() -> None:
    kept = Kept()

    class Bad(dict[str, FieldMap]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            if key == "m-bad":
                raise RuntimeError("小梅 13800000000")
            return default

        def __contains__(self, key: object) -> bool:
            return bool(self.get(str(key)))

    intake = Intake(kept.take_facts, kept.refuse, Bad)
    with capture_logs() as logs:
        intake.take([chirpstack("m-bad"), message("m-1")])
    assert kept.devices == ["m-1"]
    assert kept.reasons == [Refusal.CONTENT]
    assert "RuntimeError" in kept.refused[0].refused.detail
    assert "小梅" not in repr(logs) + kept.refused[0].refused.detail


def chirpstack(device: str) -> Message:
    """A message whose decoder looks into the device's settings."""
    (encoded,) = by_name("chirpstack").encode([Reading(device, NOON, NOON, 5.0)])
    return Message(encoded.topic, encoded.payload, NOON)


@pytest.mark.parametrize(
    "error",
    [
        BAD_DATA,
        exc.IntegrityError("INSERT", {}, Exception("not null")),
        exc.StatementError("bind", "INSERT", {}, ValueError("naive")),
        ValueError("the data jumps"),
        OverflowError("int too large"),
        psycopg.DataError("NUL"),
    ],
)
def test_a_fact_that_the_store_will_not_have_stands_alone_in_the_end(error: Exception) -> None:
    kept = Kept({"m-7": error})
    kept.intake.take([message(f"m-{number}") for number in range(20)])
    assert kept.devices == [f"m-{number}" for number in range(20) if number != 7]
    assert kept.reasons == [Refusal.CONTENT]
    assert type(error).__name__ in kept.refused[0].refused.detail
    assert kept.tries < 20


@pytest.mark.parametrize(
    "error",
    [
        DOWN,
        exc.InterfaceError("INSERT", {}, Exception("closed")),
        exc.TimeoutError("pool"),
        ConnectionError("gone"),
    ],
)
def test_a_store_that_is_not_there_is_raised_and_nothing_is_refused(error: Exception) -> None:
    kept = Kept({"m-7": error})
    with pytest.raises(type(error)):
        kept.intake.take([message(f"m-{number}") for number in range(20)])
    assert kept.refused == []
    assert kept.tries == 1
    kept.trouble.clear()
    kept.intake.take([message(f"m-{number}") for number in range(20)])
    assert kept.devices == [f"m-{number}" for number in range(20)]


def test_a_store_that_goes_while_a_batch_is_halved_is_raised_too() -> None:
    kept = Kept({"m-2": BAD_DATA, "m-3": DOWN})
    with pytest.raises(exc.OperationalError):
        kept.intake.take([message(f"m-{number}") for number in range(5)])
    assert kept.refused == []


def test_nothing_is_counted_twice_when_refusals_cannot_be_kept_at_first() -> None:
    kept = Kept({"nobody/home": DOWN})
    batch = [Message("nobody/home", b"{}", NOON), message("m-1")]
    with pytest.raises(exc.OperationalError):
        kept.intake.take(batch)
    kept.trouble.clear()
    kept.intake.take(batch)
    assert len(kept.refused) == 1


def test_a_refusal_that_cannot_be_kept_for_its_content_is_logged_and_blocks_nothing() -> None:
    kept = Kept({"nobody/home": BAD_DATA})
    with capture_logs() as logs:
        kept.intake.take([Message(topic, b"{}", NOON) for topic in ("a", "nobody/home", "b")])
    assert [one.topic for one in kept.refused] == ["a", "b"]
    assert [line["event"] for line in logs] == ["refusal_not_kept"]


def test_an_error_of_a_real_driver_is_told_from_a_missing_database() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE r (litres REAL NOT NULL)"))
        with pytest.raises(exc.IntegrityError) as refused:
            connection.execute(text("INSERT INTO r VALUES (NULL)"))
        with pytest.raises(OverflowError) as too_large:
            connection.exec_driver_sql("INSERT INTO r VALUES (?)", (1 << 70,))
        with pytest.raises(exc.OperationalError) as missing:
            connection.execute(text("INSERT INTO nowhere VALUES (1)"))
    engine.dispose()
    assert is_about_content(refused.value)
    assert is_about_content(too_large.value)
    assert not is_about_content(missing.value)


@given(st.lists(st.tuples(st.integers(), st.booleans()), max_size=40))
def test_by_halves_every_item_is_either_done_in_order_or_named(
    items: list[tuple[int, bool]],
) -> None:
    done: list[tuple[int, bool]] = []

    def act(part: Sequence[tuple[int, bool]]) -> None:
        if any(bad for _, bad in part):
            raise ValueError(part)
        done.extend(part)

    failed = by_halves(items, act)
    assert done == [item for item in items if not item[1]]
    assert [item for item, _ in failed] == [item for item in items if item[1]]


def test_presses_and_readings_keep_their_order_in_one_batch() -> None:
    press = ButtonPress("b-1", NOON, NOON, "17")
    later = Reading("m-1", NOON + timedelta(minutes=1), NOON, 5.0)
    (pressed,) = by_name("native").encode([press])
    kept = Kept()
    kept.intake.take(
        [
            Message(pressed.topic, pressed.payload, NOON),
            *by_name("native").encode([later]),
        ]
    )
    assert [type(fact) for fact in kept.facts] == [ButtonPress, Reading]

"""Payloads that others have published, read from beside the repository."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from meterwatch import gateways
from meterwatch.domain.fact import ButtonPress, Fact, Reading, Refusal
from meterwatch.gateways import Decoded, FieldMap, FieldMaps, Message

RECEIVED = datetime(2026, 3, 1, 8, 0, 5, tzinfo=UTC)
PANIC_WORDS = {"emergency", "panic", "sos"}
OWN_WORDS = FieldMap(field="action", values=("single", "double", "hold"))

Case = dict[str, Any]


def cases(folder: Path, name: str) -> list[Case]:
    lines = (folder / "payloads" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def buttons(shared_data: Path) -> list[Case]:
    return cases(shared_data, "zigbee_sos_buttons")


@pytest.fixture
def uplinks(shared_data: Path) -> list[Case]:
    found = cases(shared_data, "thingsboard_converters")
    return [case for case in found if case["network"] == "ChirpStack"]


def said(model: str, state: object, maps: FieldMaps) -> tuple[Fact, ...]:
    topic = f"zigbee2mqtt/{model.replace('/', ' ')}"
    decoded = gateways.decode(Message(topic, json.dumps(state).encode(), RECEIVED), maps)
    assert not decoded.refused
    return decoded.facts


def heard(raw: Case, maps: FieldMaps) -> Decoded:
    sent = datetime.fromisoformat(raw["time"])
    topic = f"application/x/device/{raw['deviceInfo']['devEui']}/event/up"
    message = Message(topic, json.dumps(raw).encode(), sent + timedelta(seconds=2))
    return gateways.decode(message, maps)


def test_every_model_with_a_panic_word_presses_without_a_mapping(buttons: list[Case]) -> None:
    states = [(c["model"], s) for c in buttons for s in c["expected"]]
    panics = [(model, state) for model, state in states if state["action"] in PANIC_WORDS]

    assert len(panics) >= 8
    for model, state in panics:
        (fact,) = said(model, state, {})
        assert isinstance(fact, ButtonPress), model


def test_a_model_with_words_of_its_own_presses_once_a_mapping_lists_them(
    buttons: list[Case],
) -> None:
    states = [(c["model"], s) for c in buttons for s in c["expected"]]
    others = [(model, state) for model, state in states if state["action"] not in PANIC_WORDS]

    assert len(others) >= 9
    for model, state in others:
        (unmapped,) = said(model, state, {})
        (mapped,) = said(model, state, {model.replace("/", " "): OWN_WORDS})
        assert not isinstance(unmapped, ButtonPress), model
        assert isinstance(mapped, ButtonPress), model


def test_every_chirpstack_uplink_without_a_codec_is_refused_with_the_mend(
    uplinks: list[Case],
) -> None:
    assert len(uplinks) >= 14
    for case in uplinks:
        decoded = heard(case["raw"], {})
        assert decoded.facts == ()
        (refused,) = decoded.refused
        assert refused.reason is Refusal.NO_REGISTER
        assert "codec" in refused.detail


def test_the_mapped_field_of_a_chirpstack_uplink_is_the_register(uplinks: list[Case]) -> None:
    told = 0
    for case in uplinks:
        raw, device = case["raw"], case["raw"]["deviceInfo"]["devEui"]
        for sample in case["expected"]["telemetry"]:
            for field, value in sample["values"].items():
                decoded = heard({**raw, "object": sample["values"]}, {device: FieldMap(field)})
                if isinstance(value, int | float):
                    (fact,) = decoded.facts
                    assert isinstance(fact, Reading)
                    assert fact.litres == pytest.approx(value)
                    assert fact.measured_at == datetime.fromisoformat(raw["time"])
                    told += 1
                else:
                    assert [refused.reason for refused in decoded.refused] == [Refusal.SHAPE]
    assert told >= 10


def test_a_chirpstack_object_without_a_mapping_is_never_guessed_at(uplinks: list[Case]) -> None:
    for case in uplinks:
        for sample in case["expected"]["telemetry"]:
            decoded = heard({**case["raw"], "object": sample["values"]}, {})
            assert [refused.reason for refused in decoded.refused] == [Refusal.NO_REGISTER]

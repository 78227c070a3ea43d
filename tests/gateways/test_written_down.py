"""What the documentation shows is what the gateways do."""

import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from meterwatch import gateways
from meterwatch.domain.fact import Refused
from meterwatch.gateways import Message
from meterwatch.gateways.chirpstack import TOTALS
from meterwatch.gateways.native import MAX_BATCH
from tests.gateways.vectors_on_disk import RECEIVED

DOCS = Path(__file__).resolve().parents[2] / "docs"
NATIVE = (DOCS / "reference" / "native-json.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "reference" / "gateways.md").read_text(encoding="utf-8")
RECIPE = (DOCS / "how-to" / "add-a-gateway.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"Topic `([^`]+)`\n\n```json\n(.*?)\n```", NATIVE, flags=re.DOTALL)


@pytest.mark.parametrize(("topic", "payload"), EXAMPLES)
def test_every_example_of_the_native_json_is_taken_in(topic: str, payload: str) -> None:
    decoded = gateways.decode(Message(topic, payload.encode(), RECEIVED), {})

    assert decoded.facts
    assert not decoded.refused


def test_the_native_json_shows_a_reading_a_batch_a_press_and_a_status() -> None:
    sorts = [topic.split("/")[2] for topic, _ in EXAMPLES]

    assert sorts == ["readings", "readings", "presses", "status"]
    assert f"{MAX_BATCH:,} readings" in NATIVE


@pytest.mark.parametrize("gateway", gateways.known(), ids=lambda gateway: gateway.name)
def test_every_gateway_has_its_row_in_the_reference(gateway: gateways.Gateway) -> None:
    row = next(line for line in REFERENCE.splitlines() if line.startswith(f"| `{gateway.name}` |"))

    assert f"`{gateway.topics[0]}`" in row


def test_the_reference_names_the_totals_that_need_no_mapping() -> None:
    for total in TOTALS:
        assert f"`{total.field}`" in REFERENCE


def test_the_recipe_works_as_it_is_written() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", RECIPE, flags=re.DOTALL)
    (text,) = re.findall(r"```toml\n(.*?)```", RECIPE, flags=re.DOTALL)
    acme = ModuleType("acme")
    exec(compile(code, "add-a-gateway.md", "exec"), acme.__dict__)  # noqa: S102  # our own page
    good, bad = tomllib.loads(text)["vector"]

    (fact,) = acme.GATEWAY.decode(Message(good["topic"], good["payload"].encode(), RECEIVED), {})

    assert (fact.device, fact.litres) == (good["facts"][0]["device"], good["facts"][0]["litres"])
    assert acme.GATEWAY.decode(acme.GATEWAY.encode([fact])[0], {}) == (fact,)
    with pytest.raises(Refused) as refused:
        acme.GATEWAY.decode(Message(bad["topic"], bad["payload"].encode(), RECEIVED), {})
    assert [refused.value.reason] == bad["refused"]

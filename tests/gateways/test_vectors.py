import pytest

from meterwatch import gateways
from tests.gateways.vectors_on_disk import Vector, names, source, vectors

VECTORS = vectors()
NAMES = sorted({gateway.name for gateway in gateways.known()} | names())


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_a_vector_is_read_as_its_file_says(vector: Vector) -> None:
    decoded = gateways.decode(vector.message, vector.maps)

    reasons = tuple(refused.reason for refused in decoded.refused)
    assert (decoded.facts, reasons) == (vector.facts, vector.refused)


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_a_vector_reaches_the_gateway_it_is_filed_under(vector: Vector) -> None:
    gateway = gateways.route(vector.message.topic)

    assert gateway is not None
    assert gateway.name == vector.gateway


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.refused], ids=str)
def test_a_refusal_says_in_a_sentence_what_is_wrong(vector: Vector) -> None:
    for refused in gateways.decode(vector.message, vector.maps).refused:
        assert len(refused.detail.split()) >= 4
        assert refused.detail.endswith(".")
        assert len(refused.detail) <= 400


@pytest.mark.parametrize("name", NAMES)
def test_every_gateway_has_vectors_and_all_vectors_have_a_gateway(name: str) -> None:
    assert gateways.by_name(name).name == name
    assert name in names()


@pytest.mark.parametrize("name", NAMES)
def test_vectors_name_their_source_and_show_both_good_and_bad(name: str) -> None:
    mine = [vector for vector in VECTORS if vector.gateway == name]

    assert source(name).strip()
    assert any(vector.facts for vector in mine)
    assert any(vector.refused and not vector.facts for vector in mine)
    assert len({vector.says for vector in mine}) == len(mine)

import math

import pytest

from meterwatch.gateways import FieldMap


@pytest.mark.parametrize(
    ("unit", "factor", "shown", "litres"),
    [
        ("L", 1.0, 12.5, 12.5),
        ("m3", 1.0, 1.001, 1001.0),
        ("m3", 1.0, 999_999.99, 999_999_990.0),
        ("L", 10.0, 4821, 48_210.0),
        ("m3", 0.1, 0.3, 30.0),
    ],
)
def test_a_field_mapping_turns_what_is_shown_into_litres(
    unit: str, factor: float, shown: float, litres: float
) -> None:
    assert FieldMap("x", unit, factor).litres(shown) == litres


@pytest.mark.parametrize(
    ("field", "unit", "factor", "mend"),
    [
        ("", "L", 1.0, "names no field"),
        ("x", "gal", 1.0, "write L or m3"),
        ("x", "M3", 1.0, "write L or m3"),
        ("x", "L", 0.0, "greater than zero"),
        ("x", "L", -1.0, "greater than zero"),
        ("x", "L", math.nan, "greater than zero"),
        ("x", "L", math.inf, "greater than zero"),
    ],
)
def test_a_field_mapping_that_makes_no_sense_says_what_to_write(
    field: str, unit: str, factor: float, mend: str
) -> None:
    with pytest.raises(ValueError, match=mend):
        FieldMap(field, unit, factor)

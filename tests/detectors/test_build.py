import pytest

from meterwatch.detectors import DETECTORS, FlatFlow, LowUse, NoUse, OddHours, build


def test_without_any_table_every_detector_has_its_defaults() -> None:
    assert build({}) == (NoUse(), LowUse(), FlatFlow())


def test_odd_hours_are_watched_only_where_somebody_asks_for_it() -> None:
    asked = build({"odd_hours": {"enabled": True, "nights": 4}})
    assert asked[-1] == OddHours(nights=4.0)
    assert len(build({"odd_hours": {"nights": 4}})) == 3


def test_a_table_changes_only_what_it_names() -> None:
    assert build({"no_use": {"use_litres": 5}})[0] == NoUse(use_litres=5.0)


def test_a_detector_is_left_out_where_it_is_not_enabled() -> None:
    off = {"low_use": {"enabled": False}, "flat_flow": {"enabled": False}}
    assert build({**off, "no_use": {"enabled": True}}) == (NoUse(),)


@pytest.mark.parametrize(
    ("tables", "place", "mend"),
    [
        ({"no_usage": {}}, r"\[detectors\.no_usage\]", "no_use, low_use"),
        ({"no_use": {"litres": 3}}, r"\[detectors\.no_use\] litres", "use_litres"),
        ({"no_use": {"use_litres": "3"}}, r"\[detectors\.no_use\] use_litres", "a number"),
        ({"no_use": {"use_litres": True}}, r"\[detectors\.no_use\] use_litres", "a number"),
        ({"no_use": {"use_litres": 10**400}}, r"\[detectors\.no_use\] use_litres", "too large"),
        ({"no_use": {"use_litres": -1}}, r"\[detectors\.no_use\] use_litres", "positive"),
        ({"flat_flow": {"enabled": 1}}, r"\[detectors\.flat_flow\] enabled", "true or false"),
        ({"no_use": {"min_limit_hours": 60}}, r"\[detectors\.no_use\]", "ascending"),
    ],
)
def test_a_table_that_is_not_understood_is_refused_with_its_place_and_mend(
    tables: dict[str, dict[str, object]], place: str, mend: str
) -> None:
    with pytest.raises(ValueError, match=place) as refused:
        build(tables)
    assert mend in str(refused.value)


def test_the_list_of_detectors_cannot_be_changed_from_outside() -> None:
    with pytest.raises(TypeError):
        DETECTORS["another"] = NoUse  # type: ignore[index]

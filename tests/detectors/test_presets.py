"""The deployed rules: what each one asks, that it obeys the laws, and how it is named."""

import dataclasses
import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from meterwatch.detectors import LowUse, NoUse, build, presets_of
from meterwatch.detectors.deployed import HighTotal, LowTotal, NeverStill
from meterwatch.detectors.presets import PRESETS, Rule
from meterwatch.domain.signal import worries
from meterwatch.domain.usage import UsageProfile, UsageWindow
from tests.detectors.days import MONDAY, verdict, window
from tests.detectors.naive import Home, homes_of
from tests.detectors.test_laws import LOCAL, assert_same_bits, columns, profile_rows, rows_of
from tests.detectors.towns import profile_of, town

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "detectors.md"
NAN = math.nan


@pytest.fixture(params=list(PRESETS))
def rule(request: pytest.FixtureRequest) -> Rule:
    return PRESETS[request.param].rule


def fires(rule: Rule, home: Home) -> bool | None:
    """Say the rules a second time, plainly; None where the home is unknown."""
    newest = home.slots[-1]
    if newest is None or not newest.known:
        return None
    begins = newest.end - rule.hours * 3600
    low = isinstance(rule, LowTotal)
    begins = max(begins, home.counts_from) if low else begins
    litres, covered, drawn, looked = 0.0, 0.0, 0, 0
    for slot in home.slots:
        if slot is None or slot.hours <= 0:
            continue
        inside = min(max((slot.end - begins) / 3600, 0.0), slot.hours)
        looked += inside > 0.125
        if slot.known:
            litres, covered = litres + slot.litres * inside / slot.hours, covered + inside
            least = rule.least_litres if isinstance(rule, NeverStill) else 0.0
            drawn += inside > 0.125 and slot.litres >= least
    if isinstance(rule, HighTotal):
        return litres >= rule.above_litres
    if covered < rule.hours - 0.25:
        return None
    return litres < rule.below_litres - 1e-6 if isinstance(rule, LowTotal) else drawn == looked


@pytest.mark.parametrize("seed", range(6))
def test_a_deployed_rule_agrees_with_its_naive_twin(rule: Rule, seed: int) -> None:
    usage = town(seed)
    profile = profile_of(usage, seed)
    found = rule.detect(usage, profile, LOCAL)
    for row, home in enumerate(homes_of(usage, profile, LOCAL)):
        plain = fires(rule, home)
        assert found.known[row] == (plain is not None), f"home {row}"
        assert found.fired[row] == bool(plain), f"home {row}"


def test_a_deployed_rule_judges_each_home_alone_and_leaves_its_inputs_alone(rule: Rule) -> None:
    usage = town(99)
    profile = profile_of(usage, 99)
    before = usage.litres.tobytes()
    together = columns(rule.detect(usage, profile, LOCAL))
    assert usage.litres.tobytes() == before
    for start in range(0, len(usage.homes), 7):
        part = list(range(start, min(start + 7, len(usage.homes))))
        alone = columns(rule.detect(rows_of(usage, part), profile_rows(profile, part), LOCAL))
        assert_same_bits(alone, {name: values[part] for name, values in together.items()})


def test_what_a_deployed_rule_does_not_know_never_fires(rule: Rule) -> None:
    nothing = np.full((2, 5), np.nan)
    empty = UsageWindow((1, 2), nothing, nothing, nothing, np.full(2, -np.inf), np.ones(2))
    for usage in (empty, dataclasses.replace(town(2), litres=_blind(town(2)))):
        found = rule.detect(usage, profile_of(usage, 2), LOCAL)
        assert not found.known.any()
        assert not found.fired.any()
        assert not found.score.any()


def _blind(usage: UsageWindow) -> np.ndarray:
    litres = usage.litres.copy()
    litres[:, -1] = np.nan
    return litres


def test_what_a_deployed_rule_fires_at_is_over_its_line(rule: Rule) -> None:
    for seed in range(8):
        usage = town(seed)
        found = rule.detect(usage, profile_of(usage, seed), LOCAL)
        assert (found.score[found.fired] >= 1.0).all()
        assert (found.score[found.known & ~found.fired] < 1.0).all()
        assert np.isfinite(found.since[found.fired]).all()
        assert list(worries(rule.name, found))
    assert pickle.loads(pickle.dumps(rule)) == rule  # noqa: S301  # our own bytes


def test_fewer_than_ten_litres_in_twelve_hours() -> None:
    rule = LowTotal(12.0, 10.0)
    assert verdict(rule, window([30.0] + [0.0] * 10 + [9.0, 0.0]))["fired"]
    assert not verdict(rule, window([30.0] + [0.0] * 10 + [10.0, 0.0]))["fired"]
    assert not verdict(rule, window([0.0] * 11))["known"]
    assert verdict(rule, window([0.0] * 5 + [NAN] + [0.0] * 20))["fired"]
    assert not verdict(rule, window([0.0] * 20 + [NAN] + [0.0] * 5))["known"]


def test_the_hours_of_a_low_total_begin_anew_after_an_absence() -> None:
    usage = window([0.0] * 30, counts_from=MONDAY + 20 * 3600)
    assert not verdict(LowTotal(12.0, 10.0), usage)["known"]
    assert verdict(LowTotal(8.0, 1.0), usage)["fired"]


def test_a_low_total_says_when_water_was_last_drawn() -> None:
    found = verdict(LowTotal(8.0, 1.0), window([5.0, *[0.0] * 9]))
    assert found["last_use_at"] == MONDAY + 3600
    assert found["silence_hours"] == 9.0


def test_water_in_every_interval_of_a_day_is_a_leak_and_one_pause_is_none() -> None:
    rule = NeverStill(24.0, 1.0)
    assert verdict(rule, window([2.0] * 24))["fired"]
    assert not verdict(rule, window([2.0] * 12 + [0.0] + [2.0] * 11))["fired"]
    halves = [1.0] * 48
    assert verdict(rule, window(halves, [0.5] * 48))["fired"]


def test_more_than_so_much_in_a_day_is_seen_though_some_of_it_is_unknown() -> None:
    rule = HighTotal(24.0, 1_000.0)
    assert verdict(rule, window([50.0] * 24))["fired"]
    assert verdict(rule, window([NAN] * 4 + [50.0] * 20))["fired"]
    assert not verdict(rule, window([40.0] * 24))["fired"]


def test_a_preset_stands_in_the_place_of_its_detector() -> None:
    made = build({"no_use": {"preset": "shanghai-12h"}, "flat_flow": {"preset": "longgang-leak"}})
    assert made == (LowTotal(12.0, 10.0), LowUse(), NeverStill(24.0, 1.0))
    assert [each.name for each in made] == ["no_use", "low_use", "flat_flow"]
    assert build({"no_use": {"preset": ""}})[0] == NoUse()


def test_the_presets_of_a_configuration_are_named_with_their_sources() -> None:
    found = presets_of({"no_use": {"preset": "24h"}, "flat_flow": {"slow_hours": 80}})
    assert list(found) == ["no_use"]
    name, preset = found["no_use"]
    assert name == "24h"
    assert "Segye Ilbo" in preset.source


@pytest.mark.parametrize(
    ("table", "mend"),
    [
        ({"preset": "tomorrow"}, "there are 24h, sakaki-8h"),
        ({"preset": "longgang-leak"}, "there are 24h"),
        ({"preset": 24}, "there are 24h"),
        ({"preset": "24h", "max_limit_hours": 30}, "max_limit_hours: a preset stands alone"),
    ],
)
def test_a_preset_that_cannot_be_meant_is_refused(table: dict[str, object], mend: str) -> None:
    with pytest.raises(ValueError, match=r"\[detectors\.no_use\]") as refused:
        build({"no_use": table})
    assert mend in str(refused.value)
    with pytest.raises(ValueError, match="this detector has none"):
        build({"low_use": {"preset": "24h"}})


@pytest.mark.parametrize("made", [LowTotal, HighTotal, NeverStill])
@pytest.mark.parametrize("value", [0.0, -1.0, NAN, math.inf])
def test_a_parameter_that_cannot_be_meant_is_refused(
    made: type[LowTotal | HighTotal | NeverStill], value: float
) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        made(24.0, value)


def test_the_reference_names_every_preset_with_its_source() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, preset in PRESETS.items():
        assert f"| `{name}` |" in text
        assert preset.where in text
        assert preset.source in text


def test_profiles_play_no_part() -> None:
    usage = town(5)
    learnt, unlearnt = profile_of(usage, 5), UsageProfile.unlearnt(usage.homes)
    for preset in PRESETS.values():
        one, other = (preset.rule.detect(usage, each, LOCAL) for each in (learnt, unlearnt))
        assert_same_bits(columns(one), columns(other))

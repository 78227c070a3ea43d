"""The laws of detectors, checked over every one of them without exemption."""

import dataclasses
import pickle
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.detectors import DETECTORS, Detector, build
from meterwatch.domain.usage import Findings, Floats, LocalTime, UsageProfile, UsageWindow
from tests.detectors.towns import profile_of, town
from tests.detectors.twins import TWINS, judge

SEEDS = range(12)
LOCAL = LocalTime.of(ZoneInfo("Europe/Madrid"))


@pytest.fixture(params=list(DETECTORS))
def detector(request: pytest.FixtureRequest) -> Detector:
    return made(request.param)


def made(name: str) -> Detector:
    (alone,) = build({other: {"enabled": other == name} for other in DETECTORS})
    return alone


def rows_of(usage: UsageWindow, rows: list[int]) -> UsageWindow:
    return UsageWindow(
        tuple(usage.homes[row] for row in rows),
        usage.ends_at[rows],
        usage.hours[rows],
        usage.litres[rows],
        usage.counts_from[rows],
        usage.resolution_litres[rows],
    )


def profile_rows(profile: UsageProfile, rows: list[int]) -> UsageProfile:
    return profile.take(tuple(profile.homes[row] for row in rows), np.array(rows))


def columns(found: Findings) -> dict[str, Floats]:
    named = {
        "fired": found.fired.astype(np.float64),
        "known": found.known.astype(np.float64),
        "score": found.score,
        "since": found.since,
        "limit": found.limit,
    }
    return named | found.figures


def assert_same_bits(one: dict[str, Floats], other: dict[str, Floats]) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert values.tobytes() == other[name].tobytes(), name


def test_every_detector_has_a_naive_twin_and_its_own_name() -> None:
    assert set(TWINS) == set(DETECTORS)
    assert all(made(name).name == name for name in DETECTORS)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_household_is_judged_alone_whatever_the_order(detector: Detector, seed: int) -> None:
    usage = town(seed)
    profile = profile_of(usage, seed)
    together = columns(detector.detect(usage, profile, LOCAL))
    order = np.random.default_rng(seed).permutation(len(usage.homes)).tolist()
    shuffled = columns(detector.detect(rows_of(usage, order), profile_rows(profile, order), LOCAL))
    assert_same_bits(shuffled, {name: values[order] for name, values in together.items()})


@pytest.mark.parametrize("size", [1, 3, 17])
def test_a_household_is_judged_alone_however_the_town_is_split(
    detector: Detector, size: int
) -> None:
    usage = town(99)
    profile = profile_of(usage, 99)
    together = columns(detector.detect(usage, profile, LOCAL))
    for start in range(0, len(usage.homes), size):
        part = list(range(start, min(start + size, len(usage.homes))))
        alone = columns(detector.detect(rows_of(usage, part), profile_rows(profile, part), LOCAL))
        assert_same_bits(alone, {name: values[part] for name, values in together.items()})


def test_inputs_are_left_alone(detector: Detector) -> None:
    usage = town(1)
    profile = profile_of(usage, 1)
    arrays = [
        *(usage.ends_at, usage.hours, usage.litres, usage.counts_from, usage.resolution_litres),
        *(getattr(profile, name) for name in profile.shapes()),
    ]
    before = [array.tobytes() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    detector.detect(usage, profile, LOCAL)
    assert [array.tobytes() for array in arrays] == before


@pytest.mark.parametrize("seed", SEEDS)
def test_where_the_newest_interval_is_unknown_nothing_fires(detector: Detector, seed: int) -> None:
    usage = town(seed)
    litres = usage.litres.copy()
    litres[:, -1] = np.nan
    blind = dataclasses.replace(usage, litres=litres)
    found = detector.detect(blind, profile_of(usage, seed), LOCAL)
    assert not found.known.any()
    assert not found.fired.any()
    assert not found.score.any()


def test_a_home_without_any_reading_is_unknown(detector: Detector) -> None:
    nothing = np.full((2, 5), np.nan)
    usage = UsageWindow((1, 2), nothing, nothing, nothing, np.full(2, -np.inf), np.ones(2))
    found = detector.detect(usage, UsageProfile.unlearnt((1, 2)), LOCAL)
    assert not found.known.any()
    assert not found.fired.any()


@pytest.mark.parametrize("seed", SEEDS)
def test_what_fires_is_known_and_over_its_line(detector: Detector, seed: int) -> None:
    usage = town(seed)
    found = detector.detect(usage, profile_of(usage, seed), LOCAL)
    assert found.known[found.fired].all()
    assert (found.score[found.fired] >= 1.0).all()
    assert (found.score[found.known & ~found.fired] < 1.0).all()
    assert np.isfinite(found.since[found.fired]).all()
    assert np.isfinite(found.limit).all()


def test_the_towns_make_every_detector_speak(detector: Detector) -> None:
    towns = [(town(seed), seed) for seed in SEEDS]
    found = [detector.detect(usage, profile_of(usage, seed), LOCAL) for usage, seed in towns]
    fired = sum(int(each.fired.sum()) for each in found)
    quiet = sum(int((each.known & ~each.fired).sum()) for each in found)
    assert fired > 20
    assert quiet > 20


def test_a_detector_survives_pickling(detector: Detector) -> None:
    copy = pickle.loads(pickle.dumps(detector))  # noqa: S301  # our own bytes
    assert copy == detector
    assert copy is not detector
    assert hash(copy) == hash(detector)


def test_a_detector_survives_configuration(detector: Detector) -> None:
    changed = {
        field.name: getattr(detector, field.name) * 1.01
        for field in dataclasses.fields(DETECTORS[detector.name])
    }
    off = {name: {"enabled": False} for name in DETECTORS if name != detector.name}
    (again,) = build({**off, detector.name: {"enabled": True, **changed}})
    assert again != detector
    kept = {"enabled": True, **dataclasses.asdict(again)}  # type: ignore[call-overload]
    (once_more,) = build({**off, detector.name: kept})
    assert once_more == again


@pytest.mark.parametrize("seed", SEEDS)
def test_a_detector_agrees_with_its_naive_twin(detector: Detector, seed: int) -> None:
    usage = town(seed)
    profile = profile_of(usage, seed)
    found = columns(detector.detect(usage, profile, LOCAL))
    for row, verdict in enumerate(judge(detector, usage, profile, LOCAL)):
        plain = {
            "fired": float(verdict.fired),
            "known": float(verdict.known),
            "score": verdict.score,
            "since": verdict.since,
            "limit": verdict.limit,
            **verdict.figures,
        }
        mine = {name: float(values[row]) for name, values in found.items()}
        assert mine == pytest.approx(plain, rel=1e-12, nan_ok=True), f"home {row}"

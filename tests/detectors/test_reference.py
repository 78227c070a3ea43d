"""What the reference says of the detectors is what they do."""

from dataclasses import fields
from pathlib import Path

import pytest

from meterwatch.detectors import DETECTORS
from meterwatch.domain.usage import UsageProfile
from tests.detectors.days import LOCAL, window

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "detectors.md"


def chapter(name: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    assert f"\n## {name}\n" in text
    return text.split(f"\n## {name}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", list(DETECTORS))
def test_the_reference_names_every_setting_with_its_default(name: str) -> None:
    for field in fields(DETECTORS[name]):
        assert f"| `{field.name}` | {field.default} |" in chapter(name), field.name


@pytest.mark.parametrize("name", list(DETECTORS))
def test_the_reference_names_every_figure(name: str) -> None:
    found = DETECTORS[name]().detect(window([5.0, 0.0]), UsageProfile.unlearnt((7,)), LOCAL)
    for figure in found.figures:
        assert f"`{figure}`" in chapter(name), figure

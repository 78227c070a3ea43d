"""What the tests of the whole share."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.village import live_until_evening, settle


@pytest.fixture(scope="session")
def settled_village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settle the village once; tests get copies of its files."""
    folder = tmp_path_factory.mktemp("village")
    settle(folder)
    return folder


@pytest.fixture
def village_folder(settled_village: Path, tmp_path: Path) -> Path:
    """Give the files of a village of this test alone."""
    return Path(shutil.copytree(settled_village, tmp_path / "village"))


@pytest.fixture(scope="session")
def village_at_dusk(settled_village: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let somebody fall in the village, and the day pass; tests get copies of its files."""
    folder = tmp_path_factory.mktemp("evening") / "village"
    shutil.copytree(settled_village, folder)
    live_until_evening(folder)
    return folder


@pytest.fixture
def evening_folder(village_at_dusk: Path, tmp_path: Path) -> Path:
    """Give the files of a village in the evening, of this test alone."""
    return Path(shutil.copytree(village_at_dusk, tmp_path / "evening"))

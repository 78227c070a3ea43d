"""What the tests of the whole share."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.village import settle


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

"""Gives the recorded homes, which lie beside the repository and never in it."""

import os
from pathlib import Path

import pytest

from tests.parts.absent import absent

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of recorded data: $METERWATCH_SHARED_DATA, else ../shared/data."""
    named = os.environ.get("METERWATCH_SHARED_DATA")
    folder = Path(named) if named else BESIDE
    if not folder.is_dir():
        reason = f"{folder} is not a folder; METERWATCH_SHARED_DATA names another"
        absent("recordings", reason, fail=bool(named))
    return folder

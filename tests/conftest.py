"""What every test may ask for: a real broker, database and browser, and the recorded data.

Each part starts when a test first asks for it, listens on loopback only and ends with the run.
A part that is not there leaves its tests out and is named at the end; METERWATCH_TEST_REQUIRE
(all, or names with commas between) turns that into a failure.
"""

from collections.abc import Iterator

import pytest
import structlog

pytest_plugins = [
    "pytester",
    # Each imports only from those above it.
    "tests.parts.absent",
    "tests.parts.ports",
    "tests.parts.recordings",
    "tests.parts.broker",
    "tests.parts.postgres",
    "tests.parts.browser",
    "tests.parts.stores",
]


@pytest.fixture(autouse=True)
def _says_what_it_says_alone() -> Iterator[None]:
    """Undo what a command set for the log, or the next test would hear less."""
    yield
    structlog.reset_defaults()

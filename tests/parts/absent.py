"""Names the real parts that are missing, and decides whether that fails a test or leaves it out."""

import os
from collections import Counter
from typing import NoReturn

import pytest

PREFIX = "missing part "


def required(part: str) -> bool:
    """Tell whether METERWATCH_TEST_REQUIRE asks for this part."""
    asked = os.environ.get("METERWATCH_TEST_REQUIRE", "")
    names = {name.strip() for name in asked.split(",")}
    return part in names or "all" in names


def absent(part: str, reason: str, *, fail: bool | None = None) -> NoReturn:
    """Leave the asking test out, or fail it where the part is required."""
    message = f"{PREFIX}{part}: {reason}"
    if required(part) if fail is None else fail:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each missing part with the number of tests that it cost."""
    missing: Counter[str] = Counter()
    for outcome in ("skipped", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            _, found, message = report.longreprtext.partition(PREFIX)
            if found:
                missing[message.splitlines()[0].rstrip("')")] += 1
    if missing:
        terminalreporter.section("missing parts")
        for message, tests in sorted(missing.items()):
            terminalreporter.write_line(f"{message} ({tests} tests)")

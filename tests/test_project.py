"""The project's own papers agree with one another."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")


def names(requirements: list[str]) -> set[str]:
    """Read the normalised names off requirement lines."""
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in found if match}


DEPENDENCIES = names(PROJECT["project"]["dependencies"])


def pinned(lock: str) -> dict[str, set[str]]:
    """Read name and versions off a lock file; a version may differ by interpreter."""
    versions: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([a-z0-9.-]+)(?:\[\w+\])?==([^ ;]+)", line):
            versions.setdefault(match[1], set()).add(match[2])
    return versions


def test_the_core_may_import_no_dependency_but_numpy() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    core = next(found for found in contracts if found["name"] == "The core does no I/O")
    modules = {
        module
        for module, distributions in packages_distributions().items()
        if DEPENDENCIES & names(distributions) and not module.startswith("_")
    }
    assert modules - {"numpy"} <= set(core["forbidden_modules"])


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_pins_with_hashes_and_holds_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^\S+==.*$", text, flags=re.MULTILINE)
    assert pins
    assert all(pin.endswith("\\") for pin in pins), "a version without hashes"
    assert not re.search(r"://|--index-url|--find-links", text)


def test_every_dependency_is_locked_and_the_tools_stand_on_the_same_versions() -> None:
    runtime, development = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert runtime.keys() >= DEPENDENCIES
    assert all(development[name] == versions for name, versions in runtime.items())

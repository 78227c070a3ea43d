"""The web assets of others are the published ones, listed with their licences."""

import base64
import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "src" / "meterwatch" / "dashboard" / "static" / "vendor"
PACKAGES: list[dict[str, Any]] = tomllib.loads(
    (VENDOR / "vendor.toml").read_text(encoding="utf-8")
)["package"]
FILES: list[dict[str, str]] = [file for package in PACKAGES for file in package["files"]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_a_vendored_file_is_the_one_listed(file: dict[str, str]) -> None:
    digest = hashlib.sha512((VENDOR / file["name"]).read_bytes()).digest()
    assert file["integrity"] == f"sha512-{base64.b64encode(digest).decode()}"


def test_no_file_lies_here_unlisted() -> None:
    lying = {path.name for path in VENDOR.iterdir()}
    assert lying == {file["name"] for file in FILES} | {"vendor.toml"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_a_vendored_package_brings_its_licence(package: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert package["licence"] in project["license"].split(" AND ")
    assert "Permission" in (ROOT / package["licence_file"]).read_text(encoding="utf-8")

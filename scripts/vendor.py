"""Fetches the web assets that vendor.toml lists, checks them and puts them in place.

Run by `make vendor`. With --accept, whatever the named versions hold is taken as right and
written to vendor.toml; without, a package or file that differs from it stops everything.
"""

import argparse
import base64
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "src" / "meterwatch" / "dashboard" / "static" / "vendor"
LISTING = VENDOR / "vendor.toml"
HEAD = """\
# Web assets taken from npm packages; written by scripts/vendor.py.
# To take a newer version: change `version`, run `make vendor ARGS=--accept`, read the difference.
"""


def sri(content: bytes) -> str:
    """Name content by its hash as npm and browsers do."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def pack(name: str, version: str) -> bytes:
    """Fetch a package as npm published it."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{name}@{version}", "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        (packed,) = Path(folder).iterdir()
        return packed.read_bytes()


def read_member(archive: tarfile.TarFile, path: str) -> bytes:
    """Read one file of a package."""
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise KeyError(f"{path} is not a file of the package")
    return member.read()


def refresh(package: dict[str, Any], *, accept: bool) -> None:
    """Fetch one package, check it against its lines and write its files."""
    packed = pack(package["name"], package["version"])
    agree(package, "integrity", sri(packed), package["name"], accept=accept)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        (ROOT / package["licence_file"]).write_bytes(read_member(archive, "LICENSE"))
        for file in package["files"]:
            content = read_member(archive, file["source"])
            agree(file, "integrity", sri(content), file["source"], accept=accept)
            (VENDOR / file["name"]).write_bytes(content)


def agree(line: dict[str, str], key: str, found: str, what: str, *, accept: bool) -> None:
    """Stop if a hash is not the one listed; take it over when told to."""
    if accept:
        line[key] = found
    elif line.get(key) != found:
        sys.exit(f"{what} is {found}, vendor.toml says {line.get(key)}; nothing is trusted.")


def written(packages: list[dict[str, Any]]) -> str:
    """Write the listing as TOML."""
    lines = [HEAD]
    for package in packages:
        lines.append("[[package]]")
        keys = ("name", "version", "integrity", "licence", "licence_file")
        lines += [f'{key} = "{package[key]}"' for key in keys]
        for file in package["files"]:
            lines.append("[[package.files]]")
            lines += [f'{key} = "{file[key]}"' for key in ("name", "source", "integrity")]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Refresh every package of the listing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="take the named versions as right")
    accept = parser.parse_args().accept
    packages = tomllib.loads(LISTING.read_text(encoding="utf-8"))["package"]
    for package in packages:
        refresh(package, accept=accept)
        print(f"{package['name']} {package['version']}")
    LISTING.write_text(written(packages), encoding="utf-8")


if __name__ == "__main__":
    main()

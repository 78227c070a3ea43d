"""What others made that this console carries, with the licence of each."""

import tomllib
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from meterwatch import __version__
from meterwatch.dashboard.desk import ReaderHere

router = APIRouter()
_LIST = Path(__file__).resolve().parents[1] / "static" / "vendor" / "vendor.toml"


@router.get("/about/licences")
def licences(reader: ReaderHere) -> Response:
    """List the assets of others."""
    packages = tomllib.loads(_LIST.read_text(encoding="utf-8"))["package"]
    return reader.page("licences.html", packages=packages, version=__version__)

"""Finds programs on PATH and in the folders that distributions keep off an ordinary user's PATH."""

import os
import shutil
from collections.abc import Iterable

SYSTEM_FOLDERS = ("/usr/local/bin", "/usr/local/sbin", "/usr/sbin", "/opt/homebrew/sbin")


def find_program(*names: str, folders: Iterable[str] = ()) -> str | None:
    """Find the first of the names on PATH, else in the folders given, else in the system's."""
    searched = os.pathsep.join((os.environ.get("PATH", ""), *folders, *SYSTEM_FOLDERS))
    found = (shutil.which(name, path=searched) for name in names)
    return next((path for path in found if path), None)

"""Names a failure for logs and the system page, without a word of what it was about.

The text of a database error quotes the row it failed on: names, numbers, notes. The type and the
line of our code where it came up say enough to find the cause.
"""

import traceback
from pathlib import Path

_HOUSE = str(Path(__file__).parents[1])


def named(error: BaseException) -> str:
    """Name an error by its type and the innermost place of ours (`OperationalError at a.py:7`)."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_HOUSE)] or frames
    if not ours:
        return type(error).__name__
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"

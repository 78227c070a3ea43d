"""What is known of homes in general, read from the file that ships with the package or another."""

import json
from importlib.resources import files
from pathlib import Path

from meterwatch.detectors.prior import Prior

SHIPPED = "prior.json"


def read_prior(path: Path | None = None) -> Prior:
    """Read a prior; without a path the one that ships.

    Raises
    ------
    ValueError
        If the file is no prior; the text names the file and what is wrong.
    """
    place = files("meterwatch.config").joinpath(SHIPPED) if path is None else path
    try:
        table = json.loads(place.read_text(encoding="utf-8"))
        if not isinstance(table, dict):
            raise ValueError("this is no prior: not a table")  # noqa: TRY301, TRY004  # one kind of error
        return Prior.of(table)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path or SHIPPED}: {error}") from None

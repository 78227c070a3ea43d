"""Writes src/meterwatch/config/prior.json: what homes in general do, from recorded homes.

    .venv/bin/python scripts/fit_prior.py READINGS.csv.gz --zone Europe/Madrid --source "..."

Only figures over all homes are kept, and the names of the homes, so that nobody scores them with
what they taught.
"""

import argparse
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from meterwatch.detectors.hours import by_local_hour
from meterwatch.detectors.prior import Prior, fit_prior
from meterwatch.detectors.profile import USE_LITRES
from meterwatch.detectors.silences import Silences, count_days
from meterwatch.domain.usage import LocalTime
from meterwatch.evaluation.homes import enter, window_of
from meterwatch.evaluation.records import Record, read_records

FILE = Path(__file__).resolve().parents[1] / "src" / "meterwatch" / "config" / "prior.json"
SOURCE = (
    "42 homes of Alicante, 2016-2017: DAIAD project, trial A (github.com/DAIAD/data), CC BY-SA 4.0"
)
DIGITS = 4


def silences_of(record: Record, local: LocalTime, use_litres: float) -> Silences:
    """Count the silences of a whole record."""
    usage = window_of(record, record.ends_at[None], record.hours[None], record.litres[None])
    days = np.floor(local.seconds(record.ends_at) / 86_400.0).astype(np.int64)
    first, count = int(days[0]), int(days[-1] - days[0] + 1)
    litres, known = by_local_hour(usage, local, first, count)
    step = np.array([record.resolution_litres])
    return count_days(Silences.empty((0,)), first, litres, known, use_litres, step)


def fitted(records: list[Record], local: LocalTime, source: str) -> Prior:
    """Fit the prior on the homes that can be scored; the others stand empty or know too little."""
    scored = [record for record in records if enter(record, local, USE_LITRES) is not None]
    parts = [silences_of(record, local, USE_LITRES) for record in scored]
    return fit_prior(Silences.joined(parts), tuple(record.home for record in scored), source)


def as_text(prior: Prior) -> str:
    """Write the table, a line a row of figures."""
    table = prior.table()
    hazard = np.round(prior.hazard, DIGITS).tolist()
    rows = ",\n".join("  [" + ",\n   ".join(json.dumps(row) for row in day) + "]" for day in hazard)
    begun = ",\n".join(
        "  " + json.dumps(row) for row in np.round(prior.begun_a_day, DIGITS).tolist()
    )
    return (
        "{\n"
        f'"source": {json.dumps(table["source"])},\n'
        f'"fitted_on": {json.dumps(table["fitted_on"])},\n'
        f'"begun_a_day": [\n{begun}\n],\n'
        f'"hazard": [\n{rows}\n]\n'
        "}\n"
    )


def main() -> None:
    """Fit and write."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", type=Path)
    asked.add_argument("--zone", default="Europe/Madrid")
    asked.add_argument("--source", default=SOURCE)
    asked.add_argument("--out", type=Path, default=FILE)
    given = asked.parse_args()
    local = LocalTime.of(ZoneInfo(given.zone))
    prior = fitted(read_records(given.file), local, given.source)
    given.out.write_text(as_text(prior), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes the table of docs/reference/simulator.md: how far simulated homes are from recorded ones.

    python scripts/simulated_homes.py readings.csv.gz --zone Europe/Madrid

The recorded homes are a file as `meterwatch evaluate` reads it; those that would enter there are
taken. The simulated ones are as many, for a year, once with ordinary lives and once without.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from meterwatch import gateways
from meterwatch.detectors.arrays import base_flow, known, used
from meterwatch.domain.fact import Reading
from meterwatch.domain.usage import Bools, Floats, LocalTime, UsageWindow
from meterwatch.evaluation.records import Record, as_record, read_records
from meterwatch.simulators.district import invent
from meterwatch.simulators.fleet import Fleet
from meterwatch.simulators.lives import ordinary

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "simulator.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->"
USE_LITRES = 3.0
SINCE = datetime(2025, 1, 6, tzinfo=UTC)
YEAR = timedelta(days=365)
SEED = 11
LEAST_READINGS, LONGEST_COVERED, LEAST_COVERED, MOST_UNUSED = 2_500, 6.0, 0.6, 0.3
GAP_HOURS = 1.6
WHOLE_DAY, NIGHT_ENDS = 22.0, 5.0  # hours
STARTS = {"6 to 9": (6, 10), "10 to 16": (10, 17), "17 to 20": (17, 21), "21 to 24": (21, 24)}
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one home is like; the metadata says it in words."""

    litres_a_day: float
    uses_a_day: float
    night_share: float
    unused_days: float
    silences_24: float
    silences_48: float
    longest: float
    longest_28: float
    morning: float
    midday: float
    evening: float
    late: float
    alike_day: float
    alike_week: float
    swing: float
    standing: float
    gaps: float


WORDS = {
    "litres_a_day": "litres a day",
    "uses_a_day": "hours with use, a day",
    "night_share": "of these between 0 and 5 o'clock, %",
    "unused_days": "days without any use, %",
    "silences_24": "silences of 24 h and more, a year",
    "silences_48": "silences of 48 h and more, a year",
    "longest": "longest silence of the record, h",
    "longest_28": "longest silence of 28 days (median of the windows), h",
    "morning": "silences begun 6 to 9 o'clock: 90 % are shorter than, h",
    "midday": "begun 10 to 16",
    "evening": "begun 17 to 20",
    "late": "begun 21 to 24",
    "alike_day": "hours used today that were used yesterday as well (Jaccard), %",
    "alike_week": "the same, a week ago, %",
    "swing": "standard deviation of a day's litres, % of the mean",
    "standing": "time with a standing flow, %",
    "gaps": "time in gaps of more than 1.6 h, %",
}


def figures(record: Record, local: LocalTime) -> Figures | None:
    """Measure one home; None where it would not enter an evaluation."""
    usage = UsageWindow(
        (0,),
        record.ends_at[None],
        record.hours[None],
        record.litres[None],
        np.full(1, -np.inf),
        np.full(1, record.resolution_litres),
    )
    base = base_flow(usage)
    in_use, seen = used(usage, base, USE_LITRES)[0], known(usage)[0]
    hours, ends = record.hours, record.ends_at
    middle = local.seconds(ends - hours * 1_800.0)
    day, hour = np.floor(middle / _DAY).astype(np.int64), (middle % _DAY) / 3_600.0
    covered = hours <= LONGEST_COVERED
    days, unused = np.unique(day), 1.0 - len(np.unique(day[in_use])) / len(np.unique(day))
    if record.readings < LEAST_READINGS or unused > MOST_UNUSED:
        return None
    if hours[covered].sum() / hours.sum() < LEAST_COVERED:
        return None
    years = float(hours[covered].sum()) / (365.25 * 24)
    lengths, starts, begun_at = _silences(ends, hours, in_use, seen, middle)
    litres = np.bincount(day - days[0], np.where(seen, record.litres, 0.0))
    known_hours = np.bincount(day - days[0], np.where(seen, hours, 0.0))
    whole = known_hours >= WHOLE_DAY
    used_hours = _used_hours(day - days[0], hour, in_use, len(litres))
    return Figures(
        float(litres[whole].mean()),
        float(used_hours[whole].sum(axis=1).mean()),
        100.0 * float((hour[in_use] < NIGHT_ENDS).mean()),
        100.0 * unused,
        *(float((lengths >= least).sum()) / years for least in (24.0, 48.0)),
        float(lengths.max()),
        _longest_of_28_days(lengths, begun_at),
        *(_ninetieth(lengths, starts, *span) for span in STARTS.values()),
        100.0 * _alike(used_hours, whole, 1),
        100.0 * _alike(used_hours, whole, 7),
        100.0 * float(litres[whole].std() / litres[whole].mean()),
        100.0 * float(hours[base[0] > 0].sum() / hours.sum()),
        100.0 * float(hours[hours > GAP_HOURS].sum() / hours.sum()),
    )


def _silences(
    ends: Floats, hours: Floats, in_use: Bools, seen: Bools, middle: Floats
) -> tuple[Floats, Floats, Floats]:
    """Give the length, the local hour of the beginning and the moment of each ended silence.

    It lasts from the reading of one use to the last reading before the next; one with unknown
    intervals in it is left out.
    """
    use = np.flatnonzero(in_use)
    first, after = use[:-1], use[1:]
    unknown = np.concatenate([[0], np.cumsum(~seen)])
    sound = (unknown[after] - unknown[first + 1] == 0) & (after > first + 1)
    first, after = first[sound], after[sound]
    length = (ends[after] - hours[after] * 3_600.0 - ends[first]) / 3_600.0
    return length, (middle[first] % _DAY) / 3_600.0, ends[first]


def _longest_of_28_days(lengths: Floats, begun_at: Floats) -> float:
    edges = np.arange(begun_at[0], begun_at[-1] - 28 * _DAY, 28 * _DAY)
    longest = [
        lengths[(begun_at >= edge) & (begun_at < edge + 28 * _DAY)].max(initial=0.0)
        for edge in edges
    ]
    seen = [length for length in longest if length > 0.0]
    return float(np.median(seen)) if seen else np.nan


def _ninetieth(lengths: Floats, starts: Floats, low: int, high: int) -> float:
    here = lengths[(starts >= low) & (starts < high)]
    return float(np.quantile(here, 0.9)) if len(here) else np.nan


def _used_hours(day: np.ndarray, hour: Floats, in_use: Bools, days: int) -> Bools:
    grid = np.zeros((days, 24), dtype=np.bool_)
    grid[day[in_use], hour[in_use].astype(np.int64)] = True
    return grid


def _alike(used_hours: Bools, whole: Bools, apart: int) -> float:
    """Compare each known day with the one `apart` days before: hours used in both, of in either."""
    both = whole[apart:] & whole[:-apart]
    one, other = used_hours[apart:][both], used_hours[:-apart][both]
    either = (one | other).sum(axis=1)
    return float(((one & other).sum(axis=1)[either > 0] / either[either > 0]).mean())


def simulated(homes: int, *, lives: bool) -> Iterator[Record]:
    """Let some homes live for a year, and record what their meters say."""
    district = invent(homes)
    happens = ordinary(district, SEED, SINCE, SINCE + YEAR) if lives else ()
    fleet = Fleet(district, SEED, happens)
    series: dict[str, list[tuple[float, float]]] = {}
    for _, message in fleet.backfill(SINCE, SINCE + YEAR):
        for fact in gateways.decode(message, {}).facts:
            if isinstance(fact, Reading):
                at = fact.measured_at.timestamp()
                series.setdefault(fact.device, []).append((at, fact.litres))
    for home in district.homes:
        yield as_record(home.code, series[home.meter.address], float(home.meter.resolution_litres))


def table(columns: dict[str, Sequence[Figures]]) -> str:
    """Write the 10th, 50th and 90th percentile over homes of each figure, a column a set."""
    heads = [f"{name} ({len(each)})" for name, each in columns.items()]
    rows = [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for field in fields(Figures):
        cells = []
        for homes in columns.values():
            values = np.array([getattr(home, field.name) for home in homes])
            low, middle, high = np.nanquantile(values, [0.1, 0.5, 0.9])
            cells.append(f"{low:.3g} · **{middle:.3g}** · {high:.3g}")
        rows.append(f"| {WORDS[field.name]} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    """Measure, and put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--zone", type=ZoneInfo, default=ZoneInfo("Europe/Madrid"))
    asked = parser.parse_args()
    there, here = LocalTime.of(asked.zone), LocalTime.of(ZoneInfo("Asia/Shanghai"))
    recorded = _measured(read_records(asked.file), there)
    columns = {
        "recorded homes": recorded,
        "simulated, ordinary lives": _measured(simulated(len(recorded), lives=True), here),
        "simulated, clockwork": _measured(simulated(len(recorded), lives=False), here),
    }
    page = PAGE.read_text("utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}{table(columns)}\n{END}{after}", "utf-8")


def _measured(records: Iterator[Record] | Sequence[Record], local: LocalTime) -> list[Figures]:
    found = (figures(record, local) for record in records)
    return [each for each in found if each is not None]


if __name__ == "__main__":
    main()

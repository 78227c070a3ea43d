"""Plots: delay against false alarms, and one home's days with its limits drawn in.

Needs matplotlib, which comes with the extra `plots`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.dates import DateFormatter, DayLocator
from matplotlib.figure import Figure

from meterwatch.detectors import NoUse
from meterwatch.evaluation.injections import COLLAPSE, SOON_HOURS
from meterwatch.evaluation.report import Report, Row
from meterwatch.evaluation.weeks import Week

LABELLED = ("F12", "F16", "F24", "S10", "T10")  # the others lie too near to one another
FRONTIER, WEEK = "frontier.svg", "week.svg"
OURS = "#b3261e"
COLOURS = {
    "F": "#1f5fa8",
    "G": "#2e7d4f",
    "E": "#7a4fa3",
    "Z": "#a86a1f",
    "Q": "#4a4a4a",
    "C": "#c2709a",
    "S": "#0d8f8f",
    "T": "#7d8f0d",
}
FAMILIES = {
    "F": "F: no use for n hours",
    "G": "G: k × own longest of 28 days",
    "E": "E: the same, by time of day",
    "Z": "Z: hazard by the hour",
    "Q": "Q: hazard, own scale",
    "C": "C: hazard or 24 h",
    "S": "S: < 10 L in 12 h",
    "T": "T: the same, twice a day",
}
MOST_ALARMS, MOST_HOURS = 30.0, 50.0
_STYLE: Any = {
    "svg.hashsalt": "meterwatch",  # the same figures give the same file
    "svg.fonttype": "path",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e3e3",
}


def draw(report: Report, folder: Path) -> Iterator[Path]:
    """Draw what a report holds, and give the file of each plot."""
    with mpl.rc_context(_STYLE):
        yield _kept(_frontier(report), folder / FRONTIER)
        if report.week is not None:
            yield _kept(_week(report.week), folder / WEEK)


def _kept(figure: Figure, path: Path) -> Path:
    figure.savefig(path, metadata={"Date": None})
    return path


def _frontier(report: Report) -> Figure:
    """Draw false alarms across, delay up: nearer to the corner is better."""
    figure = Figure(figsize=(9.6, 4.8), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True)
    rows = [row for row in report.every.rows if row.injection == COLLAPSE.name and row.delay]
    for panel, title, which in zip(panels, ("median", "p90"), (0, 1), strict=True):
        points = [(row, row.headline.mean.value, _hours(row, which)) for row in rows]
        _lines(panel, [each for each in points if each[1] <= MOST_ALARMS and each[2] <= SOON_HOURS])
        panel.set_title(f"{title} delay, hours", loc="left", fontsize=10)
        panel.set_xlabel("false alarms a household-year (absences ≥ 48 h declared)")
        panel.set_xscale("log")
        panel.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        panel.minorticks_off()
        panel.set_xlim(1.0, MOST_ALARMS)
        panel.set_ylim(0.0, MOST_HOURS if which == 0 else SOON_HOURS)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _hours(row: Row, which: int) -> float:
    assert row.delay is not None  # noqa: S101  # rows without one were left out
    return (row.delay.median, row.delay.p90)[which].value


def _lines(panel: Any, points: Sequence[tuple[Row, float, float]]) -> None:
    """Draw a line for each family of rules, ours on top."""
    ours = sorted((x, y, row.name) for row, x, y in points if row.name.startswith(NoUse.name))
    labels = []
    for letter, colour in COLOURS.items():
        family = sorted((x, y, row.name) for row, x, y in points if _is_of(row, letter))
        if family:
            xs, ys, _ = zip(*family, strict=True)
            panel.plot(xs, ys, "o-", color=colour, lw=0.9, ms=3.5, label=FAMILIES[letter])
            labels += [(x, y, name, colour) for x, y, name in family if name in LABELLED]
    if ours:
        xs, ys, _ = zip(*ours, strict=True)
        panel.plot(xs, ys, "o-", color=OURS, lw=2.4, ms=6, zorder=5, label="no_use, by budget")
        budgets = [(x, y, name.split()[-1]) for x, y, name in ours]
        labels += [(*each, OURS) for each in budgets if each[-1].isdigit()]  # room for whole ones
    _label(panel, labels)


def _is_of(row: Row, letter: str) -> bool:
    return row.detector == "plain" and row.name.startswith(letter)


def _label(panel: Any, labels: Sequence[tuple[float, float, str, str]]) -> None:
    """Write names beside points, ours below them and the others above."""
    for x, y, name, colour in labels:
        mine = colour == OURS
        panel.annotate(
            name,
            (x, y),
            xytext=(-4, -10) if mine else (4, 4),
            ha="right" if mine else "left",
            textcoords="offset points",
            color=colour,
            fontsize=8,
            fontweight="bold" if mine else "normal",
            zorder=6,
        )


def _week(week: Week) -> Figure:
    """Draw the water of some days, and under it the silence against its limit."""
    figure = Figure(figsize=(9.6, 4.8), layout="constrained")
    water, silence = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    at = [_local(week, moment) for moment in week.at]
    struck, found = _local(week, week.struck_at), _local(week, week.found_at)
    water.bar(at, np.nan_to_num(week.litres), width=-0.038, align="edge", color="#1f5fa8")
    water.set_ylabel("litres a reading")
    silence.fill_between(at, week.silence_hours, color="#c9d9ec", label="taps shut for")
    silence.step(at, week.limit_hours, where="post", color=OURS, lw=1.5, label="limit")
    silence.set_ylabel("hours")
    silence.set_ylim(0.0, max(np.nanmax(week.limit_hours), np.nanmax(week.silence_hours)) * 1.3)
    for panel in (water, silence):
        panel.axvline(struck, color="black", lw=1.2, ls="--")
        panel.axvline(found, color=OURS, lw=1.2, ls="--")
    top = water.get_ylim()[1]
    water.text(struck, top * 1.02, "collapse", ha="right", va="bottom", fontsize=8)
    water.text(found, top * 1.02, "found", ha="left", va="bottom", fontsize=8, color=OURS)
    silence.legend(loc="upper left", frameon=False, ncols=2)
    silence.xaxis.set_major_locator(DayLocator())  # type: ignore[no-untyped-call]
    silence.xaxis.set_major_formatter(DateFormatter("%a"))  # type: ignore[no-untyped-call]
    silence.set_xlabel("local day, label at midnight")
    return figure


def _local(week: Week, moment: float) -> datetime:
    """Give a moment as its local wall time: matplotlib knows nothing of our zones."""
    seconds = float(week.local.seconds(np.array([moment]))[0])
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)

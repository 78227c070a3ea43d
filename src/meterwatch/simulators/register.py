"""What a meter shows when things go wrong: the natural register, with what was and was not drawn.

Pure, and counted in whole millilitres, so that no rounding can make a register step back.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np

from meterwatch.simulators.habits import Floats, Ints, scatter
from meterwatch.simulators.mishaps import (
    Away,
    Fall,
    Ill,
    MeterSwap,
    Mishap,
    OpenTap,
    SlowLeak,
    Visitors,
)

SECONDS_PER_HOUR = 3_600.0
CELL = 1_800.0  # somebody who is ill gets up in some half hours and stays in bed in the others
GUESTS_LATER = 3 * 86_400.0 + 2_820.0  # guests live as the home did some days and minutes ago
LONGEST_ILLNESS = 60 * 86_400.0

Register = Callable[[Floats], Ints]
Span = tuple[float, float]


def register_with(natural: Register, mishaps: Iterable[Mishap], at: Floats) -> Ints:
    """Give what one home's meter shows at each moment, in millilitres.

    Parameters
    ----------
    natural : Register
        The register as if nothing ever went wrong.
    mishaps : iterable of Mishap
        Those of this home.
    at : (K,) float64, epoch seconds
    """
    going_wrong = tuple(mishaps)

    def physical(moments: Floats) -> Ints:
        return (
            natural(moments)
            - _drawn_in(natural, still_spans(going_wrong), moments)
            - _left_by_the_ill(natural, going_wrong, moments)
            + _drawn_by_guests(natural, going_wrong, moments)
            + _run(going_wrong, moments)
        )

    shown = physical(at)
    swaps = [m for m in going_wrong if isinstance(m, MeterSwap)]
    for swap in sorted(swaps, key=lambda swap: swap.since):
        started = np.array([swap.since.timestamp()])
        fresh = physical(at) - physical(started) + round(swap.new_start_litres * 1_000)
        shown = np.where(at >= started, fresh, shown)
    return shown


def still_spans(mishaps: Iterable[Mishap]) -> tuple[Span, ...]:
    """Join the times in which nobody uses a tap into spans that do not overlap (epoch seconds)."""
    known = tuple(mishaps)
    spans = [m.span for m in known if isinstance(m, Fall | Away)]
    for mishap in known:
        if isinstance(mishap, Ill):
            spans += _in_bed(mishap)
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


@lru_cache(maxsize=1_024)
def _in_bed(ill: Ill) -> tuple[Span, ...]:
    """List the half hours of an illness in which this person stays in bed."""
    start, end = ill.span
    end = min(end, start + LONGEST_ILLNESS)
    edges = np.arange(np.floor(start / CELL), np.ceil(end / CELL)).astype(np.int64)
    up = scatter(0, ill.home, edges) < ill.up
    cells = (edges[~up] * CELL).tolist()
    return tuple((max(cell, start), min(cell + CELL, end)) for cell in cells)


def _drawn_in(natural: Register, spans: Sequence[Span], at: Floats) -> Ints:
    """Sum what would have been drawn in these spans, by each moment."""
    drawn = np.zeros(len(at), dtype=np.int64)
    earliest, latest = float(at.min(initial=np.inf)), float(at.max(initial=-np.inf))
    for start, end in spans:
        if start >= latest:
            break
        if end <= earliest:
            drawn += _between(natural, start, end)
        else:
            within = at > start
            moments = np.minimum(at[within], end)
            drawn[within] += natural(moments) - natural(np.array([start]))
    return drawn


@lru_cache(maxsize=100_000)
def _between(natural: Register, start: float, end: float) -> int:
    """Give what is drawn from one moment to another; asked again and again of what is over."""
    first, last = natural(np.array([start, end])).tolist()
    return int(last - first)


def _left_by_the_ill(natural: Register, mishaps: Sequence[Mishap], at: Floats) -> Ints:
    """Sum what they leave of the usual use when they do get up, by each moment."""
    left = np.zeros(len(at), dtype=np.int64)
    still, until = still_spans(mishaps), -np.inf
    for ill in sorted((m for m in mishaps if isinstance(m, Ill)), key=lambda m: m.since):
        start, end = max(ill.span[0], until), min(ill.span[1], ill.span[0] + LONGEST_ILLNESS)
        up = _without(still, start, end)
        left += np.floor((1.0 - ill.share / ill.up) * _drawn_in(natural, up, at)).astype(np.int64)
        until = max(until, end)
    return left


def _without(spans: Sequence[Span], start: float, end: float) -> list[Span]:
    """List what lies between spans that are in order and do not overlap."""
    between: list[Span] = []
    for begins, ends in spans:
        if begins > start and start < end:
            between.append((start, min(begins, end)))
        start = max(start, ends)
    if start < end:
        between.append((start, end))
    return between


def _drawn_by_guests(natural: Register, mishaps: Sequence[Mishap], at: Floats) -> Ints:
    """Sum what guests have drawn by each moment."""
    drawn = np.zeros(len(at), dtype=np.int64)
    for guests in mishaps:
        if isinstance(guests, Visitors):
            start, end = guests.span
            span = (start - GUESTS_LATER, end - GUESTS_LATER)
            usual = _drawn_in(natural, [span], at - GUESTS_LATER)
            drawn += np.floor(guests.share * usual).astype(np.int64)
    return drawn


def _run(mishaps: Sequence[Mishap], at: Floats) -> Ints:
    """Sum what ran from open taps and leaks by each moment."""
    run = np.zeros(len(at), dtype=np.int64)
    for tap in mishaps:
        if isinstance(tap, OpenTap | SlowLeak):
            start, end = tap.span
            hours = np.clip(at - start, 0.0, end - start) / SECONDS_PER_HOUR
            run += np.floor(hours * (tap.litres_per_hour * 1_000.0)).astype(np.int64)
    return run

"""How long to wait before the next try: short at first, so that a hiccup costs nothing."""

from collections.abc import Iterator


def growing(first: float, most: float) -> Iterator[float]:
    """Yield waits in seconds without end: each twice the one before, none longer than `most`."""
    wait = min(first, most)
    while True:
        yield wait
        wait = min(wait * 2, most)

"""What the tests of notify may ask for: a fake carrier, and a provider on its bench."""

from collections.abc import Iterator

import pytest

from tests.notify.benches import Bench, ConsoleBench, TwilioBench
from tests.notify.listener import Listener
from tests.parts.carrier import Carrier


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    """Give a carrier that listens."""
    running = Carrier().start()
    yield running
    running.stop()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Give a web server of our own that carriers can post to."""
    with Listener() as listening:
        yield listening


@pytest.fixture(params=["console", "twilio"])
def bench(request: pytest.FixtureRequest, carrier: Carrier) -> Bench:
    """Give every provider in turn."""
    return ConsoleBench() if request.param == "console" else TwilioBench(carrier)

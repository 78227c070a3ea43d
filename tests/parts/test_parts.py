"""The parts themselves: each starts, works, and is named when it is missing."""

import queue
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import create_engine, text

from tests.parts.broker import Broker
from tests.parts.browser import Watched
from tests.parts.ports import LOOPBACK, accepts
from tests.parts.postgres import Postgres

SOON = 20.0


class Listener:
    """A client with a persistent session that remembers what it was sent."""

    def __init__(self, broker: Broker, client_id: str) -> None:
        self.heard: queue.Queue[bytes] = queue.Queue()
        self.subscribed: queue.Queue[int] = queue.Queue()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False
        )
        self.client.on_message = lambda _client, _userdata, message: self.heard.put(
            bytes(message.payload)
        )
        self.client.on_subscribe = lambda _client, _userdata, mid, *_rest: self.subscribed.put(mid)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()

    def subscribe(self, topic: str) -> None:
        self.client.subscribe(topic, qos=1)
        self.subscribed.get(timeout=SOON)

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def publish(broker: Broker, topic: str, payload: bytes) -> None:
    sender = Listener(broker, "parts-sender")
    sender.client.publish(topic, payload, qos=1).wait_for_publish(SOON)
    sender.leave()


def test_the_broker_passes_a_message_on(broker: Broker) -> None:
    listener = Listener(broker, "parts-listener")
    listener.subscribe("parts/one")
    publish(broker, "parts/one", b"4711")
    assert listener.heard.get(timeout=SOON) == b"4711"
    listener.leave()


def test_the_broker_keeps_a_session_over_a_restart(broker: Broker) -> None:
    listener = Listener(broker, "parts-sleeper")
    listener.subscribe("parts/two")
    listener.leave()
    publish(broker, "parts/two", b"while you were away")
    broker.restart()
    back = Listener(broker, "parts-sleeper")
    assert back.heard.get(timeout=SOON) == b"while you were away"
    back.leave()


def test_a_stopped_broker_is_gone_and_comes_back_on_its_port(broker: Broker) -> None:
    broker.stop()
    assert not accepts(broker.port)
    broker.start()
    assert accepts(broker.port)


def test_postgres_answers_in_an_empty_database(pg_url: str) -> None:
    engine = create_engine(pg_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE homes (name text)"))
        connection.execute(text("INSERT INTO homes VALUES ('梅园')"))
        assert connection.scalar(text("SELECT name FROM homes")) == "梅园"
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.scalar(text(tables)) == 1
    engine.dispose()


def test_postgres_keeps_what_was_committed_when_it_is_killed(
    postgres: Postgres, pg_url: str
) -> None:
    engine = create_engine(pg_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE homes AS SELECT 1 AS id"))
    engine.dispose()
    postgres.kill()
    postgres.start()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT id FROM homes")) == 1
    engine.dispose()


def test_a_free_port_has_no_listener(free_port: Callable[[], int]) -> None:
    assert not accepts(free_port())


class OnePage(BaseHTTPRequestHandler):
    """Serves one page, which asks a stranger and complains when its address says so."""

    def do_GET(self) -> None:
        body = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><h1>平安</h1>"
        if "stranger" in self.path:
            body += "<img src='https://stranger.example/pixel.png'>"
        if "complaint" in self.path:
            body += "<script>console.error('a complaint')</script>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
        """Say nothing: the test's own output is enough."""


@pytest.fixture
def site() -> Iterator[str]:
    with ThreadingHTTPServer((LOOPBACK, 0), OnePage) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_page_shows_chinese(page: Page, site: str) -> None:
    page.goto(site)
    assert page.inner_text("h1") == "平安"
    assert page.evaluate("navigator.language") == "zh-CN"
    zone = "Intl.DateTimeFormat().resolvedOptions().timeZone"
    assert page.evaluate(zone) == "Asia/Shanghai"


def test_two_chinese_characters_are_not_drawn_as_the_same_empty_box(page: Page) -> None:
    drawn = page.evaluate(
        """() => ['中', '文'].map(character => {
            const pen = document.createElement('canvas').getContext('2d');
            pen.font = '40px sans-serif';
            pen.fillText(character, 0, 40);
            return pen.canvas.toDataURL();
        })"""
    )
    assert drawn[0] != drawn[1]


@pytest.mark.leaves_loopback
@pytest.mark.console_errors
def test_a_request_to_a_stranger_is_blocked_and_taken_down(
    page: Page, site: str, watched: Watched
) -> None:
    page.goto(f"{site}/stranger")
    assert watched.strangers == ["https://stranger.example/pixel.png"]
    assert page.evaluate("document.images[0].naturalWidth") == 0


@pytest.mark.console_errors
def test_a_console_error_is_taken_down(page: Page, site: str, watched: Watched) -> None:
    page.goto(f"{site}/complaint")
    assert watched.errors == [f"a complaint at {site}/complaint"]


@pytest.mark.console_errors
def test_an_uncaught_error_of_a_page_is_taken_down(
    open_context: Callable[..., BrowserContext], watched: Watched
) -> None:
    page = open_context(viewport={"width": 320, "height": 640}).new_page()
    with page.context.expect_event("weberror"):
        page.evaluate("setTimeout(() => { throw new Error('out of the blue') })")
    assert any("out of the blue" in error for error in watched.errors)


def test_the_recorded_homes_are_there(shared_data: Path) -> None:
    assert any(shared_data.iterdir())


ASKING = """
    import pytest
    from tests.parts.absent import absent

    pytest_plugins = ["tests.parts.absent"]

    @pytest.fixture(scope="session")
    def lighthouse():
        absent("lighthouse", "nobody built one")

    def test_it_shines(lighthouse): pass
    def test_it_turns(lighthouse): pass
    def test_the_sea_is_wet(): pass
"""


def test_a_missing_part_leaves_its_tests_out_and_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("METERWATCH_TEST_REQUIRE", raising=False)
    pytester.makepyfile(ASKING)
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["lighthouse: nobody built one (2 tests)"])


@pytest.mark.parametrize("asked", ["all", "broker, lighthouse"])
def test_a_missing_part_that_is_required_fails_its_tests(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setenv("METERWATCH_TEST_REQUIRE", asked)
    pytester.makepyfile(ASKING)
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["lighthouse: nobody built one (2 tests)"])


def test_a_page_that_asks_a_stranger_or_complains_fails_its_test() -> None:
    seen = Watched(strangers=["https://stranger.example/"])
    with pytest.raises(AssertionError, match="other than loopback"):
        seen.judge(leaves_loopback=False, console_errors=False)
    seen.judge(leaves_loopback=True, console_errors=False)
    seen.errors.append("a complaint")
    with pytest.raises(AssertionError, match="console"):
        seen.judge(leaves_loopback=True, console_errors=False)

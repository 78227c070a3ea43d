"""The live stream: ticks, changes, and that it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

from fastapi import FastAPI
from fastapi.testclient import TestClient

from meterwatch.clock import HandClock
from meterwatch.dashboard import live, sessions
from meterwatch.dashboard.live import Pulse
from meterwatch.pipeline import respond
from meterwatch.store.views import pulse
from tests.dashboard.conftest import LIMITS
from tests.dashboard.town import NOW, Town, worry


def read(message: str) -> tuple[str, dict[str, float]]:
    event, data = message.strip().split("\n")
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def revision(here: Town) -> str:
    with here.store.view() as view:
        return pulse.revision(view)


async def following(
    app: FastAPI, here: Town
) -> tuple[Pulse, AsyncIterator[str], "asyncio.Task[None]"]:
    """Open one stream over a beating pulse."""
    shared: Pulse = app.state.pulse
    beating = asyncio.create_task(shared.beat())
    token = sessions.begin(here.store, here.operator, NOW, LIMITS)
    return shared, live.stream(shared, app.state.desk, token), beating


def test_a_screen_gets_a_tick_at_once_with_the_clock_of_decisions(app: FastAPI, here: Town) -> None:
    async def story() -> None:
        shared, stream, beating = await following(app, here)
        what, told = read(await anext(stream))
        assert what == "tick"
        assert told == {
            "now": NOW.timestamp(),
            "standing": 4,
            "unclaimed": 4,
            "calling": 3,
        }
        shared.close()
        await beating

    asyncio.run(story())


def test_a_claim_is_told_to_every_open_screen(app: FastAPI, here: Town) -> None:
    async def story() -> None:
        shared, one, beating = await following(app, here)
        other = live.stream(shared, app.state.desk, "")
        for stream in (one, other):
            await anext(stream)
        await asyncio.to_thread(respond.acknowledge, here.store, here.bell, "user:1", NOW)
        for stream in (one, other):
            what, told = read(await anext(stream))
            while what != "changed":
                what, told = read(await anext(stream))
            assert told["unclaimed"] == 3
        shared.close()
        await beating

    asyncio.run(story())


def test_a_closing_pulse_ends_every_stream(app: FastAPI, here: Town) -> None:
    async def story() -> None:
        shared, stream, beating = await following(app, here)
        await anext(stream)
        shared.close()
        rest = [read(message)[0] async for message in stream]
        assert "out" not in rest
        await beating
        assert shared.streams == 0

    asyncio.run(story())


def test_a_login_that_ended_ends_the_stream(app: FastAPI, here: Town, machine: HandClock) -> None:
    token = sessions.begin(here.store, here.operator, NOW, LIMITS)
    assert live._good(app.state.desk, token)
    machine.advance(timedelta(hours=13))
    assert not live._good(app.state.desk, token)


def test_an_open_screen_keeps_the_login_in_use(
    app: FastAPI, here: Town, machine: HandClock
) -> None:
    token = sessions.begin(here.store, here.operator, NOW, LIMITS)
    for _ in range(6):
        machine.advance(timedelta(minutes=20))
        assert live._good(app.state.desk, token)
    assert sessions.find(here.store, token, machine.now(), LIMITS) is not None


def test_everything_that_a_screen_shows_changes_the_revision(here: Town) -> None:
    seen = [revision(here)]
    respond.acknowledge(here.store, here.bell, "user:1", NOW)
    seen.append(revision(here))
    worry(here.store, "bell", 4, NOW, {"device": "bell-4"})
    seen.append(revision(here))
    respond.declare_absence(here.store, 5, NOW + timedelta(days=1), "family", "user:1", NOW)
    seen.append(revision(here))
    assert len(set(seen)) == len(seen)
    assert revision(here) == seen[-1]


def test_too_many_screens_are_turned_away(app: FastAPI, client: TestClient) -> None:
    app.state.pulse.streams = live.MOST_STREAMS
    assert client.get("/live").status_code == 503

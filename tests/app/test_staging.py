"""The stage of the demo: what it is set up with, how it plays, and that it goes on."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from meterwatch.app.stagecraft import Theatre, build
from meterwatch.app.staging import HISTORY, Interrupted, Stage
from meterwatch.clock import MovedClock
from meterwatch.simulators.district import invent
from meterwatch.simulators.fleet import Fleet
from meterwatch.store.tables.house import inbox
from meterwatch.store.views import queue, system
from tests.app.stages import HOMES, NOON, Shown, a_stage, house_in, no_word, shown
from tests.pipeline.acting import rows_of

PATIENCE = 60.0


def set_up(folder: Path, stop: Event | None = None) -> tuple[Shown, str]:
    """Set a stage up at noon; give what its meters have said, and its homes as a file."""
    clock = MovedClock(machine=lambda: NOON)
    house = house_in(folder, clock)
    stage = Stage(house, clock, Fleet(invent(HOMES)), stop or Event())
    try:
        stage.set_up(folder / "homes.csv", no_word)
        return shown(house), (folder / "homes.csv").read_text("utf-8-sig")
    finally:
        house.store.close()


def test_the_same_seed_gives_the_same_district_and_another_seed_another(tmp_path: Path) -> None:
    first, again = set_up(tmp_path / "first"), set_up(tmp_path / "again")
    assert first == again
    readings, _ = first
    assert len(readings) >= (HISTORY.days - 1) * 24 * HOMES
    one, other = (
        Fleet(invent(HOMES), seed).registers(range(1, HOMES + 1), [NOON]) for seed in (1, 2)
    )
    assert (one != other).all()


def test_told_to_stop_it_breaks_the_history_off(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Interrupted):
        set_up(tmp_path, stop=stop)


def test_told_to_stop_while_it_is_built_the_theatre_closes_its_store(tmp_path: Path) -> None:
    stop = Event()
    told: list[str] = []

    def tell(what: str, _share: float) -> None:
        told.append(what)
        if what == "history":
            stop.set()

    with pytest.raises(Interrupted):
        build(tmp_path, HOMES, 1, 8_000, tell, stop)
    assert told == ["start", "history"]
    with closing(sqlite3.connect(tmp_path / "telemetry.db")) as alone:
        # Whoever still held the file would keep it from leaving its write-ahead log.
        assert alone.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)


@pytest.fixture
def theatre(tmp_path: Path) -> Theatre:
    return build(tmp_path, HOMES, 1, 8_000, no_word, Event())


def test_it_says_at_the_end_what_happened_and_who_needs_somebody(theatre: Theatre) -> None:
    theatre.stage.forward(0.1)
    with theatre.store.view() as view:
        standing = [row.alert.kind for row in queue.standing(view)]
        sent = len(system.inbox(view, 1_000))
    assert {"bell", "no_use", "flat_flow"} <= set(standing)
    said = theatre.farewell()
    assert f"alerts {len(standing)} (bell 1, " in said
    assert f"messages {sent} · " in said
    assert "3 homes had a life alert, 3 of them need somebody now" in said
    theatre.close()


def test_guardians_who_asked_for_it_hear_once_that_water_was_used_today(theatre: Theatre) -> None:
    for _ in range(2):
        theatre.stage.forward(0.1)
    said = [row["phone"] for row in rows_of(theatre.store, inbox) if "first_use" in row["template"]]
    assert 1 <= len(said) == len(set(said)) <= 3
    theatre.close()


def test_told_to_stop_it_does_not_finish_a_night(tmp_path: Path) -> None:
    stop = Event()
    with a_stage(tmp_path, stop=stop) as stage:
        stop.set()
        stage.forward(8)
        assert stage.house.clock.now() == NOON


def wait_until(what: str, is_so: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(int(PATIENCE / 0.05)):
        if is_so():
            return
        pause.wait(0.05)
    raise AssertionError(f"never: {what}")


def test_a_step_that_fails_is_done_again_and_the_play_goes_on(tmp_path: Path) -> None:
    stop = Event()
    with a_stage(tmp_path, stop=stop) as stage, capture_logs() as logs:
        with closing(sqlite3.connect(tmp_path / "telemetry.db")) as gone:
            gone.execute("ALTER TABLE readings RENAME TO elsewhere")
        stage._clock.advance(HISTORY / 60)
        player = Thread(target=stage.play)
        player.start()
        wait_until("a step has failed", lambda: bool(logs))
        with closing(sqlite3.connect(tmp_path / "telemetry.db")) as back:
            back.execute("ALTER TABLE elsewhere RENAME TO readings")
        wait_until("nothing is lost", lambda: len(shown(stage.house)) >= 24 * HOMES)
        stop.set()
        player.join()
    assert {log["event"] for log in logs if log["log_level"] == "error"} == {"demo_step_failed"}


def test_while_it_plays_every_role_is_seen_to_be_alive(tmp_path: Path) -> None:
    with a_stage(tmp_path) as stage:
        stage.forward(0.1)
        with stage.house.store.view() as view:
            beats = {beat.role for beat in system.beats(view)}
    assert beats == {"bells", "meters", "people", "night"}


def test_help_is_wanted_where_no_home_is_named_and_nothing_has_happened_yet(
    tmp_path: Path,
) -> None:
    with a_stage(tmp_path) as stage:
        for _ in range(HOMES):
            stage.fall(0)
        now = stage.house.clock.now()
        fallen = [h for h in range(1, HOMES + 1) if stage.fleet.truth(h, now).needs_somebody]
        assert fallen == list(range(1, HOMES + 1)), "each time another home"
        stage.cut_hub("no such hub")
        assert len(stage.fleet.mishaps) == HOMES + 1

"""Beats go on: whatever one of them raises, and however often it is woken."""

from collections.abc import Callable
from queue import Queue
from threading import Event

import pytest
from structlog.testing import capture_logs

from meterwatch.daemon.beats import Beat, Beats

SOON = 30.0
NEVER = 3_600.0


class Notes:
    """Remembers what was noted; each note can be waited for."""

    def __init__(self) -> None:
        self.heard: Queue[tuple[str, str, str]] = Queue()
        self.trouble: Exception | None = None

    def __call__(self, role: str, beat: str, failure: str) -> None:
        trouble = self.trouble
        self.heard.put((role, beat, failure))
        if trouble is not None:
            raise trouble


class Hands:
    """A clock in seconds that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


class Work:
    """Counts; raises while it is told to; every turn can be waited for."""

    def __init__(self) -> None:
        self.turns: Queue[int] = Queue()
        self.count = 0
        self.trouble: Exception | None = None

    def __call__(self) -> None:
        trouble = self.trouble
        self.count += 1
        self.turns.put(self.count)
        if trouble is not None:
            raise trouble


def test_a_beat_works_at_the_start_and_when_it_is_woken() -> None:
    work = Work()
    beats = Beats("people", [Beat("deliver", NEVER, work)], Notes(), Hands())
    beats.start()
    assert work.turns.get(timeout=SOON) == 1
    beats.wake("deliver")
    assert work.turns.get(timeout=SOON) == 2
    assert beats.stop(SOON)


def test_a_beat_comes_back_by_itself() -> None:
    work = Work()
    beats = Beats("people", [Beat("escalate", 0.001, work)], Notes(), Hands())
    beats.start()
    while work.turns.get(timeout=SOON) < 3:
        pass
    assert beats.stop(SOON)


def test_a_beat_that_is_woken_at_its_work_works_once_more() -> None:
    at_work, go_on = Event(), Event()
    turns: Queue[int] = Queue()

    def work() -> None:
        turns.put(1)
        at_work.set()
        go_on.wait(SOON)

    beats = Beats("bells", [Beat("deliver", NEVER, work)], Notes(), Hands())
    beats.start()
    assert at_work.wait(SOON)
    beats.wake("deliver")
    go_on.set()
    assert [turns.get(timeout=SOON) for _ in range(2)] == [1, 1]
    assert beats.stop(SOON)


def test_a_beat_that_fails_says_so_once_and_once_that_it_recovered() -> None:
    work, notes = Work(), Notes()
    work.trouble = RuntimeError("小梅 13800000000")
    with capture_logs() as logs:
        beats = Beats("people", [Beat("deliver", NEVER, work)], notes, Hands())
        beats.start()
        for turn in range(1, 4):
            assert work.turns.get(timeout=SOON) == turn
            beats.wake("deliver")
        assert work.turns.get(timeout=SOON) == 4
        work.trouble = None
        beats.wake("deliver")
        assert work.turns.get(timeout=SOON) == 5
        assert beats.stop(SOON)
    assert [line["event"] for line in logs] == ["beat_failed", "beat_recovered"]
    assert "小梅" not in repr(logs)
    role, beat, failure = notes.heard.get_nowait()
    assert (role, beat) == ("people", "deliver")
    assert failure.startswith("RuntimeError")
    assert notes.heard.get_nowait() == ("people", "deliver", "")


def test_one_beat_that_fails_or_hangs_holds_up_no_other() -> None:
    hangs, go_on, work, broken = Event(), Event(), Work(), Work()
    broken.trouble = RuntimeError()

    def hang() -> None:
        hangs.set()
        go_on.wait(SOON)

    beats = Beats(
        "night",
        [Beat("hanging", NEVER, hang), Beat("broken", 0.001, broken), Beat("good", NEVER, work)],
        Notes(),
        Hands(),
    )
    beats.start()
    assert hangs.wait(SOON)
    assert work.turns.get(timeout=SOON) == 1
    beats.wake("good")
    assert work.turns.get(timeout=SOON) == 2
    assert not beats.stop(0.0)
    go_on.set()
    assert beats.stop(SOON)


def turn(beats: Beats, work: Work) -> None:
    beats.wake("deliver")
    work.turns.get(timeout=SOON)


def test_a_beat_in_unchanged_health_is_noted_at_most_once_a_second() -> None:
    work, notes, hands = Work(), Notes(), Hands()
    beats = Beats("people", [Beat("deliver", NEVER, work)], notes, hands)
    beats.start()
    assert notes.heard.get(timeout=SOON) == ("people", "deliver", "")
    work.turns.get(timeout=SOON)
    for _ in range(5):
        turn(beats, work)
    work.trouble = RuntimeError()
    turn(beats, work)
    assert notes.heard.get(timeout=SOON)[2].startswith("RuntimeError")
    turn(beats, work)
    hands.at = 1.0
    turn(beats, work)
    assert notes.heard.get(timeout=SOON)[2].startswith("RuntimeError")
    assert beats.stop(SOON)
    assert notes.heard.empty()


def test_a_note_that_cannot_be_written_is_said_once_and_stops_nothing() -> None:
    work, notes = Work(), Notes()
    notes.trouble = OSError("the store is down")
    with capture_logs() as logs:
        beats = Beats("people", [Beat("deliver", NEVER, work)], notes, Hands())
        beats.start()
        work.turns.get(timeout=SOON)
        notes.heard.get(timeout=SOON)
        turn(beats, work)
        notes.heard.get(timeout=SOON)
        notes.trouble = None
        turn(beats, work)
        assert notes.heard.get(timeout=SOON) == ("people", "deliver", "")
        assert beats.stop(SOON)
    assert [line["event"] for line in logs] == ["beat_not_noted"]


def test_two_beats_of_one_name_are_refused() -> None:
    twins = [Beat("deliver", 1.0, Work()), Beat("deliver", 2.0, Work())]
    with pytest.raises(ValueError, match="same name"):
        Beats("people", twins, Notes(), Hands())


def test_beats_that_never_started_can_be_stopped() -> None:
    unstarted: Callable[[], object] = Work()
    assert Beats("people", [Beat("deliver", 1.0, unstarted)], Notes(), Hands()).stop(SOON)

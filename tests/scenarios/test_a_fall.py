"""The story that the service is for: a fall at 06:40, and what becomes of it."""

from datetime import UTC, datetime, timedelta

import pytest

from meterwatch.domain.alert import State
from meterwatch.domain.signal import BELL, NO_USE
from meterwatch.domain.visit import Outcome, Seen
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from tests.scenarios.town import Town, daily_life

DAY = datetime(2026, 3, 4, tzinfo=UTC)
FALL = DAY.replace(hour=6, minute=40)


def clock(hour: int, minute: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute)


@pytest.fixture
def town(sqlite_store: Store) -> Town:
    """A home whose taps are seldom shut for long, on the morning of the fall."""
    alive = Town(sqlite_store, clock(6), daily_life(until=FALL))
    alive.usual_silence(hours=6)
    return alive


def test_a_fall_is_seen_told_passed_on_and_ends_with_a_line_in_the_ledger(town: Town) -> None:
    street = town.street
    town.run_until(clock(12, 59))
    assert town.alerts() == []

    # Six hours after the last water, at the reading of one o'clock.
    town.run_until(clock(13))
    (alert,) = town.alerts()
    assert (alert.kind, alert.began_at) == (NO_USE, clock(7))
    for contact in (street.guardian, street.community):
        (text,) = town.phone(contact)
        assert text.at == clock(13)
        assert text.template == "alert.no_use.first.zh"
        assert alert.code in text.text
    assert town.phone(street.neighbour) == []

    # Nobody answers. A quarter of an hour later the neighbour is asked as well.
    town.run_until(clock(13, 14))
    assert town.phone(street.neighbour) == []
    town.run_until(clock(13, 15))
    assert len(town.phone(street.neighbour)) == 1
    assert len(town.phone(street.guardian)) == 2

    # The neighbour has it, and is thanked with what to do next.
    town.run_until(clock(13, 18))
    assert town.write(street.neighbour, f"1 {alert.code}") == "acknowledge"
    assert town.phone(street.neighbour)[-1].template == "answer.recorded.acknowledge.zh"
    town.run_until(clock(13, 37))
    assert town.alerts()[0].owner == f"contact:{street.neighbour}"
    assert [len(town.phone(contact)) for contact in street.everybody] == [2, 2, 2, 0, 0]

    # But nothing is heard of it: after twenty minutes it comes back, wider.
    town.run_until(clock(13, 38))
    assert town.alerts()[0].state is State.OPEN
    for contact in (street.street_duty, street.district_duty):
        (text,) = town.phone(contact)
        assert text.template == "alert.no_use.no_report.zh"
        assert "尚无结果" in text.text

    # The duty officer goes, finds her, and says so.
    town.run_until(clock(13, 50))
    assert town.write(street.street_duty, f"出发 {alert.code}") == "going"
    going = [contact for contact in street.everybody if contact != street.street_duty]
    assert {town.phone(contact)[-1].template for contact in going} == {"going.zh"}
    town.run_until(clock(14, 20))
    line = town.visit(f"contact:{street.street_duty}", Outcome.FALL, Seen.UNWELL)

    (alert,) = town.alerts()
    assert (alert.state, alert.closed_at) == (State.CLOSED, clock(14, 20))
    (visit,) = town.rows(t.visits)
    assert (visit["id"], visit["outcome"], visit["seen"]) == (line, "fall", "unwell")
    for contact in going:
        assert town.phone(contact)[-1].template == "closed.zh"
    assert town.phone(street.street_duty)[-1].template != "closed.zh"

    assert town.timeline() == [
        (clock(13), "opened", "system"),
        (clock(13), "step", "system"),
        (clock(13, 15), "step", "system"),
        (clock(13, 18), "acknowledged", f"contact:{street.neighbour}"),
        (clock(13, 38), "lapsed", f"contact:{street.neighbour}"),
        (clock(13, 38), "step", "system"),
        (clock(13, 50), "going", f"contact:{street.street_duty}"),
        (clock(14, 20), "visit", f"contact:{street.street_duty}"),
        (clock(14, 20), "closed", f"contact:{street.street_duty}"),
    ]

    # And then it is quiet: the taps stay shut, and nobody is called out again for it.
    before = [len(town.phone(contact)) for contact in street.everybody]
    town.run_for(timedelta(hours=6))
    assert [len(town.phone(contact)) for contact in street.everybody] == before
    assert len(town.alerts()) == 1


def test_no_text_carries_more_than_a_code_and_a_kind_of_worry(town: Town) -> None:
    town.run_until(clock(14))
    for contact in town.street.everybody:
        for text in town.phone(contact):
            assert "contact " not in text.text
            assert "+86" not in text.text
            assert "H1" not in text.text


def test_a_bell_is_in_every_phone_within_the_minute_and_rings_until_somebody_goes(
    town: Town,
) -> None:
    street = town.street
    town.run_until(clock(6, 15))
    town.press()
    assert [len(town.phone(contact)) for contact in street.everybody] == [1] * 5
    assert "06:15" in town.phone(street.guardian)[0].text
    town.run_for(timedelta(minutes=9))
    assert [len(town.phone(contact)) for contact in street.everybody] == [4] * 5
    (alert,) = town.alerts()
    assert alert.kind == BELL
    town.write(street.neighbour, f"2 {alert.code}")
    town.run_for(timedelta(minutes=10))
    town.write(street.neighbour, f"3 {alert.code}")
    assert town.alerts()[0].state is not State.CLOSED
    town.write(street.neighbour, "1")
    assert town.alerts()[0].state is State.CLOSED
    (visit,) = town.rows(t.visits)
    assert (visit["mode"], visit["outcome"]) == ("home", "safe")


def test_water_coming_back_is_told_and_the_question_stays(town: Town) -> None:
    street = town.street
    town.run_until(clock(13, 5))
    town.tap = daily_life(until=DAY + timedelta(days=9))
    town.run_until(clock(14))
    assert "good_news.zh" in {text.template for text in town.phone(street.guardian)}
    assert town.alerts()[0].state is State.OPEN
    assert town.write(street.guardian, "3").startswith("asked_how")
    assert town.alerts()[0].state is State.CLOSED

"""The rows of the pages, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from meterwatch.domain.alert import State
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.signal import SubjectKind
from meterwatch.domain.usage import LocalTime
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline import respond
from meterwatch.store import Store
from meterwatch.store.views import alerts, home, homes, places, pulse, queue, system, usage, visits
from meterwatch.store.views.homes import Freshness, UseState
from tests.dashboard import town
from tests.dashboard.town import HOUR, MINUTE, NOW, SHANGHAI, Town

FRESH = Freshness()


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """Give the town on each database in turn."""
    url = f"sqlite:///{tmp_path}/meterwatch.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("pg_url")
    store = town.found(url)
    yield town.settle(store)
    store.close()


def listed(store: Store, **sought: str) -> list[str]:
    with store.view() as view:
        rows = homes.page(view, homes.Sought(**sought), after="", limit=50, now=NOW, fresh=FRESH)
    return [row.code for row in rows]


def test_the_queue_has_places_owners_and_last_acts(here: Town) -> None:
    respond.acknowledge(here.store, here.tap, "user:1", NOW - MINUTE)
    with here.store.view() as view:
        rows = {row.alert.id: row for row in queue.standing(view)}
    assert rows[here.tap].owner == "林晓"
    assert rows[here.tap].acted_at == NOW - MINUTE
    assert rows[here.bell].acted_at is None
    place = rows[here.bell].place
    assert place is not None
    assert (place.code, place.grade) == ("H0001", Grade.RED)
    assert place.areas == ("示例区", "梅园街道", "第一社区")
    area = rows[here.hub].place
    assert area is not None
    assert (area.kind, area.label) == (SubjectKind.AREA, "湖滨社区")
    assert rows[here.hub].heard_at is None
    assert rows[here.bell].heard_at == NOW - 6 * MINUTE + timedelta(seconds=30)


def test_worries_about_life_come_first_when_the_list_is_cut(here: Town) -> None:
    with here.store.view() as view:
        assert here.hub not in {row.alert.id for row in queue.standing(view, limit=3)}


def test_alerts_are_paged_and_narrowed(here: Town) -> None:
    with here.store.view() as view:
        everything = alerts.page(view, alerts.Sought(), None, 50)
        first = alerts.page(view, alerts.Sought(), None, 2)
        rest = alerts.page(view, alerts.Sought(), first[-1].alert.id, 50)
        hub = alerts.page(view, alerts.Sought(kind="hub_silent"), None, 50)
        near = alerts.page(view, alerts.Sought(words="湖滨路"), None, 50)
        percent = alerts.page(view, alerts.Sought(words="%"), None, 50)
    assert [*first, *rest] == [*everything]
    assert [row.alert.id for row in hub] == [here.hub]
    assert [row.alert.id for row in near] == [here.tap]
    assert percent == ()


def test_one_alert_has_its_circle_in_calling_order(here: Town) -> None:
    with here.store.view() as view:
        page = alerts.one(view, here.silent_home)
        assert alerts.one(view, 10_000) is None
    assert page is not None
    assert [row.role for row in page.circle] == [
        Role.GUARDIAN,
        Role.COMMUNITY,
        Role.NEIGHBOUR,
        Role.DISTRICT_DUTY,
    ]
    assert [row.last_state for row in page.circle] == ["pending", "pending", "", ""]
    assert {row.name for row in page.messages} == {"女儿李", "社区吴"}
    assert [line.what for line in page.lines] == ["opened", "step"]


def test_homes_are_listed_with_their_state_and_can_be_narrowed(here: Town) -> None:
    assert listed(here.store) == ["H0001", "H0002", "H0003", "H0004", "H0005", "H0006"]
    assert listed(here.store, state="unknown") == ["H0003", "H0004", "H0005", "H0006"]
    assert listed(here.store, state="not_used") == ["H0002"]
    assert listed(here.store, grade="yellow") == ["H0002", "H0005"]
    assert listed(here.store, words="桃花弄") == ["H0005", "H0006"]
    assert listed(here.store, words="周福生") == ["H0006"]
    assert listed(here.store, words="_") == []


def test_homes_are_paged_by_their_codes_also_within_a_state(here: Town) -> None:
    with here.store.view() as view:
        sought = homes.Sought(state="unknown")
        first = homes.page(view, sought, after="", limit=2, now=NOW, fresh=FRESH)
        second = homes.page(view, sought, after="H0004", limit=2, now=NOW, fresh=FRESH)
    assert [row.code for row in (*first, *second)] == ["H0003", "H0004", "H0005", "H0006"]


def test_the_counts_of_states_add_up(here: Town) -> None:
    with here.store.view() as view:
        counts = homes.count(view, NOW, FRESH)
    assert counts == {UseState.USED: 1, UseState.NOT_USED: 1, UseState.UNKNOWN: 4}


def test_a_home_that_is_heard_no_more_becomes_unknown_and_not_unused(here: Town) -> None:
    with here.store.view() as view:
        counts = homes.count(view, NOW + 24 * HOUR, FRESH)
    assert counts[UseState.UNKNOWN] == 6


def test_one_home_shows_devices_absences_and_consent(here: Town) -> None:
    respond.declare_absence(here.store, 5, NOW + 48 * HOUR, "family", "user:1", NOW)
    with here.store.view() as view:
        page = home.one(view, 5, NOW, FRESH)
        bell = home.one(view, 1, NOW, FRESH)
        assert home.one(view, 10_000, NOW, FRESH) is None
    assert page is not None
    assert page.row.away_until == NOW + 48 * HOUR
    assert [(a.reason, a.said_by, a.open) for a in page.absences] == [("family", "林晓", True)]
    assert page.consent is not None
    assert {device.kind.value: device.silent for device in page.devices} == {
        "button": False,
        "meter": True,
    }
    assert bell is not None
    assert bell.devices[0].heard_at == NOW - 2 * MINUTE


def test_hours_add_up_to_the_register_and_a_gap_stays_unknown(here: Town) -> None:
    with here.store.view() as view:
        hours = usage.last_hours(view, 2, NOW, LocalTime.of(SHANGHAI), 48)
    assert len(hours) == 48
    assert hours[-1].start == NOW - 30 * MINUTE
    unknown = [hour for hour in hours if hour.litres is None]
    assert len(unknown) in {4, 5}
    quiet = [hour.litres for hour in hours[-13:-1]]
    assert quiet == [0.0] * 12
    assert hours[-1].usual == pytest.approx(6.0)
    drawn = [hour.litres for hour in hours if hour.litres]
    assert np.all(np.array(drawn) > 0)


def test_a_home_without_a_meter_knows_nothing(here: Town) -> None:
    with here.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE devices SET kind = 'button'")
    with here.store.view() as view:
        hours = usage.last_hours(view, 1, NOW, LocalTime.of(SHANGHAI), 24)
    assert {hour.litres for hour in hours} == {None}


def test_the_ledger_names_visitors_alerts_and_corrections(here: Town) -> None:
    visit = Visit(2, "contact:3", "guardian", Mode.HOME, Outcome.SAFE, Seen.WELL, NOW, note="好")
    first = respond.report(here.store, visit, NOW)
    respond.correct(here.store, first, visit, NOW)
    with here.store.view() as view:
        newer, older = visits.page(view, visits.Sought())
        none = visits.page(view, visits.Sought(since=NOW + MINUTE))
    assert (older.visitor, older.household_code, older.alerts) == ("女儿李", "H0002", (2,))
    assert older.visit.note == "好"
    assert (older.corrected_by, newer.visit.corrects) == (newer.id, older.id)
    assert none == ()


def test_erased_people_are_nameless_and_break_nothing(here: Town) -> None:
    with here.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE contacts SET name = '', phone = ''")
    respond.acknowledge(here.store, here.bell, "contact:1", NOW)
    with here.store.view() as view:
        row = next(r for r in queue.standing(view) if r.alert.id == here.bell)
        assert places.names(view, ["contact:1", "user:x", "nonsense", ""]) == {"contact:1": ""}
    assert row.alert.state is State.ACKNOWLEDGED
    assert row.owner == ""


def test_the_house_counts_what_it_refused_and_what_waits(here: Town) -> None:
    with here.store.view() as view:
        counts = system.refused_counts(view)
        assert [(row.reason, row.count) for row in counts] == [("unknown_device", 1), ("clock", 1)]
        assert system.refused(view, 1)[0].payload == b'{"id": "m-99"}'
        assert system.outbox(view) == {"pending": 8}
        assert system.oldest_waiting(view) == NOW - 24 * MINUTE
        assert {row.role for row in system.beats(view)} == {"meters", "people"}
        assert system.put_aside(view, 5) == ()


def test_the_revision_is_the_same_until_something_changes(here: Town) -> None:
    with here.store.view() as view:
        before = pulse.revision(view)
    with here.store.view() as view:
        assert pulse.revision(view) == before
        pulse.answer(view)
    respond.decline(here.store, here.bell, "user:1", NOW)
    with here.store.view() as view:
        assert pulse.revision(view) != before

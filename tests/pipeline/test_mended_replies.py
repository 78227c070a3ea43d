"""Replies that were once taken for another answer, for another alert, or lost."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from meterwatch.domain.alert import State
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.signal import BELL, FLAT_FLOW, LOW_USE, NO_USE
from meterwatch.pipeline.respond import decline, go
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people
from tests.parts.street import Street, add_contact, add_home, build_street, link_home, phone
from tests.pipeline.acting import (
    NOW,
    a_press,
    alerts,
    climb,
    minutes,
    outbox,
    press,
    rows_of,
    the_alert,
    told,
)
from tests.pipeline.acting import text as write
from tests.store.rows import keep_alert, note

HOUR = timedelta(hours=1)


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def worry(store: Store, home: int, *contacts: int, kind: str = NO_USE, at: datetime = NOW) -> int:
    """Let an alert about a home stand, of which these were told at that moment."""
    alert = keep_alert(store, kind, home, at)
    with store.transaction() as tx:
        tx.outbox.put([note(alert.id, contact) for contact in contacts], at)
    return alert.id


def states(store: Store) -> list[State]:
    return [one.state for one in alerts(store)]


def modes(store: Store) -> list[str]:
    return [row["mode"] for row in rows_of(store, t.visits)]


# "Went or phoned?"


@pytest.mark.parametrize("polite", ["收到", "好的", "ok", "我去看看", "on my way"])
def test_a_polite_word_is_no_answer_to_went_or_phoned(
    store: Store, street: Street, polite: str
) -> None:
    press(store, a_press())
    assert write(store, street.guardian, "3", NOW + minutes(1)) == "say_how"
    write(store, street.guardian, polite, NOW + minutes(2))
    assert the_alert(store).state is not State.CLOSED
    assert modes(store) == []
    write(store, street.guardian, "2", NOW + minutes(3))
    assert the_alert(store).state is State.CLOSED
    assert modes(store) == ["phone"]


def test_a_polite_word_leaves_the_line_of_the_ledger_as_it_is(store: Store, street: Street) -> None:
    worry(store, street.home.id, street.guardian)
    write(store, street.guardian, "3", NOW + minutes(1))
    assert write(store, street.guardian, "收到", NOW + minutes(2)) == "no_alert"
    assert modes(store) == ["unstated"]


def test_one_means_the_newer_alert_of_which_somebody_was_told_since(
    store: Store, street: Street
) -> None:
    worry(store, street.home.id, street.community)
    assert write(store, street.community, "3", NOW + minutes(1)).startswith("asked_how")
    with store.transaction() as tx:
        other = add_home(tx, street.area, "H2")
    worry(store, other.id, street.community, at=NOW + HOUR)
    assert write(store, street.community, "1", NOW + HOUR + minutes(1)) == "acknowledge"
    assert states(store) == [State.CLOSED, State.ACKNOWLEDGED]
    assert modes(store) == ["unstated"]


def test_two_people_behind_one_number_are_asked_and_answer_as_one(
    store: Store, street: Street
) -> None:
    with store.transaction() as tx:
        add_contact(tx, number=phone(street.guardian))
        first = people.contacts.update().where(people.contacts.c.id == street.neighbour)
        tx.connection.execute(first.values(phone=phone(street.guardian)))
    worry(store, street.home.id, street.neighbour)
    assert write(store, street.guardian, "3", NOW + minutes(1)).startswith("asked_how")
    assert write(store, street.guardian, "1", NOW + minutes(2)).startswith("how:")
    assert modes(store) == ["unstated", "home"]


# "I cannot"


def test_one_person_who_cannot_come_moves_an_open_alert_on_once(
    store: Store, street: Street
) -> None:
    press(store, a_press(cached=True))
    for count in range(6):
        write(store, street.guardian, "4", NOW + minutes(0.1 * count))
    assert (the_alert(store).round, the_alert(store).step) == (0, 1)
    assert told(store, "alert").count(street.neighbour) == 1
    write(store, street.community, "4", NOW + minutes(1))  # another one does move it
    assert the_alert(store).step == 2


def test_who_could_not_come_may_come_after_all(store: Store, street: Street) -> None:
    press(store, a_press(cached=True))
    alert, by = the_alert(store).id, f"contact:{street.guardian}"
    decline(store, alert, by, NOW)
    go(store, alert, by, NOW + minutes(1))
    decline(store, alert, by, NOW + minutes(2))  # and turn back: it had it, so it goes on at once
    assert the_alert(store).step == 2


# "Away"


@pytest.mark.parametrize("kind", [NO_USE, LOW_USE])
def test_away_in_answer_to_a_silence_explains_it(store: Store, street: Street, kind: str) -> None:
    alert = worry(store, street.home.id, street.guardian, street.community, kind=kind)
    code = the_alert(store).code
    assert write(store, street.guardian, f"离家 3 {code}", NOW + minutes(1)) == "away"
    assert the_alert(store).state is State.CLOSED
    (line,) = rows_of(store, t.visits)
    assert (line["outcome"], line["saw_person_at"]) == ("away_travel", None)
    before = len(outbox(store, "alert"))
    climb(store, NOW + 6 * HOUR)
    assert len(outbox(store, "alert")) == before
    others = [row["contact_id"] for row in outbox(store, "closed") if row["alert_id"] == alert]
    assert others == [street.community]
    assert street.community in told(store, "absence")


@pytest.mark.parametrize("other", [BELL, FLAT_FLOW])
def test_away_explains_neither_a_bell_nor_water_that_runs_on(
    store: Store, street: Street, other: str
) -> None:
    worry(store, street.home.id, street.guardian)
    code = the_alert(store).code
    worry(store, street.home.id, street.guardian, kind=other)
    assert write(store, street.guardian, f"离家 3 {code}", NOW + minutes(1)) == "away"
    assert states(store) == [State.CLOSED, State.OPEN]


def test_away_by_text_answers_nothing_about_a_red_home(store: Store) -> None:
    street = build_street(store, Grade.RED)
    worry(store, street.home.id, street.guardian)
    code = the_alert(store).code
    assert write(store, street.guardian, f"离家 3 {code}", NOW + minutes(1)) == "away_refused"
    assert the_alert(store).state is State.OPEN


# Kept before anything else


def test_what_was_written_is_kept_though_acting_on_it_fails_and_is_acted_on_later(
    store: Store, street: Street
) -> None:
    worry(store, 999, street.guardian)  # about a home that is not there yet
    said = f"1 {the_alert(store).code}"
    with pytest.raises(Exception, match="No row was found"):
        write(store, street.guardian, said, NOW, ref="IN-a")
    (row,) = rows_of(store, t.replies)
    assert (row["ref"], row["text"], row["result"]) == ("IN-a", said, "")
    with store.transaction() as tx:
        tx.connection.execute(t.alerts.update().values(subject_id=street.home.id))
    assert write(store, street.guardian, said, NOW, ref="IN-a") == "acknowledge"
    assert write(store, street.guardian, said, NOW, ref="IN-a") == "repeated"
    assert len(rows_of(store, t.replies)) == 1


def test_six_digits_find_their_alert(store: Store, street: Street) -> None:
    worry(store, street.home.id, street.guardian)
    with store.transaction() as tx:
        tx.connection.execute(t.alerts.update().values(code="482133"))
    assert write(store, street.guardian, "1 482133", NOW + minutes(1)) == "acknowledge"


def test_the_alert_that_a_bare_answer_means_is_held_until_it_is_answered(
    pg_store: Store,
) -> None:
    street = build_street(pg_store)
    worry(pg_store, street.home.id, street.guardian)
    with pg_store.transaction() as tx:
        (meant,) = tx.alerts.open_for_contact(street.guardian)
        held = select(t.alerts.c.id).where(t.alerts.c.id == meant.id)
        refused = pytest.raises(OperationalError, match="could not obtain lock")
        with refused, pg_store.transaction() as other:
            other.connection.execute(held.with_for_update(nowait=True))


def test_links_to_two_homes_do_not_mix_their_alerts(store: Store, street: Street) -> None:
    with store.transaction() as tx:
        other = add_home(tx, street.area, "H2")
        link_home(tx, other.id, street.guardian, Role.GUARDIAN)
    for home in (street.home.id, other.id):
        worry(store, home, street.guardian)
    assert write(store, street.guardian, "1", NOW + minutes(1)) == "which"
    assert states(store) == [State.OPEN, State.OPEN]

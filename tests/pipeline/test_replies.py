"""What people write back: understood once, acted on at once, answered after the commit."""

from typing import Any

import pytest

from meterwatch.domain.alert import Alert, State
from meterwatch.domain.fact import ButtonPress
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.notification import Reply
from meterwatch.domain.signal import BELL, FLAT_FLOW, METER_SILENT, NO_USE
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.pipeline.respond import declare_absence, report, take_reply
from meterwatch.store import Store
from meterwatch.store.tables import alerts as t
from meterwatch.store.tables import people
from tests.parts.street import (
    Street,
    add_contact,
    add_home,
    build_street,
    link_home,
    phone,
)
from tests.pipeline.acting import (
    NOW,
    Carrier,
    a_press,
    alerts,
    climb,
    minutes,
    outbox,
    post,
    press,
    rows_of,
    text,
    the_alert,
    timeline,
    told,
)
from tests.store.rows import keep_alert, note, put


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


def worry(store: Store, street: Street, kind: str = NO_USE, grade: Grade | None = None) -> Alert:
    """Let an alert about the home stand, of which guardian and community contact were told."""
    if grade is not None:
        with store.transaction() as tx:
            tx.connection.execute(people.households.update().values(grade=grade))
    alert = keep_alert(store, kind, street.home.id)
    if grade is not None:
        with store.transaction() as tx:
            tx.connection.execute(t.alerts.update().values(grade=grade))
    put(store, note(alert.id, street.guardian), note(alert.id, street.community))
    post(store, Carrier(), NOW)
    (found,) = (one for one in alerts(store) if one.id == alert.id)
    return found


def state(store: Store, alert: Alert) -> State:
    return next(one.state for one in alerts(store) if one.id == alert.id)


def answers(store: Store) -> list[dict[str, Any]]:
    """What was said to the senders, the last at the end."""
    return [row["params"] for row in outbox(store, "answer")]


def ledger(store: Store) -> list[dict[str, Any]]:
    return rows_of(store, t.visits)


def absences(store: Store) -> list[dict[str, Any]]:
    return rows_of(store, people.absences)


# 1, 2, 3, 4


THEN = {
    State.ACKNOWLEDGED: ("1", "收到"),
    State.VISITING: ("2", "出发"),
    State.CLOSED: ("3", "平安", "safe"),
    State.OPEN: ("4", "无法"),
}


@pytest.mark.parametrize(("words", "then"), [(w, then) for then in THEN for w in THEN[then]])
@pytest.mark.parametrize("with_code", [True, False])
def test_an_answer_does_what_it_says_with_or_without_the_code(
    sqlite_store: Store, words: str, then: State, with_code: bool
) -> None:
    street = build_street(sqlite_store)
    alert = worry(sqlite_store, street)
    text(sqlite_store, street.guardian, f"{words} {alert.code}" if with_code else words, NOW)
    assert state(sqlite_store, alert) is then
    assert len(answers(sqlite_store)) == 1


def test_an_acknowledgement_is_recorded_and_answered(store: Store, street: Street) -> None:
    alert = worry(store, street)
    assert text(store, street.guardian, f"1 {alert.code}", NOW) == "acknowledge"
    assert the_alert(store).owner == f"contact:{street.guardian}"
    assert answers(store) == [{"answer": "recorded", "of": "acknowledge"}]
    assert "acknowledged" in timeline(store, alert.id)
    (row,) = rows_of(store, t.replies)
    assert (row["contact_id"], row["alert_id"], row["result"]) == (
        street.guardian,
        alert.id,
        "acknowledge",
    )


def test_cannot_tells_the_next_ones_at_once(store: Store, street: Street) -> None:
    worry(store, street)
    text(store, street.guardian, "4", NOW)
    assert street.neighbour in told(store, "alert")


def test_safe_is_a_visit_in_the_ledger_and_the_way_is_asked_for(
    store: Store, street: Street
) -> None:
    alert = worry(store, street)
    assert text(store, street.guardian, f"3 {alert.code}", NOW) == "asked_how:1"
    (line,) = ledger(store)
    assert (line["outcome"], line["mode"]) == ("safe", "unstated")
    assert (line["visitor"], line["role"]) == (f"contact:{street.guardian}", "guardian")
    assert answers(store) == [{"answer": "say_how"}]
    assert state(store, alert) is State.CLOSED


@pytest.mark.parametrize(("words", "mode"), [("1", "home"), ("2", "phone")])
def test_the_way_is_a_correction_of_the_line_and_no_new_acknowledgement(
    store: Store, street: Street, words: str, mode: str
) -> None:
    worry(store, street)
    text(store, street.guardian, "3", NOW)
    assert text(store, street.guardian, words, NOW + minutes(1)) == "how:2"
    first, second = ledger(store)
    assert (first["mode"], first["corrects"]) == ("unstated", None)
    assert (second["mode"], second["corrects"]) == (mode, first["id"])
    assert "corrected" in timeline(store, the_alert(store).id)


def test_the_way_can_be_said_once(store: Store, street: Street) -> None:
    worry(store, street)
    for words in ("3", "1", "2"):
        text(store, street.guardian, words, NOW)
    assert [line["mode"] for line in ledger(store)] == ["unstated", "home"]


def test_a_code_of_another_alert_is_not_taken_for_the_way(store: Store, street: Street) -> None:
    worry(store, street)
    text(store, street.guardian, "3", NOW)
    other = worry(store, street, FLAT_FLOW)
    text(store, street.guardian, f"1 {other.code}", NOW + minutes(1))
    assert state(store, other) is State.ACKNOWLEDGED
    assert len(ledger(store)) == 1


@pytest.mark.parametrize(("kind", "grade"), [(BELL, Grade.GREEN), (NO_USE, Grade.RED)])
def test_bells_and_red_homes_close_only_when_the_same_person_says_how(
    store: Store, street: Street, kind: str, grade: Grade
) -> None:
    alert = worry(store, street, kind, grade)
    text(store, street.guardian, f"3 {alert.code}", NOW)
    assert state(store, alert) is State.ACKNOWLEDGED
    assert ledger(store) == []
    text(store, street.community, f"1 {alert.code}", NOW)  # another person's "1" is no proof
    assert state(store, alert) is not State.CLOSED
    text(store, street.guardian, f"1 {alert.code}", NOW)
    assert state(store, alert) is State.CLOSED
    (line,) = ledger(store)
    assert (line["mode"], line["visitor"]) == ("home", f"contact:{street.guardian}")


def test_after_it_came_back_a_one_is_an_answer_to_the_new_message(
    store: Store, street: Street
) -> None:
    alert = worry(store, street, BELL)
    text(store, street.guardian, "3", NOW)
    climb(store, NOW + minutes(5))
    text(store, street.guardian, "1", NOW + minutes(6))
    assert state(store, alert) is State.OPEN
    assert answers(store)[-1] == {"answer": "had_it", "by": ""}


def test_how_is_understood_after_being_asked_which(store: Store, street: Street) -> None:
    bell, other = worry(store, street, BELL), worry(store, street)
    text(store, street.guardian, f"3 {bell.code}", NOW)
    assert text(store, street.guardian, "1", NOW) == "which"
    text(store, street.guardian, f"1 {bell.code}", NOW)
    assert state(store, bell) is State.CLOSED
    assert state(store, other) is State.CLOSED  # one outcome answers what stood before it


def test_safe_about_the_water_does_not_silence_the_bell(store: Store, street: Street) -> None:
    bell, water = worry(store, street, BELL), worry(store, street)
    text(store, street.guardian, f"3 {water.code}", NOW)
    assert state(store, water) is State.CLOSED
    assert state(store, bell) is State.OPEN


def test_safe_about_a_silent_meter_closes_it_without_a_visit(store: Store, street: Street) -> None:
    alert = worry(store, street, METER_SILENT, Grade.RED)
    assert text(store, street.guardian, f"3 {alert.code}", NOW) == "safe"
    assert state(store, alert) is State.CLOSED
    assert ledger(store) == []


# Which alert, and who may answer


def test_a_bare_answer_to_several_alerts_is_asked_back(store: Store, street: Street) -> None:
    first, second = worry(store, street), worry(store, street, FLAT_FLOW)
    assert text(store, street.guardian, "1", NOW) == "which"
    assert answers(store) == [
        {"answer": "which", "codes": " ".join(sorted([first.code, second.code]))}
    ]
    assert {state(store, first), state(store, second)} == {State.OPEN}


def test_a_bare_answer_to_no_alert_says_that_it_is_over(store: Store, street: Street) -> None:
    assert text(store, street.guardian, "1", NOW) == "no_alert"
    assert answers(store) == [{"answer": "closed"}]


def test_an_answer_to_an_alert_that_is_over_says_so(store: Store, street: Street) -> None:
    alert = worry(store, street)
    text(store, street.guardian, "3", NOW)
    assert text(store, street.community, f"1 {alert.code}", NOW) == "refused_closed"
    assert answers(store)[-1] == {"answer": "closed", "by": ""}


def test_an_alert_that_another_has_says_who(store: Store, street: Street) -> None:
    alert = worry(store, street)
    text(store, street.guardian, "1", NOW)
    assert text(store, street.community, f"1 {alert.code}", NOW) == "refused_taken"
    assert answers(store)[-1] == {"answer": "taken", "by": "guardian"}
    assert the_alert(store).owner == f"contact:{street.guardian}"


def test_somebody_elses_code_is_refused_and_changes_nothing(store: Store, street: Street) -> None:
    alert = worry(store, street)
    with store.transaction() as tx:
        other = add_home(tx, street.area, "H2")
        stranger = add_contact(tx)
        link_home(tx, other.id, stranger, Role.GUARDIAN)
    assert text(store, stranger, f"3 {alert.code}", NOW) == "not_allowed"
    assert state(store, alert) is State.OPEN
    assert answers(store) == [{"answer": "not_allowed"}]


def test_a_code_that_nobody_was_given_is_refused(store: Store, street: Street) -> None:
    alert = worry(store, street)
    wrong = "9999" if alert.code != "9999" else "9998"
    assert text(store, street.guardian, f"1 {wrong}", NOW) == "not_allowed"
    assert state(store, alert) is State.OPEN


def test_a_number_that_nobody_has_is_kept_and_not_answered(store: Store, street: Street) -> None:
    worry(store, street)
    reply = Reply("IN-stranger", "+8613700000000", "1", NOW)
    assert take_reply(store, reply, NOW) == "unknown_sender"
    assert answers(store) == []
    assert rows_of(store, t.replies)[-1]["result"] == "unknown_sender"


def test_one_number_of_two_people_is_understood_by_the_alert(store: Store, street: Street) -> None:
    with store.transaction() as tx:
        home = add_home(tx, street.area, "H2")
        twin = add_contact(tx, number=phone(street.guardian))
        link_home(tx, home.id, twin, Role.NEIGHBOUR)
    alert = keep_alert(store, NO_USE, home.id)
    put(store, note(alert.id, twin))
    text(store, street.guardian, "1", NOW)
    assert the_alert(store).owner == f"contact:{twin}"


def test_the_same_message_of_the_carrier_counts_once(store: Store, street: Street) -> None:
    worry(store, street)
    assert text(store, street.guardian, "4", NOW, ref="IN-1") == "cannot"
    before = (the_alert(store), len(outbox(store)))
    assert text(store, street.guardian, "4", NOW, ref="IN-1") == "repeated"
    assert (the_alert(store), len(outbox(store))) == before


def test_what_is_not_understood_is_asked_back_five_times_a_day_and_then_only_kept(
    store: Store, street: Street
) -> None:
    worry(store, street)
    for number in range(8):
        assert text(store, street.guardian, "what is this?", NOW + minutes(number)) == "unclear"
    assert len(answers(store)) == 5
    assert len(rows_of(store, t.replies)) == 8
    text(store, street.guardian, "1", NOW + minutes(9))
    assert len(answers(store)) == 6


# Away and at home


def test_away_by_sms_holds_for_the_days_said_and_everybody_else_hears_of_it(
    store: Store, street: Street
) -> None:
    alert = worry(store, street)
    assert text(store, street.guardian, f"离家 3 {alert.code}", NOW) == "away"
    (absence,) = absences(store)
    assert absence["until"] == NOW + minutes(3 * 24 * 60)
    assert absence["said_by"] == f"contact:{street.guardian}"
    others = [contact for contact in street.everybody if contact != street.guardian]
    assert told(store, "absence") == others
    assert {row["params"]["code"] for row in outbox(store, "absence")} == {alert.code}


@pytest.mark.parametrize("words", ["离家 8", "离家 0", "离家"])
def test_away_needs_one_to_seven_days(store: Store, street: Street, words: str) -> None:
    alert = worry(store, street)
    assert text(store, street.guardian, f"{words} {alert.code}", NOW) == "away_days"
    assert absences(store) == []


def test_a_red_home_is_not_declared_away_by_sms(store: Store, street: Street) -> None:
    alert = worry(store, street, NO_USE, Grade.RED)
    assert text(store, street.guardian, f"离家 3 {alert.code}", NOW) == "away_refused"
    assert absences(store) == []
    assert told(store, "absence") == []


def test_only_the_homes_own_people_say_that_it_is_empty(store: Store, street: Street) -> None:
    alert = worry(store, street)
    assert text(store, street.community, f"离家 3 {alert.code}", NOW) == "away_refused"
    assert absences(store) == []


def test_any_of_those_who_heard_of_an_absence_ends_it_by_the_code_they_were_given(
    store: Store, street: Street
) -> None:
    alert = worry(store, street)
    text(store, street.guardian, f"离家 3 {alert.code}", NOW)
    assert text(store, street.street_duty, f"在家 {alert.code}", NOW + minutes(5)) == "home"
    (absence,) = absences(store)
    assert absence["ended_at"] == NOW + minutes(5)
    assert absence["ended_by"] == f"contact:{street.street_duty}"


def test_an_absence_declared_at_the_desk_is_ended_by_a_bare_word(
    store: Store, street: Street
) -> None:
    declare_absence(store, street.home.id, NOW + minutes(999), "family", "user:1", NOW)
    assert text(store, street.neighbour, "在家", NOW + minutes(5)) == "home"
    assert absences(store)[0]["ended_at"] == NOW + minutes(5)
    assert text(store, street.neighbour, "在家", NOW + minutes(6)) == "home_none"


def test_a_bare_word_about_two_absences_ends_neither(store: Store, street: Street) -> None:
    with store.transaction() as tx:
        other = add_home(tx, street.area, "H2")
        link_home(tx, other.id, street.neighbour, Role.NEIGHBOUR)
    for home in (street.home.id, other.id):
        declare_absence(store, home, NOW + minutes(999), "family", "user:1", NOW)
    assert text(store, street.neighbour, "在家", NOW) == "home_which"
    assert [absence["ended_at"] for absence in absences(store)] == [None, None]


def test_somebody_who_has_nothing_to_do_with_it_ends_no_absence(
    store: Store, street: Street
) -> None:
    declare_absence(store, street.home.id, NOW + minutes(999), "family", "user:1", NOW)
    with store.transaction() as tx:
        stranger = add_contact(tx)
    assert text(store, stranger, "在家", NOW) == "home_none"
    assert absences(store)[0]["ended_at"] is None


# Visits


def visit(street: Street, outcome: Outcome = Outcome.SAFE, **times: Any) -> Visit:
    mode, seen = Mode.HOME, Seen.WELL
    return Visit(street.home.id, "user:1", "", mode, outcome, seen, NOW + minutes(60), **times)


def test_one_outcome_answers_every_open_worry_of_life_of_the_home(
    store: Store, street: Street
) -> None:
    for kind in (NO_USE, BELL, METER_SILENT):
        worry(store, street, kind)
    report(store, visit(street), NOW + minutes(60))
    closed = {alert.kind for alert in alerts(store) if alert.state is State.CLOSED}
    assert closed == {NO_USE, BELL}
    assert len(rows_of(store, t.visit_alerts)) == 2


def test_a_bell_rung_after_the_visitor_left_is_not_answered_by_what_they_write_later(
    store: Store, street: Street
) -> None:
    worry(store, street)
    later = NOW + minutes(30)
    press(store, a_press(at=later), now=later)
    report(store, visit(street, saw_person_at=NOW + minutes(10)), NOW + minutes(60))
    standing = [alert.kind for alert in alerts(store) if alert.state is not State.CLOSED]
    assert standing == [BELL]


def test_a_bell_rung_within_the_minute_that_was_written_down_is_answered(
    store: Store, street: Street
) -> None:
    rung = NOW + minutes(10.5)
    press(store, a_press(at=rung), now=rung)
    report(store, visit(street, saw_person_at=NOW + minutes(10)), NOW + minutes(60))
    assert the_alert(store).state is State.CLOSED


def test_a_bell_whose_clock_is_fast_is_answered_all_the_same(store: Store, street: Street) -> None:
    press(store, ButtonPress("bell-H1", NOW + minutes(9), NOW, "1"))
    seen_at = NOW + minutes(2)
    report(store, visit(street, saw_person_at=seen_at), seen_at)
    assert the_alert(store).state is State.CLOSED

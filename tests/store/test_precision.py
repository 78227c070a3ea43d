"""How often each rule was right, counted by both databases alike."""

from dataclasses import replace
from datetime import timedelta

import pytest

from meterwatch.domain.household import Grade
from meterwatch.domain.lesson import Verdict
from meterwatch.domain.signal import BELL, FLAT_FLOW, NO_USE
from meterwatch.domain.visit import Mode, Outcome, Seen, Visit
from meterwatch.store import Store
from meterwatch.store.views.precision import Period, RuleRow, home_years, rules
from tests.parts.street import LONG_AGO, add_home, build_street
from tests.store.rows import NOW, fresh_alert

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def homes(store: Store) -> None:
    street = build_street(store)
    with store.transaction() as tx:
        for number in range(2, 8):
            add_home(tx, street.area, f"H{number}")


def found(
    store: Store,
    outcome: Outcome | None,
    kind: str = NO_USE,
    *,
    home: int,
    days: float = 0,
    grade: Grade = Grade.GREEN,
    severity: float = 0.0,
) -> int:
    """Let an alert be raised, and a visit say what it was about."""
    opened = NOW + days * DAY
    fresh = fresh_alert(kind, home, opened)
    evidence = {"severity": severity} if severity else {}
    with store.transaction() as tx:
        alert = tx.alerts.add(replace(fresh, grade=grade, evidence=evidence), opened)
        if outcome is None:
            return 0
        visit = Visit(home, "user:1", "", Mode.HOME, outcome, Seen.WELL, opened + DAY)
        return tx.visits.add(visit, [alert.id])


def told(store: Store, since: float = -1, until: float = 10, **options: Grade) -> list[RuleRow]:
    with store.view() as view:
        return list(rules(view, Period(NOW + since * DAY, NOW + until * DAY, **options)))


def test_alerts_are_counted_by_kind_and_by_what_was_found(store: Store) -> None:
    for home, outcome in enumerate((Outcome.FALL, Outcome.SAFE, Outcome.AWAY_FAMILY, None), 1):
        found(store, outcome, home=home)
    found(store, Outcome.BUTTON_TEST, BELL, home=1)
    bell, dry = told(store)
    assert (bell.kind, bell.tally.by_verdict) == (BELL, {Verdict.FALSE: 1})
    assert (dry.kind, dry.tally.alerts, dry.tally.answered) == (NO_USE, 4, 3)
    assert dry.tally.precision == pytest.approx(1 / 3)


def test_a_flow_is_counted_by_its_severity(store: Store) -> None:
    found(store, Outcome.LEAK, FLAT_FLOW, home=1, severity=3.0)
    found(store, Outcome.VISITORS, FLAT_FLOW, home=2, severity=2.0)
    assert [(row.severity, row.tally.precision) for row in told(store)] == [(2, 0.0), (3, 1.0)]


def test_hubs_are_one_rule(store: Store) -> None:
    found(store, None, "hub_silent:north", home=1)
    found(store, None, "hub_silent:south", home=2)
    (row,) = told(store)
    assert (row.kind, row.tally.alerts) == ("hub_silent", 2)


def test_the_last_word_counts_and_corrected_lines_do_not(store: Store) -> None:
    line = found(store, Outcome.SAFE, home=1)
    visit = Visit(1, "user:1", "", Mode.HOME, Outcome.FALL, Seen.UNWELL, NOW + 2 * DAY)
    with store.transaction() as tx:
        tx.visits.correct(line, visit)
    (row,) = told(store)
    assert row.tally.by_verdict == {Verdict.TRUE: 1}


def test_only_what_was_raised_in_the_period_and_grade_counts(store: Store) -> None:
    found(store, Outcome.SAFE, home=1, days=0)
    found(store, Outcome.FALL, home=2, days=5, grade=Grade.RED)
    assert [row.tally.alerts for row in told(store, until=5)] == [1]
    assert [row.tally.precision for row in told(store, grade=Grade.RED)] == [1.0]
    assert told(store, since=6) == []


def test_alerts_are_said_by_home_and_year(store: Store) -> None:
    found(store, Outcome.SAFE, home=1)
    with store.view() as view:
        year = Period(NOW, NOW + 365.25 * DAY)
        assert home_years(view, year) == pytest.approx(7.0)
        assert home_years(view, Period(LONG_AGO - DAY, LONG_AGO)) == 0.0
        (row,) = rules(view, year)
    assert row.per_home_year == pytest.approx(1 / 7)

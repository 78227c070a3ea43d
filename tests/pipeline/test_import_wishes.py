"""Import: which homes are empty, and which guardians want a word each day."""

from datetime import timedelta
from typing import Any

import pytest

from meterwatch.domain.household import Absence
from meterwatch.pipeline.import_homes import Imported, ImportFault, import_homes
from meterwatch.pipeline.import_homes.register import Count
from meterwatch.store import Store
from meterwatch.store.tables import people as t
from tests.pipeline.acting import outbox, rows_of
from tests.pipeline.test_import_homes import HOME, NOW, ZONE, written


def take_in(store: Store, *lines: dict[str, str], **options: Any) -> Imported:
    given = {"now": NOW, "zone": ZONE, **options}
    return import_homes(store, written(*lines).encode(), **given)


def vacant(store: Store) -> set[int]:
    with store.transaction(read_only=True) as tx:
        return {*tx.homes.vacant(NOW)}


def wanting(store: Store) -> list[int]:
    return [row["contact_id"] for row in rows_of(store, t.digests)]


def test_a_home_is_taken_for_empty_and_for_lived_in_again(store: Store) -> None:
    done = take_in(store, HOME | {"vacant": "是"})
    assert done.counts["vacant"] == Count(0, 1, 0)
    (home,) = vacant(store)
    assert len(outbox(store, "absence")) == 2  # those who may be called can say that it is wrong
    again = take_in(store, HOME | {"vacant": "yes"})
    assert again.counts["vacant"] == Count(0, 0, 1)
    take_in(store, HOME | {"vacant": ""})
    assert vacant(store) == {home}
    later = NOW + timedelta(hours=1)
    assert take_in(store, HOME | {"vacant": "否"}, now=later).counts["vacant"] == Count(0, 1, 0)
    assert vacant(store) == set()


def test_a_home_that_is_only_away_is_not_back_because_it_is_lived_in(store: Store) -> None:
    take_in(store, HOME)
    (home,) = (row["id"] for row in rows_of(store, t.households))
    with store.transaction() as tx:
        away = Absence(home, NOW, NOW + timedelta(days=3), "family")
        tx.homes.declare_absence(away, "user:1", NOW)
    take_in(store, HOME | {"vacant": "no"}, now=NOW + timedelta(hours=1))
    assert rows_of(store, t.absences)[0]["ended_at"] is None


def test_a_guardian_wants_a_word_each_day_and_wants_it_no_more(store: Store) -> None:
    done = take_in(store, HOME | {"daily_word": "是"})
    assert done.counts["daily"] == Count(0, 1, 0)
    (contact,) = wanting(store)
    guardian = [row for row in rows_of(store, t.contacts) if row["name"] == HOME["guardian"]]
    assert contact == guardian[0]["id"]
    assert take_in(store, HOME | {"daily_word": "yes"}).counts["daily"] == Count(0, 0, 1)
    take_in(store, HOME)
    assert wanting(store) == [contact]
    take_in(store, HOME | {"daily_word": "否"})
    assert wanting(store) == []


def test_a_wish_without_a_guardian_is_a_fault(store: Store) -> None:
    line = HOME | {"daily_word": "是", "guardian": "", "guardian_phone": ""}
    with pytest.raises(ImportFault) as caught:
        take_in(store, line)
    assert [(one.line, one.column) for one in caught.value.remarks] == [(2, "daily_word(每日短信)")]
    assert wanting(store) == []


def test_a_file_that_says_neither_counts_neither(store: Store) -> None:
    done = take_in(store, HOME)
    assert {"vacant", "daily"}.isdisjoint(done.counts)


def test_a_dry_run_takes_nobody_s_home_for_empty(store: Store) -> None:
    take_in(store, HOME | {"vacant": "是", "daily_word": "是"}, dry_run=True)
    assert vacant(store) == set()
    assert wanting(store) == []
    assert outbox(store) == []

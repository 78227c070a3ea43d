"""First uses: one message a day to who asked for it, by day, and never for a day without water."""

from datetime import timedelta, timezone

import pytest

from meterwatch.domain.digest import DailyRule
from meterwatch.domain.household import Role
from meterwatch.pipeline.first_use import tell_first_uses
from meterwatch.pipeline.meters import Meters
from meterwatch.pipeline.respond import declare_absence
from meterwatch.store import Store
from tests.parts.street import Street, add_home, build_street, erase_contact, link_home
from tests.pipeline.acting import Carrier, alerts, outbox, post, states, told
from tests.pipeline.test_meters import WATCH, Watching, at

RULE = DailyRule()
# These people live where the first hour of the tests begins at midnight.
ZONE = timezone(timedelta(seconds=-at(0).timestamp() % 86_400))


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """What is tried here is the same on both databases; one test holds that."""
    return sqlite_store


@pytest.fixture
def street(store: Store) -> Street:
    return build_street(store)


@pytest.fixture
def watching(store: Store, street: Street) -> Watching:
    return Watching(store, Meters(store, WATCH))


@pytest.fixture
def wished(store: Store, street: Street) -> Street:
    """A guardian who wants to hear of the home each day."""
    wish(store, street.home.id, street.guardian)
    return street


def wish(store: Store, home: int, contact: int) -> None:
    with store.transaction() as tx:
        tx.digests.want(home, contact, "user:1", at(0))


def lives(watching: Watching, hours: range, used: set[int], *devices: int) -> None:
    """Let a home draw ten litres in these hours of the day, and report at the end of each."""
    for hour in hours:
        drawn = 10.0 if (hour - 1) % 24 in used else 0.0
        watching.use(range(hour, hour + 1), drawn, *devices)


def tell(store: Store, hour: float, rule: DailyRule = RULE) -> int:
    """Do what is done each minute, at this hour."""
    return tell_first_uses(store, rule, ZONE, 3.0, at(hour))


def test_the_first_use_of_a_day_is_told_once(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 33), {6, 8, 20})
    carrier = Carrier()
    assert [tell(store, 32.5 + minute / 60) for minute in range(3)] == [1, 0, 0]
    post(store, carrier, at(32.6))
    assert carrier.to(wished.guardian)[0].startswith("您关注的住户今天07:00前已用水")
    lives(watching, range(33, 48), {8, 20})
    assert tell(store, 47) == 0
    lives(watching, range(48, 58), {8, 20})
    assert tell(store, 57.5) == 1
    assert told(store, "first_use") == [wished.guardian] * 2


def test_on_postgresql_it_is_told_once_as_well(pg_store: Store) -> None:
    street = build_street(pg_store)
    wish(pg_store, street.home.id, street.guardian)
    wish(pg_store, street.home.id, street.guardian)
    lives(Watching(pg_store, Meters(pg_store, WATCH)), range(1, 33), {6, 8, 20})
    assert [tell(pg_store, hour) for hour in (30, 32, 33)] == [0, 1, 0]
    assert told(pg_store, "first_use") == [street.guardian]


def test_only_who_asked_for_it_hears(store: Store, watching: Watching, street: Street) -> None:
    lives(watching, range(1, 33), {6, 8})
    assert tell(store, 33) == 0
    wish(store, street.home.id, street.community)
    assert tell(store, 33) == 1
    with store.transaction() as tx:
        tx.digests.want_not(street.home.id, street.community)
    lives(watching, range(33, 60), {6, 8})
    assert tell(store, 60) == 0
    assert told(store, "first_use") == [street.community]


def test_who_rises_before_the_hour_is_told_of_at_that_hour(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 31), {5})
    assert [tell(store, hour) for hour in (30, 30.9, 31)] == [0, 0, 1]


def test_who_is_up_in_the_night_is_not_up_yet(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 40), {2})
    assert tell(store, 40) == 0


def test_a_day_without_water_sends_nothing(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 24), {6, 20})
    watching.use(range(24, 44), 0.0)
    assert [tell(store, hour) for hour in range(24, 44)] == [0] * 20


def test_nobody_hears_at_night_of_a_day_that_began_late(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 48), {21})
    assert tell(store, 46.5) == 0


def test_a_use_in_a_gap_that_began_last_night_is_not_told_as_today_s(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 24), {6, 20})
    watching.use(range(34, 35), 30.0)  # the first reading since eleven last night
    assert tell(store, 34.5) == 0
    watching.use(range(35, 36), 30.0)
    assert tell(store, 35.5) == 1


def test_a_leak_is_nobody_s_good_morning(store: Store, watching: Watching, wished: Street) -> None:
    lives(watching, range(1, 20), {6, 8})
    watching.use(range(20, 60), 8.0)
    assert tell(store, 59) == 0


def test_while_somebody_is_to_look_nobody_is_soothed(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 24), {6, 20})
    watching.use(range(24, 58), 0.0)
    assert len(alerts(store)) == 1
    watching.use(range(58, 59), 10.0)
    assert told(store, "good_news") == [wished.guardian, wished.community]
    assert tell(store, 58.5) == 0


def test_a_home_that_is_away_says_only_that_it_is_back(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 24), {6, 20})
    watching.use(range(24, 34), 0.0)
    declare_absence(store, wished.home.id, at(200), "family", "user:1", at(34.5))
    watching.use(range(35, 36), 0.0)
    assert tell(store, 36) == 0


def test_a_message_that_cannot_go_out_by_day_does_not_go_out_at_night(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 33), {6})
    assert tell(store, 33) == 1
    carrier = Carrier()
    post(store, carrier, at(45))
    assert carrier.took == {}
    assert states(store, "first_use") == ["suppressed"]
    assert outbox(store, "first_use")[0]["error"] == "too_late"


def test_who_hears_of_two_homes_is_told_which(
    store: Store, watching: Watching, wished: Street
) -> None:
    with store.transaction() as tx:
        second = add_home(tx, wished.area, "H2")
        link_home(tx, second.id, wished.guardian, Role.GUARDIAN)
    wish(store, second.id, wished.guardian)
    watching.meters.refresh()
    lives(watching, range(1, 33), {6}, wished.home.meter, second.meter)
    assert tell(store, 33) == 2
    carrier = Carrier()
    post(store, carrier, at(33))
    said = carrier.to(wished.guardian)
    assert ["H1" in said[0], "H2" in said[1]] == [True, True]


def test_who_belongs_to_the_home_no_more_hears_nothing(
    store: Store, watching: Watching, wished: Street
) -> None:
    wish(store, wished.home.id, wished.neighbour)
    erase_contact(store, wished.guardian)
    lives(watching, range(1, 33), {6})
    assert tell(store, 33) == 1
    assert told(store, "first_use") == [wished.neighbour]


def test_a_house_that_was_down_in_the_morning_tells_it_when_it_is_up(
    store: Store, watching: Watching, wished: Street
) -> None:
    lives(watching, range(1, 44), {6})
    assert tell(store, 43.5) == 1
    assert outbox(store, "first_use")[0]["params"]["used_at"] == "07:00"


def test_nothing_is_asked_of_the_readings_where_nobody_wishes(store: Store) -> None:
    street = build_street(store)
    assert tell_first_uses(store, RULE, ZONE, 3.0, at(33)) == 0
    wish(store, street.home.id, street.guardian)
    assert tell_first_uses(store, RULE, ZONE, 3.0, at(33) + timedelta(days=1)) == 0

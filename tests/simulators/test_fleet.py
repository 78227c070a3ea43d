from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from meterwatch.domain.fact import ButtonPress, DeviceStatus, Fact, Reading, Refusal
from meterwatch.domain.household import DeviceKind
from meterwatch.gateways import decode
from meterwatch.gateways.base import Message
from meterwatch.simulators.district import District, Home, invent
from meterwatch.simulators.fleet import Fleet
from meterwatch.simulators.mishaps import (
    Away,
    ClockFault,
    FlatBattery,
    MeterSwap,
    Mishap,
    PressStyle,
    SlowLeak,
)

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def district() -> District:
    return invent(40)


@pytest.fixture
def fleet(district: District) -> Fleet:
    return Fleet(district)


def speaking(fleet: Fleet, gateway: str) -> Home:
    return next(home for home in fleet.district.homes if home.meter.gateway == gateway)


def facts(messages: Iterable[tuple[datetime, Message]]) -> Iterator[Fact]:
    for _, message in messages:
        decoded = decode(message, {})
        assert not decoded.refused
        yield from decoded.facts


def readings(messages: Iterable[tuple[datetime, Message]], home: Home) -> list[Reading]:
    return [f for f in facts(messages) if isinstance(f, Reading) and f.device == home.meter.address]


def said_by(messages: Iterable[tuple[datetime, Message]], device: str) -> list[Fact]:
    return [fact for fact in facts(messages) if fact.device == device]


def presses(messages: Iterable[tuple[datetime, Message]]) -> list[ButtonPress]:
    return [fact for fact in facts(messages) if isinstance(fact, ButtonPress)]


def test_the_same_seed_gives_the_same_messages(district: District) -> None:
    first, again = Fleet(district, seed=3), Fleet(district, seed=3)
    assert list(first.messages(NOW, NOW + DAY)) == list(again.messages(NOW, NOW + DAY))


def test_another_seed_gives_other_messages(district: District) -> None:
    first, other = Fleet(district, seed=3), Fleet(district, seed=4)
    assert list(first.messages(NOW, NOW + HOUR)) != list(other.messages(NOW, NOW + HOUR))


def test_messages_come_in_order_of_time_and_within_what_was_asked(fleet: Fleet) -> None:
    moments = [moment for moment, _ in fleet.messages(NOW, NOW + DAY)]
    assert moments == sorted(moments)
    assert moments[0] >= NOW
    assert moments[-1] < NOW + DAY


def test_asking_in_small_steps_gives_the_same_messages_as_asking_at_once(fleet: Fleet) -> None:
    fleet.press(3, NOW + timedelta(minutes=7, seconds=0.5), PressStyle.DOUBLE)
    steps = [NOW + timedelta(seconds=20 * k) for k in range(181)]
    stepped = [m for start, end in pairwise(steps) for m in fleet.messages(start, end)]
    assert stepped == list(fleet.messages(NOW, NOW + HOUR))


def test_what_was_asked_for_first_does_not_change_what_comes_later(district: District) -> None:
    fresh, busy = Fleet(district), Fleet(district)
    list(busy.messages(NOW - 3 * DAY, NOW))
    assert list(fresh.messages(NOW, NOW + HOUR)) == list(busy.messages(NOW, NOW + HOUR))


def test_every_payload_is_read_back_by_its_gateway_as_the_register_it_came_from(
    fleet: Fleet,
) -> None:
    homes = {home.meter.address: home.number for home in fleet.district.homes}
    heard = [f for f in facts(fleet.messages(NOW, NOW + 6 * HOUR)) if isinstance(f, Reading)]
    assert {reading.device for reading in heard} == set(homes)
    for reading in heard:
        shown = fleet.registers([homes[reading.device]], [reading.measured_at])
        assert reading.litres == pytest.approx(shown[0, 0])
        assert reading.litres > 0


def test_every_meter_reports_once_in_its_interval_at_its_own_time(fleet: Fleet) -> None:
    moments: dict[str, list[datetime]] = defaultdict(list)
    for fact in facts(fleet.messages(NOW, NOW + DAY)):
        if isinstance(fact, Reading):
            moments[fact.device].append(fact.measured_at)
    for home in fleet.district.homes:
        interval = timedelta(minutes=home.meter.interval_minutes)
        assert len(moments[home.meter.address]) == DAY / interval
        assert {b - a for a, b in pairwise(moments[home.meter.address])} == {interval}
    assert len({(of[0] - NOW).total_seconds() for of in moments.values()}) > 30


def test_a_concentrator_sends_all_its_meters_in_one_batch(fleet: Fleet) -> None:
    hub = speaking(fleet, "native").meter.hub
    homes = {home.meter.address for home in fleet.district.homes if home.meter.hub == hub}
    batches = [
        {fact.device for fact in decode(message, {}).facts}
        for _, message in fleet.messages(NOW, NOW + HOUR)
        if message.topic.startswith("meterwatch/")
    ]
    assert homes in batches
    assert len(homes) > 1


def test_the_backfill_brings_the_readings_that_live_messages_would_have_brought(
    fleet: Fleet,
) -> None:
    def told(messages: Iterable[tuple[datetime, Message]]) -> set[tuple[str, datetime, float]]:
        return {
            (fact.device, fact.measured_at, fact.litres)
            for fact in facts(messages)
            if isinstance(fact, Reading)
        }

    assert told(fleet.backfill(NOW - 2 * DAY, NOW)) == told(fleet.messages(NOW - 2 * DAY, NOW))


def test_the_backfill_is_one_payload_a_meter_and_day_in_order_of_time(fleet: Fleet) -> None:
    messages = list(fleet.backfill(NOW - 3 * DAY, NOW))
    assert len(messages) == 3 * 40
    assert [moment for moment, _ in messages] == sorted(moment for moment, _ in messages)
    assert len(decode(messages[0][1], {}).facts) >= 24


def test_registers_of_many_homes_never_decrease_and_have_whole_steps(fleet: Fleet) -> None:
    numbers = [home.number for home in fleet.district.homes]
    table = fleet.registers(numbers, [NOW + k * HOUR for k in range(48)])
    assert table.shape == (40, 48)
    assert (np.diff(table, axis=1) >= 0).all()
    steps = [home.meter.resolution_litres for home in fleet.district.homes]
    assert (table % np.array(steps)[:, None] == 0).all()
    assert max(steps) == 10


def test_a_fall_stops_the_register_until_help_comes(fleet: Fleet) -> None:
    fleet.fall(2, NOW)
    fleet.help(2, NOW + 20 * HOUR)
    shown = fleet.registers([2], [NOW, NOW + 20 * HOUR, NOW + 44 * HOUR])[0]
    assert shown[1] == shown[0]
    assert shown[2] > shown[1]
    assert fleet.truth(2, NOW + HOUR).fallen
    assert not fleet.truth(2, NOW + 20 * HOUR).needs_somebody


def test_a_meter_goes_on_reporting_while_somebody_lies_on_the_floor(fleet: Fleet) -> None:
    home = fleet.district.home(2)
    fleet.fall(2, NOW)
    said = readings(fleet.messages(NOW + HOUR, NOW + DAY), home)
    assert len(said) == 23
    assert len({reading.litres for reading in said}) == 1


def test_an_open_tap_runs_until_it_is_closed(fleet: Fleet) -> None:
    quiet = fleet.registers([2], [NOW, NOW + 3 * HOUR, NOW + 5 * HOUR])[0]
    fleet.open_tap(2, NOW, litres_per_hour=300)
    assert fleet.truth(2, NOW + HOUR).litres_per_hour == 300
    fleet.help(2, NOW + 3 * HOUR)
    running = fleet.registers([2], [NOW, NOW + 3 * HOUR, NOW + 5 * HOUR])[0]
    assert (running - quiet).tolist() == [0, 900, 900]


def test_nothing_is_heard_through_a_hub_that_is_cut_but_bells_still_ring(fleet: Fleet) -> None:
    home = speaking(fleet, "wmbusmeters")
    fleet.cut(home.meter.hub, NOW)
    fleet.press(home.number, NOW + HOUR)
    heard = list(fleet.messages(NOW, NOW + 6 * HOUR))
    assert readings(heard, home) == []
    assert [press.device for press in presses(heard)] == [home.button]
    assert not fleet.truth(home.number, NOW + HOUR).heard
    others = [h for h in fleet.district.homes if h.meter.hub != home.meter.hub]
    assert all(readings(heard, other) for other in others)


def test_a_mended_radio_gateway_has_lost_what_it_did_not_hear(fleet: Fleet) -> None:
    home = speaking(fleet, "wmbusmeters")
    fleet.cut(home.meter.hub, NOW)
    fleet.mend(home.meter.hub, NOW + 5 * HOUR)
    said = readings(fleet.messages(NOW, NOW + 8 * HOUR), home)
    assert len(said) == 3
    assert fleet.truth(home.number, NOW + 5 * HOUR).heard


def test_a_mended_concentrator_sends_late_what_it_has_kept(fleet: Fleet) -> None:
    home = speaking(fleet, "native")
    fleet.cut(home.meter.hub, NOW)
    assert readings(fleet.messages(NOW, NOW + 5 * HOUR), home) == []
    fleet.mend(home.meter.hub, NOW + 5 * HOUR)
    said = readings(fleet.messages(NOW + 5 * HOUR, NOW + 8 * HOUR), home)
    assert len({reading.measured_at for reading in said}) == 8
    late = [reading for reading in said if reading.received_at - reading.measured_at > HOUR]
    assert len(late) >= 4
    assert {reading.received_at for reading in late} == {NOW + 5 * HOUR + timedelta(minutes=1)}


def test_a_live_press_is_one_press_and_not_a_cached_one(fleet: Fleet) -> None:
    fleet.press(7, NOW + timedelta(seconds=3))
    heard = presses(fleet.messages(NOW, NOW + HOUR))
    assert [(p.device, p.cached, p.suspect) for p in heard] == [("bell-0007", False, "")]
    assert fleet.truth(7, NOW + timedelta(seconds=3)).needs_somebody


def test_a_press_in_what_was_already_told_is_heard_next_and_not_lost(fleet: Fleet) -> None:
    list(fleet.messages(NOW, NOW + HOUR))
    fleet.press(7, NOW + timedelta(minutes=59))
    (heard,) = presses(fleet.messages(NOW + HOUR, NOW + 2 * HOUR))
    assert heard.device == "bell-0007"


def test_a_press_published_twice_carries_one_reference(fleet: Fleet) -> None:
    fleet.press(7, NOW, PressStyle.DOUBLE)
    heard = presses(fleet.messages(NOW, NOW + HOUR))
    assert len(heard) == 2
    assert len({press.ref for press in heard}) == 1


def test_a_press_from_a_bridges_memory_is_retained_and_old(fleet: Fleet) -> None:
    fleet.press(7, NOW, PressStyle.CACHED)
    (heard,) = presses(fleet.messages(NOW, NOW + HOUR))
    assert heard.cached
    assert heard.received_at - heard.measured_at > HOUR


def test_a_bell_tells_that_it_lives_every_four_hours(fleet: Fleet) -> None:
    said = said_by(fleet.messages(NOW, NOW + DAY), "bell-0007")
    assert len(said) == 6
    assert all(isinstance(fact, DeviceStatus) for fact in said)


@pytest.mark.parametrize("gateway", ["wmbusmeters", "chirpstack", "native"])
def test_a_flat_battery_is_told_for_a_day_and_then_the_meter_is_silent(
    district: District, gateway: str
) -> None:
    home = speaking(Fleet(district), gateway)
    fleet = Fleet(district, mishaps=[FlatBattery(home=home.number, since=NOW)])
    told = [
        fact
        for fact in said_by(fleet.messages(NOW, NOW + DAY), home.meter.address)
        if isinstance(fact, DeviceStatus)
    ]
    assert told
    assert all(fact.flags or fact.battery_percent == 3 for fact in told)
    assert said_by(fleet.messages(NOW + DAY, NOW + 2 * DAY), home.meter.address) == []
    assert not fleet.truth(home.number, NOW + DAY).heard


def test_a_changed_battery_says_that_all_is_well_again(district: District) -> None:
    battery = FlatBattery(home=1, since=NOW, until=NOW + 2 * DAY)
    fleet = Fleet(district, mishaps=[battery])
    address = district.home(1).meter.address
    said = said_by(fleet.messages(NOW + 2 * DAY, NOW + 2 * DAY + 2 * HOUR), address)
    assert [fact.flags for fact in said if isinstance(fact, DeviceStatus)] == [(), ()]


def test_a_bell_with_a_flat_battery_says_so_and_falls_silent(district: District) -> None:
    battery = FlatBattery(home=1, since=NOW, device=DeviceKind.BUTTON)
    fleet = Fleet(district, mishaps=[battery])
    bell, meter = district.home(1).button, district.home(1).meter.address
    low = said_by(fleet.messages(NOW, NOW + DAY), bell)
    assert {fact.flags for fact in low if isinstance(fact, DeviceStatus)} == {("battery_low",)}
    later = list(fleet.messages(NOW + DAY, NOW + 2 * DAY))
    assert said_by(later, bell) == []
    assert len(said_by(later, meter)) == 24
    assert fleet.truth(1, NOW + DAY).heard


def test_a_meter_with_a_wrong_clock_is_refused_for_its_clock(district: District) -> None:
    fault = ClockFault(home=1, since=NOW, until=NOW + 2 * HOUR)
    fleet = Fleet(district, mishaps=[fault])
    topic = f"wmbusmeters/{district.home(1).meter.address}"
    said = [decode(m, {}) for _, m in fleet.messages(NOW, NOW + 4 * HOUR) if m.topic == topic]
    assert [[r.reason for r in one.refused] for one in said] == [
        [Refusal.CLOCK],
        [Refusal.CLOCK],
        [],
        [],
    ]


def test_a_swapped_meter_is_heard_with_its_new_register(district: District) -> None:
    swap: Mishap = MeterSwap(home=1, since=NOW + 2 * HOUR)
    fleet = Fleet(district, mishaps=[swap])
    said = readings(fleet.messages(NOW, NOW + 4 * HOUR), district.home(1))
    assert said[1].litres > 10_000
    assert said[2].litres < 1_000


def test_an_empty_home_uses_nothing_and_needs_nobody(district: District) -> None:
    away = Away(home=1, since=NOW, until=NOW + 3 * DAY)
    fleet = Fleet(district, mishaps=[away])
    shown = fleet.registers([1], [NOW, NOW + 3 * DAY, NOW + 4 * DAY])[0]
    assert shown[0] == shown[1] < shown[2]
    truth = fleet.truth(1, NOW + DAY)
    assert truth.away
    assert not truth.needs_somebody


def test_a_dripping_home_still_needs_nobody_at_once(district: District) -> None:
    fleet = Fleet(district, mishaps=[SlowLeak(home=1, since=NOW)])
    truth = fleet.truth(1, NOW + DAY)
    assert truth.litres_per_hour == 4
    assert not truth.needs_somebody


def test_a_mishap_in_one_home_leaves_every_other_home_as_it_was(district: District) -> None:
    calm, troubled = Fleet(district), Fleet(district)
    troubled.fall(2, NOW)
    numbers = [home.number for home in district.homes if home.number != 2]
    moments = [NOW + k * HOUR for k in range(30)]
    assert (calm.registers(numbers, moments) == troubled.registers(numbers, moments)).all()


def test_mishaps_are_listed_in_order_of_their_beginning(fleet: Fleet) -> None:
    fleet.fall(2, NOW + HOUR)
    fleet.press(3, NOW)
    assert [type(mishap).__name__ for mishap in fleet.mishaps] == ["Press", "Fall"]


def test_a_home_or_a_hub_that_is_not_there_is_named_with_those_that_are(fleet: Fleet) -> None:
    with pytest.raises(LookupError, match="no home 41; they are numbered 1 to 40"):
        fleet.fall(41, NOW)
    with pytest.raises(LookupError, match="no hub 'hub-99'; there are hub-01, "):
        fleet.cut("hub-99", NOW)


def test_a_time_before_the_meters_were_new_is_refused(fleet: Fleet) -> None:
    with pytest.raises(ValueError, match="were new on 2020-01-01"):
        list(fleet.messages(datetime(2019, 6, 1, tzinfo=UTC), NOW))

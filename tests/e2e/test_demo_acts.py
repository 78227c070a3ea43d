"""The buttons of the demo, and its fake phones: what they let happen is seen in the console."""

import re
from collections.abc import Callable, Iterator

import pytest

from meterwatch.domain.household import Role
from meterwatch.simulators.district import District, invent
from tests.e2e.playing import Demo, Visitor, wait_for
from tests.parts.absent import absent
from tests.parts.programs import find_program

HOMES = 40  # ten to a gateway, and the third gateway is down from the beginning
FIVE_MINUTES = 300.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Demo]:
    """Give a demo that plays through a broker of its own; each test has its own homes in it."""
    if find_program("mosquitto") is None:
        absent("broker", "mosquitto is not installed")
    folder = tmp_path_factory.mktemp("demo")
    with Demo(folder, free_port(), "--homes", str(HOMES)) as running:
        yield running.opened()


@pytest.fixture(scope="module")
def district() -> District:
    return invent(HOMES)


@pytest.fixture
def visitor(demo: Demo) -> Iterator[Visitor]:
    with Visitor(demo.port) as coming:
        yield coming


def homes_behind(district: District, hub: str) -> set[str]:
    return {home.code for home in district.homes if home.meter.hub == hub}


def phone_of(district: District, code: str, role: Role) -> str:
    return district.home(district.number_of(code)).contacts[role].phone


def code_in(text: str) -> str:
    found = re.search(r"编号(\d{4})", text)
    assert found is not None, text
    return found[1]


def report(visitor: Visitor, home: str) -> None:
    """Log that somebody went there and found the person well."""
    answer = visitor.http.post(
        "/visits/new", params={"household": visitor.number_of(home)}, data={"quick": "home"}
    )
    assert answer.status_code == 303, answer.text


def test_a_pressed_bell_tells_everybody_and_comes_back_when_nobody_goes(
    visitor: Visitor, district: District
) -> None:
    home = "SL0005"
    daughter, neighbour = (
        phone_of(district, home, role) for role in (Role.GUARDIAN, Role.NEIGHBOUR)
    )
    assert visitor.alerts("bell", home) == []

    visitor.act("press", household=visitor.number_of(home))
    assert visitor.awaited("bell", home)["state"] == "open"
    wait_for("the daughter is told", lambda: bool(visitor.phones().get(daughter)))
    asked = visitor.phones()[daughter][0]
    assert "按铃求助" in asked
    code = code_in(asked)
    assert any(code in text for text in visitor.phones()[neighbour])

    visitor.reply(neighbour, f"1 {code}")
    (alert,) = visitor.alerts("bell", home)
    assert (alert["state"], alert["owner"].partition(":")[0]) == ("acknowledged", "contact")
    assert visitor.phones()[neighbour][0].startswith(f"编号{code}已登记：收到")
    assert visitor.phones()[daughter][0] == asked

    before = visitor.clock()
    visitor.act("hour")
    assert visitor.clock() - before >= 3_600
    (alert,) = visitor.alerts("bell", home)
    assert alert["state"] == "open"
    assert visitor.lines(alert["id"])[:4] == ["opened", "step", "acknowledged", "lapsed"]
    assert any("尚无结果" in text and code in text for text in visitor.phones()[daughter])

    report(visitor, home)
    assert visitor.alerts("bell", home) == []
    over = f"编号{code}已有结果"
    wait_for("the daughter hears", lambda: over in visitor.phones()[daughter][0])


def test_a_fall_an_open_tap_and_a_cut_gateway_show_as_what_they_are_when_time_is_moved_on(
    visitor: Visitor, district: District
) -> None:
    fallen, running, hub = "SL0013", "SL0007", "hub-04"
    for home in {
        alert["household_code"] for alert in visitor.alerts() if alert["severity"] != "no_data"
    }:
        report(visitor, home)  # else their messages fill the nights
    assert visitor.alerts("no_use", fallen) == visitor.alerts("flat_flow", running) == []
    assert not visitor.unknown_homes() & homes_behind(district, hub)

    visitor.act("fall", household=visitor.number_of(fallen))
    visitor.act("tap", household=visitor.number_of(running))
    visitor.act("cut", hub=hub)
    for _ in range(6):
        if visitor.alerts("no_use", fallen) and visitor.alerts("flat_flow", running):
            break
        before = visitor.clock()
        visitor.act("night")
        assert visitor.clock() - before >= 8 * 3_600

    (silence,) = visitor.alerts("no_use", fallen)
    assert silence["evidence"]["silence_hours"] >= silence["evidence"]["limit_hours"]
    (flow,) = visitor.alerts("flat_flow", running)
    # What it never fell below: of the first hour it may have run for a part only.
    assert 30 <= flow["evidence"]["litres_per_hour"] <= 1.2 * 360
    (cut,) = visitor.alerts(f"hub_silent:{hub}")
    assert cut["severity"] == "no_data"
    assert visitor.unknown_homes() >= homes_behind(district, hub)
    silent = {alert["household_code"] for alert in visitor.alerts("no_use")}
    assert not silent & homes_behind(district, hub), "unknown is not zero"


def test_who_names_no_home_has_one_chosen_in_which_nothing_has_happened(visitor: Visitor) -> None:
    def rung() -> set[str]:
        return {alert["household_code"] for alert in visitor.alerts("bell")}

    before = rung()
    visitor.act("press")
    wait_for("another bell rings", lambda: len(rung() - before) == 1)
    (home,) = rung() - before
    report(visitor, home)


def test_only_a_page_of_the_demo_can_press_its_buttons(visitor: Visitor) -> None:
    before = visitor.alerts("bell")
    elsewhere = {"Origin": "https://elsewhere.example"}
    answer = visitor.http.post("/demo/act/press", headers=elsewhere)
    assert answer.status_code == 403
    answer = visitor.http.post("/demo/phone", headers=elsewhere, data={"phone": "1", "text": "1"})
    assert answer.status_code == 403
    assert visitor.alerts("bell") == before


def test_what_is_no_button_and_no_phone_is_not_found(visitor: Visitor) -> None:
    assert visitor.http.post("/demo/act/explode").status_code == 404
    strange = {"phone": "+8613800138000", "text": "1"}
    assert visitor.http.post("/demo/phone", data=strange).status_code == 404

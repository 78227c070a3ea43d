"""The story that the service is for, from a fall at 06:40 to the line in the ledger.

Once by the acts that pages and phones end in, once clicked through in Chromium. The clock is moved
by hand: nobody waits for twenty minutes, and nothing depends on how fast the machine is.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from meterwatch.app.console import ConsoleServer, first_login, make_console
from meterwatch.config.web import Web
from meterwatch.dashboard.demo import router
from meterwatch.domain.alert import State
from meterwatch.domain.household import Role
from meterwatch.domain.visit import Mode, Outcome
from meterwatch.store.views import alerts, system, visits
from tests.e2e.village import FALL, FALLEN, MINUTE, Hands, Village, settings_in

LINES = ("opened", "step", "step", "acknowledged", "lapsed", "step", "going", "visit", "closed")
SHANGHAI = ZoneInfo("Asia/Shanghai")

NOTE = "在浴室滑倒,已送医"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PATIENCE = 30_000  # milliseconds in which a page shows what has happened
OPERATOR, PASSWORD = "林晓", "a good long password"


@pytest.fixture
def village(village_folder: Path, free_port: Callable[[], int]) -> Iterator[Village]:
    """Give the village on the morning of the story, its house awake."""
    alive = Village(settings_in(village_folder, web=Web(port=free_port())))
    alive.house.watch_meters()
    yield alive
    alive.close()


@pytest.fixture
def console(village: Village) -> Iterator[ConsoleServer]:
    """Serve the console, with the fake phones of the demo."""
    server = ConsoleServer(village.house, make_console(village.house, demo=router(Hands(village))))
    server.start()
    assert server.started
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    expect.set_options(timeout=PATIENCE)
    yield
    expect.set_options(timeout=5_000)  # as it was


@pytest.fixture
def operator(village: Village, console: ConsoleServer, page: Page) -> Page:
    """Let the operator make the first account by the one-time link, and log in."""
    link = first_login(village.house)
    assert link is not None
    page.goto(link)
    page.fill("input[name=name]", OPERATOR)
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.click("form.stack button")
    page.wait_for_selector("#queue")
    return page


def texts(phones: Page, number: str) -> Locator:
    """Find the texts on a fake phone, the newest first."""
    return phones.locator(f"#phone-{number.removeprefix('+')} li p")


def told(village: Village) -> dict[str, int]:
    """Count the texts of each phone, as they lie in the inbox."""
    with village.house.store.view() as view:
        return dict(Counter(row.phone for row in system.inbox(view, 1_000)))


def local(moment: datetime) -> str:
    """Write a moment as the form has it, in Shanghai."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


def test_the_story_by_its_acts(village: Village) -> None:
    hands = Hands(village)
    daughter, contact, neighbour, volunteer, street, district = (
        village.phone(FALLEN, role)
        for role in (
            Role.GUARDIAN,
            Role.COMMUNITY,
            Role.NEIGHBOUR,
            Role.VOLUNTEER,
            Role.STREET_DUTY,
            Role.DISTRICT_DUTY,
        )
    )
    village.pass_until(lambda: village.clock.now() >= FALL)
    village.fall()
    village.pass_until(lambda: bool(village.standing()))
    (row,) = village.standing()
    assert told(village) == {daughter: 1, contact: 1}

    village.pass_minutes(15)
    assert told(village) == {daughter: 2, contact: 2, neighbour: 1, volunteer: 1}
    hands.reply(neighbour, f"1 {row.alert.code}")
    village.pass_minutes(19)
    assert told(village) == {daughter: 2, contact: 2, neighbour: 2, volunteer: 1}
    village.pass_minutes(1)
    assert told(village).items() >= {daughter: 2, contact: 2, neighbour: 2, volunteer: 1}.items()
    assert {street, district} <= told(village).keys()

    hands.reply(street, f"2 {row.alert.code}")
    village.pass_minutes(10)
    hands.reply(street, f"3 {row.alert.code}")
    hands.reply(street, "1")  # went there
    village.step()
    assert village.standing() == []
    last = village.last_texts()
    assert all("已有结果" in last[phone] for phone in (daughter, contact, neighbour, volunteer))
    check_what_is_written(village, row.alert.id)


def check_what_is_written(village: Village, alert: int) -> None:
    """The ledger has the visit as it was told, and how it was made; the timeline has each step."""
    with village.house.store.view() as view:
        ledger = visits.page(view, visits.Sought(), None, 10)
        page = alerts.one(view, alert)
    assert [(line.visit.mode, line.visit.outcome) for line in ledger] == [
        (Mode.HOME, Outcome.SAFE),
        (Mode.UNSTATED, Outcome.SAFE),
    ]
    assert page is not None
    assert [line.what for line in page.lines] == [*LINES[:-2], "visit", "closed", "corrected"]


def test_a_fall_leads_to_a_visit_although_the_first_who_had_it_did_not_go(
    village: Village, operator: Page, open_context: Callable[..., BrowserContext]
) -> None:
    base = operator.url.partition("/?")[0].rstrip("/")
    phones = operator.context.new_page()
    phones.goto(f"{base}/demo/phone")
    alert, code = a_fall_is_noticed(village, operator, phones)
    nobody_answers(village, phones)
    the_neighbour_has_it_and_does_not_go(village, operator, phones, alert, code)
    the_operator_goes_and_reports(village, operator, open_context, alert)
    everybody_hears_and_the_ledger_has_it(village, operator, phones, alert)


def a_fall_is_noticed(village: Village, operator: Page, phones: Page) -> tuple[int, str]:
    """At 06:40 somebody falls; the meter goes on speaking, and shows the same for hours."""
    village.pass_until(lambda: village.clock.now() >= FALL)
    assert village.standing() == []
    expect(operator.locator(".calm")).to_be_visible()
    village.fall()
    village.pass_until(lambda: bool(village.standing()))
    shown = village.shown(FALLEN, FALL)
    assert len(shown) >= 10
    assert len({litres for _, litres in shown}) == 1

    (row,) = village.standing()
    assert row.place is not None
    assert (row.alert.kind, row.place.code) == ("no_use", "SL0006")
    # The queue shows it by itself, and daughter and community contact have their texts at once.
    expect(operator.locator(f"#alert-{row.alert.id}")).to_contain_text("长时间未用水")
    expect(texts(phones, village.phone(FALLEN, Role.GUARDIAN))).to_have_count(1)
    expect(texts(phones, village.phone(FALLEN, Role.COMMUNITY))).to_have_count(1)
    assert len(told(village)) == 2
    found = re.search(
        r"编号(\d{4,})", texts(phones, village.phone(FALLEN, Role.GUARDIAN)).inner_text()
    )
    assert found is not None
    return row.alert.id, found[1]


def nobody_answers(village: Village, phones: Page) -> None:
    """A quarter of an hour later the neighbour is told as well, and not a minute before."""
    neighbour = village.phone(FALLEN, Role.NEIGHBOUR)
    village.pass_minutes(14)
    assert neighbour not in told(village)
    village.pass_minutes(1)
    expect(texts(phones, neighbour)).to_have_count(1)
    assert told(village)[village.phone(FALLEN, Role.GUARDIAN)] == 2
    assert village.phone(FALLEN, Role.STREET_DUTY) not in told(village)


def the_neighbour_has_it_and_does_not_go(
    village: Village, operator: Page, phones: Page, alert: int, code: str
) -> None:
    """The neighbour writes "1"; twenty minutes of silence later the alert is back, and wider."""
    neighbour = village.phone(FALLEN, Role.NEIGHBOUR)
    phone = phones.locator(f"#phone-{neighbour.removeprefix('+')}")
    phone.locator("input[name=text]").fill(f"1 {code}")
    phone.locator("form button").click()
    expect(texts(phones, neighbour).first).to_contain_text(f"编号{code}已登记：收到")
    row = operator.locator(f"#alert-{alert}")
    expect(row).not_to_have_class(re.compile("unclaimed"))

    before = told(village)
    village.pass_minutes(19)
    assert told(village) == before, "an acknowledgement buys time"
    assert [row.alert.state for row in village.standing()] == [State.ACKNOWLEDGED]
    village.pass_minutes(1)
    assert [row.alert.state for row in village.standing()] == [State.OPEN]
    expect(row).to_have_class(re.compile("unclaimed"))
    duty = texts(phones, village.phone(FALLEN, Role.STREET_DUTY))
    expect(duty.first).to_contain_text("尚无结果")


def the_operator_goes_and_reports(
    village: Village,
    operator: Page,
    open_context: Callable[..., BrowserContext],
    alert: int,
) -> None:
    """The operator opens the alert from the queue, goes, and reports from a phone."""
    operator.locator(f"#alert-{alert} h2 a").first.click()
    expect(operator.locator("#chart .plot canvas")).to_be_visible()
    operator.locator("form[action$='/go'] button").click()
    expect(operator.locator("#head")).to_contain_text(OPERATOR)
    village.pass_minutes(12)

    pocket = open_context(storage_state=operator.context.storage_state(), **PHONE).new_page()
    pocket.goto(operator.url)
    pocket.locator(".acts a[href^='/visits/new']").click()
    pocket.locator("input[name=mode][value=home]").check()
    pocket.locator("input[name=seen][value=unwell]").check()
    pocket.locator("select[name=outcome]").select_option("fall")
    pocket.locator("input[name=needs][value=health]").check()
    pocket.locator("input[name=arrived_at]").fill(local(village.clock.now() - 3 * MINUTE))
    pocket.locator("input[name=saw_person_at]").fill(local(village.clock.now() - 2 * MINUTE))
    pocket.locator("textarea[name=note]").fill(NOTE)
    pocket.locator("form.visit button.wide").click()
    expect(pocket.locator("#head")).to_contain_text("已关闭")
    assert pocket.locator(".acts").count() == 0


def everybody_hears_and_the_ledger_has_it(
    village: Village, operator: Page, phones: Page, alert: int
) -> None:
    """Everybody who was told hears that it is over; ledger and timeline have the whole story."""
    village.step()
    for role in (Role.GUARDIAN, Role.COMMUNITY, Role.NEIGHBOUR, Role.STREET_DUTY):
        expect(texts(phones, village.phone(FALLEN, role)).first).to_contain_text("已有结果")
    expect(operator.locator("#head")).to_contain_text("已关闭")
    lines = operator.locator(".timeline li")
    found = [str(lines.nth(number).get_attribute("class")) for number in range(lines.count())]
    assert found == [f"line-{what}" for what in LINES]

    operator.goto(operator.url.replace(f"/alerts/{alert}", "/visits").partition("?")[0])
    line = operator.locator("table.list tbody tr")
    expect(line).to_have_count(1)
    for said in ("SL0006", OPERATOR, "跌倒或受伤", NOTE):
        expect(line).to_contain_text(said)
    after = told(village)
    village.pass_minutes(60)
    assert told(village) == after, "a closed alert is silent"

"""Every page in a browser: for everybody, on every screen, in both languages."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from meterwatch.domain.alert import State
from meterwatch.domain.visit import Mode, Need, Outcome, Seen, Visit
from meterwatch.pipeline import respond
from tests.dashboard.town import NOW, Town
from tests.e2e.console.conftest import Served

PAGES = (
    "/reports",
    "/",
    "/alerts",
    "/alerts/1",
    "/alerts/2",
    "/alerts/4",
    "/households",
    "/households/2",
    "/households/5",
    "/visits",
    "/visits/new?household=2&alert=2",
    "/visits/1/correct",
    "/system",
    "/about/licences",
    "/no/such/page",
)
LONG = "血压略高,已提醒复诊" * 20 + "https://example.org/" + "x" * 200
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
}
PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def visited(here: Town) -> Town:
    """Give the town a ledger, an absence and a claimed alert, so that no page is empty."""
    needs = (Need.HEALTH, Need.REPAIR)
    visit = Visit(5, "user:1", "operator", Mode.HOME, Outcome.SAFE, Seen.WELL, NOW, NOW, NOW, NOW)
    respond.report(here.store, visit, NOW)
    noted = Visit(
        5,
        "contact:9",
        "guardian",
        Mode.PHONE,
        Outcome.LEAK,
        Seen.UNWELL,
        NOW,
        needs=needs,
        note=LONG,
    )
    respond.report(here.store, noted, NOW)
    respond.declare_absence(here.store, 5, NOW.replace(month=12), "family", "user:1", NOW)
    respond.acknowledge(here.store, here.tap, "user:1", NOW)
    return here


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


@pytest.mark.console_errors  # the page that is not there is one of those that are looked at
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_a_rule_of_accessibility(
    visited: Town,
    served: Served,
    log_in: Callable[[BrowserContext], None],
    open_context: Callable[..., BrowserContext],
    scheme: str,
) -> None:
    context = open_context(color_scheme=scheme, reduced_motion="reduce")
    log_in(context)
    page = context.new_page()
    broken = {}
    for path in PAGES:
        page.goto(served.url + path)
        page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        broken[path] = violations(page)
    assert {path: found for path, found in broken.items() if found} == {}


def test_the_login_breaks_no_rule_of_accessibility(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/login")
    assert violations(page) == []


@pytest.mark.console_errors  # as above
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_the_narrowest_phone(
    visited: Town,
    served: Served,
    log_in: Callable[[BrowserContext], None],
    open_context: Callable[..., BrowserContext],
    language: str,
) -> None:
    context = open_context(viewport={"width": 320, "height": 640})
    log_in(context)
    page = context.new_page()
    wide = {}
    for path in PAGES:
        page.goto(f"{served.url}{path}{'&' if '?' in path else '?'}lang={language}")
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > 320:
            wide[path] = width
    assert wide == {}


def test_severity_is_told_without_colours(operator: Page, served: Served, here: Town) -> None:
    operator.emulate_media(forced_colors="active")
    operator.goto(served.url)
    row = operator.locator(f"#alert-{here.bell}")
    expect(row.get_by_text("紧急", exact=True)).to_be_visible()
    expect(row.locator(".sev svg")).to_be_visible()
    assert violations(operator) == []


def test_the_language_is_switched_and_kept(operator: Page, served: Served) -> None:
    operator.goto(served.url)
    expect(operator.locator("html")).to_have_attribute("lang", "zh-CN")
    operator.get_by_role("link", name="English").click()
    expect(operator.locator("html")).to_have_attribute("lang", "en")
    operator.get_by_role("link", name="Homes").click()
    expect(operator.get_by_role("heading", name="Homes")).to_be_visible()
    operator.get_by_role("link", name="中文").click()
    expect(operator.get_by_role("heading", name="住户")).to_be_visible()


def test_a_person_logs_in_and_out(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/households/2")
    page.get_by_label("用户名").fill("林晓")
    page.get_by_label("密码").fill("a good password")
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/households/2")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/login")
    page.goto(served.url)
    expect(page.get_by_role("heading", name="登录")).to_be_visible()


def test_two_taps_on_a_phone_log_a_visit(
    served: Served,
    here: Town,
    log_in: Callable[[BrowserContext], None],
    open_context: Callable[..., BrowserContext],
) -> None:
    context = open_context(**PHONE)
    log_in(context)
    page = context.new_page()
    page.goto(f"{served.url}/alerts/{here.bell}")
    page.get_by_role("link", name="登记探视").tap()
    page.get_by_role("button", name="已上门,平安").tap()
    expect(page.get_by_text("探视已记入台账。")).to_be_visible()
    expect(page.get_by_text("林晓 登记了探视:在家平安")).to_be_visible()
    with here.store.transaction() as tx:
        alert = tx.alerts.get(here.bell)
    assert alert is not None
    assert alert.state is State.CLOSED


@pytest.mark.console_errors  # a form that is refused is an error to the browser
def test_the_whole_form_on_a_phone_names_what_is_missing_and_then_takes_it(
    served: Served,
    log_in: Callable[[BrowserContext], None],
    open_context: Callable[..., BrowserContext],
) -> None:
    context = open_context(**PHONE)
    log_in(context)
    page = context.new_page()
    page.goto(f"{served.url}/visits/new?household=2&alert=2")
    expect(page.get_by_label("外出至")).to_be_hidden()
    page.get_by_label("上门", exact=True).tap()
    page.get_by_label("不在家,已由他人证实").tap()
    with page.expect_response(lambda answer: answer.status == 422):
        page.get_by_role("button", name="保存登记").tap()
    expect(page.get_by_text("请选择探视结果。")).to_be_visible()
    expect(page.get_by_label("上门", exact=True)).to_be_checked()
    page.get_by_label("探视结果").select_option("away_family")
    page.get_by_label("外出至").fill("2026-11-25T18:00")
    page.get_by_label("备注").fill("大女儿接走,周三回。")
    page.get_by_role("button", name="保存登记").tap()
    expect(page.get_by_text("外出已报备,到期自动结束。")).to_be_visible()
    expect(page.get_by_text("大女儿接走,周三回。")).to_be_visible()


def test_every_target_on_a_phone_is_large_enough_for_a_finger(
    visited: Town,
    served: Served,
    log_in: Callable[[BrowserContext], None],
    open_context: Callable[..., BrowserContext],
) -> None:
    context = open_context(**PHONE)
    log_in(context)
    page = context.new_page()
    for path in ("/", "/alerts/2", "/visits/new?household=2"):
        page.goto(served.url + path)
        for button in page.locator("main .btn, main .choice").all():
            box = button.bounding_box()
            if box is not None:
                assert box["height"] >= 44, (path, button.inner_text())


def test_the_chart_is_drawn_and_follows_the_width(operator: Page, served: Served) -> None:
    operator.goto(f"{served.url}/households/2")
    canvas = operator.locator("[data-chart] canvas")
    expect(canvas).to_be_visible()
    operator.set_viewport_size({"width": 500, "height": 800})
    operator.wait_for_function(
        "() => document.querySelector('[data-chart] canvas').clientWidth < 500"
    )


def test_the_page_of_an_alert_follows_what_happens(
    operator: Page, served: Served, here: Town
) -> None:
    operator.goto(f"{served.url}/alerts/{here.silent_home}")
    respond.go(here.store, here.silent_home, "contact:4", NOW)
    expect(operator.get_by_text("邻居李 已出发")).to_be_visible()
    expect(operator.locator("[data-chart] canvas")).to_be_visible()

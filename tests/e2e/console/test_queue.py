"""The queue in a browser: claimed by mouse and keyboard, live, and honest when it is not."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from meterwatch.domain.alert import State
from meterwatch.pipeline import respond
from tests.dashboard.town import HOUR, NOW, Town, worry
from tests.e2e.console.conftest import Served

HIDE = """() => {
    Object.defineProperty(document, 'hidden', { get: () => true });
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
}"""
BLOCKED_SOUND = """
    let running = false;
    class Silent extends EventTarget {
        get state() { return running ? 'running' : 'suspended'; }
        get currentTime() { return 0; }
        async resume() { this.onstatechange?.(); }
        createOscillator() { return { frequency: {}, connect: (to) => to, start() {}, stop() {} }; }
        createGain() {
            const gain = { setValueAtTime() {}, linearRampToValueAtTime() {} };
            return { gain, connect: (to) => to };
        }
    }
    window.AudioContext = Silent;
    window.allowSound = () => { running = true; };
"""


def press_another_bell(here: Town) -> int:
    """Let the bell of a fourth home ring, while a screen is open."""
    return worry(here.store, "bell", 4, NOW - timedelta(seconds=1), {"device": "bell-4"})


def rows(page: Page) -> list[str | None]:
    found = page.locator("#queue [data-alert]").all()
    return [row.get_attribute("data-alert") for row in found]


def test_a_click_claims_an_alert_without_leaving_the_queue(
    operator: Page, served: Served, here: Town
) -> None:
    operator.goto(served.url)
    row = operator.locator(f"#alert-{here.bell}")
    row.get_by_role("button", name="认领").click()
    expect(row.get_by_text("林晓 已认领")).to_be_visible()
    expect(row.get_by_role("button", name="我去")).to_be_visible()
    expect(operator.locator("#truth .warn dd").first).to_have_text("3")
    assert operator.url == f"{served.url}/"


def test_the_keyboard_alone_claims_and_stays_in_its_row(
    operator: Page, served: Served, here: Town
) -> None:
    operator.goto(served.url)
    button = operator.locator(f"#alert-{here.tap}").get_by_role("button", name="认领")
    button.focus()
    operator.keyboard.press("Enter")
    expect(operator.locator(f"#alert-{here.tap}").get_by_text("林晓 已认领")).to_be_visible()
    row = f"document.getElementById('alert-{here.tap}')"
    operator.wait_for_function(f"() => {row}.contains(document.activeElement)")


def test_a_new_alert_appears_by_itself(operator: Page, served: Served, here: Town) -> None:
    operator.goto(served.url)
    new = press_another_bell(here)
    expect(operator.locator(f"#alert-{new}")).to_be_visible()
    expect(operator).to_have_title("(5) 值守 · 居家守望")


def test_a_new_row_does_not_move_what_the_keyboard_is_on(
    operator: Page, served: Served, here: Town
) -> None:
    operator.goto(served.url)
    button = operator.locator(f"#alert-{here.silent_home}").get_by_role("button", name="认领")
    button.focus()
    before = button.bounding_box()
    new = press_another_bell(here)
    expect(operator.locator(f"#alert-{new}")).to_be_attached()
    assert rows(operator)[-1] == str(new)
    assert button.bounding_box() == before
    assert button.evaluate("button => button === document.activeElement")
    operator.get_by_role("button", name="下方有 1 条新预警,重新排序").click()
    expect(operator.locator("#queue [data-alert]").first).to_have_id(f"alert-{here.bell}")
    expect(operator.locator("#queue [data-alert]").nth(1)).to_have_id(f"alert-{new}")


def test_a_hidden_tab_still_hears_of_a_new_alert(
    operator: Page, served: Served, here: Town
) -> None:
    operator.goto(served.url)
    operator.evaluate(HIDE)
    new = press_another_bell(here)
    expect(operator.locator(f"#alert-{new}")).to_be_attached()


def test_what_another_screen_claims_is_seen_here(
    operator: Page, served: Served, here: Town
) -> None:
    operator.goto(served.url)
    respond.acknowledge(here.store, here.bell, "contact:1", NOW)
    expect(operator.locator(f"#alert-{here.bell}").get_by_text("女儿陈 已认领")).to_be_visible()


@pytest.mark.console_errors  # requests are cut off or refused on purpose
def test_the_first_of_two_to_click_has_it_and_the_second_is_told(
    served: Served,
    here: Town,
    log_in: Callable[[BrowserContext], None],
    open_context: Callable[..., BrowserContext],
) -> None:
    pages = []
    for _ in range(2):
        context = open_context()
        log_in(context)
        page = context.new_page()
        # This screen hears of nothing: it still shows the button when it is too late.
        page.route("**/live", lambda route: route.abort())
        page.route("**/queue*", lambda route: route.abort())
        page.goto(served.url)
        pages.append(page)
    first, second = pages
    first.locator(f"#alert-{here.bell}").get_by_role("button", name="认领").click()
    expect(first.get_by_text("已由您认领")).to_be_visible()
    second.locator(f"#alert-{here.bell}").get_by_role("button", name="认领").click()
    expect(second.locator("#just")).to_have_text("您已经认领了。")


def test_the_sound_rings_until_every_worry_about_life_is_claimed(
    operator: Page, served: Served, here: Town
) -> None:
    operator.goto(served.url)
    operator.wait_for_function("() => Number(document.documentElement.dataset.chimes) > 0")
    for alert in (here.bell, here.silent_home, here.tap):
        respond.acknowledge(here.store, alert, "contact:1", NOW)
    expect(operator.locator("#queue").get_by_text("女儿陈 已认领")).to_have_count(3)
    rung = operator.evaluate("document.documentElement.dataset.chimes")
    ticks = operator.evaluate("Number(document.documentElement.dataset.ticks)")
    operator.wait_for_function(f"() => Number(document.documentElement.dataset.ticks) > {ticks}")
    assert operator.evaluate("document.documentElement.dataset.chimes") == rung


def test_a_browser_that_blocks_the_sound_says_so_until_it_is_allowed(
    operator: Page, served: Served
) -> None:
    operator.add_init_script(BLOCKED_SOUND)
    operator.goto(served.url)
    bar = operator.get_by_text("声音未开启:听不到新预警。")
    expect(bar).to_be_visible()
    operator.evaluate("allowSound()")
    operator.get_by_role("button", name="开启声音").click()
    expect(bar).to_be_hidden()


@pytest.mark.console_errors  # a stream that is cut is an error to the browser
def test_a_screen_that_hears_nothing_says_from_when_it_is_and_recovers(
    operator: Page, served: Served, here: Town
) -> None:
    operator.clock.install()
    operator.goto(served.url)
    operator.wait_for_function("() => document.documentElement.dataset.ticks > 0")
    served.stop()
    operator.clock.run_for(15_000)
    expect(operator.locator("#stale")).to_be_hidden()
    operator.clock.run_for(10_000)
    expect(operator.locator("#stale")).to_be_visible()
    expect(operator.locator("#stale")).to_contain_text("连接中断,以下数据截至")
    new = worry(here.store, "no_use", 5, NOW - 20 * HOUR, {})
    served.start()
    expect(operator.locator(f"#alert-{new}")).to_be_visible(timeout=20_000)
    operator.clock.run_for(2_000)
    expect(operator.locator("#stale")).to_be_hidden()


@pytest.mark.console_errors  # requests are cut off or refused on purpose
def test_a_login_that_ends_is_said_on_the_open_screen(
    operator: Page, served: Served, here: Town
) -> None:
    operator.goto(served.url)
    operator.wait_for_function("() => document.documentElement.dataset.ticks > 0")
    with here.store.transaction() as tx:
        tx.accounts.disable(here.operator, NOW)
        assert tx.alerts.get(here.bell) is not None
    operator.evaluate("htmx.trigger('#board', 'refresh')")
    operator.wait_for_url("**/login")
    expect(operator.get_by_role("heading", name="登录")).to_be_visible()


def test_without_scripts_the_queue_is_read_and_claimed_all_the_same(
    served: Served,
    here: Town,
    log_in: Callable[[BrowserContext], None],
    open_context: Callable[..., BrowserContext],
) -> None:
    context = open_context(java_script_enabled=False)
    log_in(context)
    page = context.new_page()
    page.goto(served.url)
    page.locator(f"#alert-{here.bell}").get_by_role("button", name="认领").click()
    expect(page.get_by_text("林晓 已认领")).to_be_visible()
    with here.store.transaction() as tx:
        alert = tx.alerts.get(here.bell)
    assert alert is not None
    assert alert.state is State.ACKNOWLEDGED

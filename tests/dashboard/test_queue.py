"""The queue: what it says, in which order, and what a click does."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete

from meterwatch.clock import HandClock
from meterwatch.dashboard.pages.queue import in_order
from meterwatch.domain.alert import State
from meterwatch.pipeline import respond
from meterwatch.store.tables import alerts as t
from meterwatch.store.telemetry import Stand
from meterwatch.store.views import queue
from tests.dashboard.town import HOUR, MINUTE, NOW, Town, worry


def state_of(here: Town, alert: int) -> State:
    with here.store.transaction() as tx:
        found = tx.alerts.get(alert)
    assert found is not None
    return found.state


def rows_in(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'data-alert="(\d+)"', html)]


def test_the_most_urgent_stands_first_and_lost_data_last(client: TestClient, here: Town) -> None:
    shown = rows_in(client.get("/").text)
    assert shown == [here.bell, here.silent_home, here.tap, here.hub]


def test_each_row_says_why_in_one_sentence(client: TestClient) -> None:
    page = client.get("/").text
    assert "13:28 按下了平安钟" in page
    dry = "已 13 小时 54 分钟未用水;该户平时这个时段最长 12 小时 30 分钟"
    assert f"{dry};水表 5 分钟前仍在上报" in page
    assert "水持续流了 6 小时,从未停过,每小时不少于 41 升" in page
    assert "水表最后一次上报是 6 小时 59 分钟前,此后情况未知" in page
    assert "网关 north 已 7 小时无数据;3 户用水情况未知,不等于没有用水" in page


def test_severity_is_a_word_and_a_shape_and_not_only_a_colour(client: TestClient) -> None:
    page = client.get("/").text
    for word in ("紧急", "重要", "数据中断"):
        assert re.search(rf'<span class="sev [^>]+>\s*<svg.*?</svg>\s*{word}', page, re.DOTALL)


def test_the_line_of_truth_counts_what_stands_and_what_is_silent(here: Town) -> None:
    with here.store.view() as view:
        truth = queue.truth(view)
    assert (truth.standing, truth.unclaimed, truth.calling) == (4, 4, 3)
    assert truth.silent_meters == 3
    assert truth.newest_reading_at == NOW - 6 * MINUTE + MINUTE / 2


def test_a_claim_names_the_owner_and_stops_the_call(client: TestClient, here: Town) -> None:
    answer = client.post(f"/alerts/{here.bell}/acknowledge", data={"next": "/"})
    assert answer.headers["location"] == "/?said=acknowledge"
    page = client.get("/?said=acknowledge").text
    assert "林晓 已认领" in page
    assert "已由您认领" in page
    assert state_of(here, here.bell) is State.ACKNOWLEDGED


def test_the_second_to_claim_is_told_that_somebody_has_it(client: TestClient, here: Town) -> None:
    respond.acknowledge(here.store, here.bell, "contact:1", NOW)
    answer = client.post(f"/alerts/{here.bell}/acknowledge", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "已经有人认领了" in answer.text
    assert "女儿陈 已认领" in answer.text


def test_a_click_of_a_script_gets_the_queue_back_without_a_whole_page(
    client: TestClient, here: Town
) -> None:
    answer = client.post(f"/alerts/{here.tap}/acknowledge", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert here.tap in rows_in(answer.text)


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_a_form_never_leads_away_from_here(client: TestClient, here: Town, onward: str) -> None:
    answer = client.post(f"/alerts/{here.bell}/acknowledge", data={"next": onward})
    assert answer.headers["location"] == f"/alerts/{here.bell}?said=acknowledge"


def test_an_act_that_is_not_known_is_not_found(client: TestClient, here: Town) -> None:
    assert client.post(f"/alerts/{here.bell}/delete").status_code == 404


def test_rows_that_are_in_use_keep_their_places_and_new_ones_follow(here: Town) -> None:
    with here.store.view() as view:
        rows = queue.standing(view)
    kept = [here.hub, here.tap]
    ordered, added = in_order(rows, kept)
    assert [row.alert.id for row in ordered][:2] == kept
    assert {row.alert.id for row in ordered[2:]} == {here.bell, here.silent_home}
    assert added == 2


def test_the_page_offers_to_sort_again_when_new_rows_stand_below(
    client: TestClient, here: Town
) -> None:
    page = client.get(f"/queue?keep={here.hub}").text
    assert rows_in(page)[0] == here.hub
    assert "下方有 3 条新预警,重新排序" in page


def test_a_kept_list_of_nonsense_is_the_same_as_none(client: TestClient, here: Town) -> None:
    assert rows_in(client.get("/queue?keep=x,,%C2%B2,-1,99").text)[0] == here.bell


def test_a_late_claim_is_told_in_words(client: TestClient, here: Town) -> None:
    here.clock.advance(3 * MINUTE)
    assert "认领已超时 3 分钟" in client.get("/").text


def test_an_empty_queue_is_calm(client: TestClient, here: Town) -> None:
    with here.store.transaction() as tx:
        for table in (t.signals, t.alert_lines, t.notifications, t.alerts):
            tx.connection.execute(delete(table))
    assert "当前没有待处理的预警" in client.get("/").text


def test_a_part_that_stopped_beating_is_named_on_top(
    client: TestClient, here: Town, machine: HandClock
) -> None:
    assert "处异常" not in client.get("/").text
    machine.advance(10 * MINUTE)
    assert "2 处异常" in client.get("/").text
    assert "超时" in client.get("/system").text


def test_a_part_that_fails_is_named_on_top(client: TestClient, here: Town) -> None:
    with here.store.transaction() as tx:
        tx.house.beat("people", "deliver", NOW, "OperationalError")
    assert "1 处异常" in client.get("/").text
    assert "OperationalError" in client.get("/system").text


def test_a_silence_that_goes_on_grows_with_the_readings(client: TestClient, here: Town) -> None:
    as_of = int((NOW + 5 * HOUR).timestamp())
    here.store.telemetry.put_stands([Stand(2, as_of, None, True, 0.0, 12.5)])
    here.clock.advance(5 * HOUR)
    assert "已 19 小时未用水" in client.get("/").text


def test_a_bell_stands_above_a_worry_that_nobody_answered_for_hours(
    client: TestClient, here: Town
) -> None:
    red = worry(here.store, "no_use", 1, NOW - 9 * HOUR, {}, opened=NOW - 8 * HOUR)
    assert rows_in(client.get("/").text)[:2] == [here.bell, red]

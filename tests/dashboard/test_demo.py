"""The demonstration's doors: every button reaches the stage, every phone can write back."""

from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from meterwatch.dashboard import Settings, demo, make
from tests.dashboard.town import NOW, SHANGHAI, Town

DAUGHTER = "+8613800000001"


@dataclass
class Stage:
    """A stage that writes down what was asked of it."""

    asked: list[tuple[object, ...]] = field(default_factory=list)

    def press(self, household_id: int) -> None:
        self.asked.append(("press", household_id))

    def fall(self, household_id: int) -> None:
        self.asked.append(("fall", household_id))

    def fall_ill(self, household_id: int) -> None:
        self.asked.append(("ill", household_id))

    def open_tap(self, household_id: int) -> None:
        self.asked.append(("tap", household_id))

    def cut_hub(self, hub: str) -> None:
        self.asked.append(("cut", hub))

    def forward(self, hours: float) -> None:
        self.asked.append(("forward", hours))

    def reply(self, phone: str, text: str) -> None:
        self.asked.append(("reply", phone, text))


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def app(here: Town, stage: Stage) -> FastAPI:
    with here.store.transaction() as tx:
        for number, text in enumerate(("第一条", "第二条")):
            tx.house.put_in_inbox(f"R{number}", DAUGHTER, text, "alert", NOW)
    router = demo.router(stage)
    settings = Settings(guest=here.operator)
    return make(here.store, here.clock, here.clock.now, SHANGHAI, settings, demo=router)


@pytest.mark.parametrize(
    ("what", "form", "asked"),
    [
        ("press", {}, ("press", 0)),
        ("press", {"household": "3"}, ("press", 3)),
        ("fall", {"household": "2"}, ("fall", 2)),
        ("ill", {"household": "2"}, ("ill", 2)),
        ("tap", {}, ("tap", 0)),
        ("cut", {"hub": "north"}, ("cut", "north")),
        ("hour", {}, ("forward", 1.0)),
        ("night", {}, ("forward", 8.0)),
    ],
)
def test_a_button_makes_it_happen(
    stranger: TestClient, stage: Stage, what: str, form: dict[str, str], asked: tuple[object, ...]
) -> None:
    answer = stranger.post(f"/demo/act/{what}", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/?said=")
    assert stage.asked == [asked]


def test_a_button_that_does_not_exist_does_nothing(stranger: TestClient, stage: Stage) -> None:
    assert stranger.post("/demo/act/explode").status_code == 404
    assert stage.asked == []


def test_every_page_of_the_demonstration_has_the_strip(stranger: TestClient) -> None:
    for path in ("/", "/households/1", "/demo/phone"):
        assert 'action="/demo/act/press"' in stranger.get(path).text


def test_a_phone_shows_its_messages_and_writes_back(stranger: TestClient, stage: Stage) -> None:
    page = stranger.get("/demo/phone").text
    assert page.index("第二条") < page.index("第一条")
    answer = stranger.post("/demo/phone", data={"phone": DAUGHTER, "text": " 1 4821 "})
    assert answer.status_code == 303
    assert stage.asked == [("reply", DAUGHTER, "1 4821")]


@pytest.mark.parametrize("form", [{"phone": "+861", "text": "1"}, {"phone": DAUGHTER, "text": " "}])
def test_a_phone_that_got_nothing_cannot_write(
    stranger: TestClient, stage: Stage, form: dict[str, str]
) -> None:
    assert stranger.post("/demo/phone", data=form).status_code == 404
    assert stage.asked == []

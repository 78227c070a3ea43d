"""The door for carriers: what is proved is taken, what is forged or broken leaves nothing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterwatch.dashboard import Settings, make
from meterwatch.domain.alert import State
from meterwatch.domain.notification import Delivery, Receipt, Reply
from meterwatch.notify.provider import (
    Absent,
    CannotTell,
    Failed,
    Forged,
    Found,
    Hook,
    Outgoing,
    Sent,
    Unclear,
    Unreadable,
)
from tests.dashboard.test_queue import state_of
from tests.dashboard.town import NOW, SHANGHAI, Town

PUBLIC = "https://watch.example.org/street"


@dataclass
class Carrier:
    """A provider that signs with a word and remembers what it was shown."""

    name: str = "carrier"
    shown: list[Hook] = field(default_factory=list)

    def send(self, outgoing: Outgoing) -> Sent | Failed | Unclear:
        """Send nothing: these tests only listen."""
        raise NotImplementedError

    def find(self, outgoing: Outgoing, since: datetime) -> Found | Absent | CannotTell:
        """Find nothing: as above."""
        raise NotImplementedError

    def poll(self, provider_id: str) -> Receipt | None:
        """Know nothing: as above."""
        raise NotImplementedError

    def read(self, hook: Hook) -> tuple[Receipt | Reply, ...]:
        """Read a post as the real ones do."""
        self.shown.append(hook)
        if hook.header("X-Signature") != "mine":
            raise Forged
        if "text" in hook.form:
            sender, text = hook.form["from"], hook.form["text"]
            return (Reply(hook.form["ref"], sender, text, hook.received_at),)
        if "status" in hook.form:
            return (Receipt("carrier", hook.form["id"], Delivery(hook.form["status"])),)
        raise Unreadable


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture
def app(here: Town, carrier: Carrier) -> FastAPI:
    desk = Settings(public_url=PUBLIC)
    providers = {"carrier": carrier}
    return make(here.store, here.clock, here.clock.now, SHANGHAI, desk, providers=providers)


@pytest.fixture
def carriers(app: FastAPI) -> TestClient:
    """Give the machine of a carrier: no cookie, no browser's headers."""
    return TestClient(app, base_url="http://127.0.0.1:8000", headers={"X-Signature": "mine"})


def test_a_reply_is_taken_and_acts_on_the_alert(carriers: TestClient, here: Town) -> None:
    with here.store.transaction() as tx:
        alert = tx.alerts.get(here.bell)
    assert alert is not None
    form = {"ref": "SM1", "from": "+8613800000001", "text": f"1 {alert.code}"}
    answer = carriers.post("/hooks/carrier/reply", data=form)
    assert (answer.status_code, answer.content) == (204, b"")
    assert state_of(here, here.bell) is State.ACKNOWLEDGED


def test_the_same_reply_twice_acts_once(carriers: TestClient, here: Town) -> None:
    with here.store.transaction() as tx:
        alert = tx.alerts.get(here.bell)
    assert alert is not None
    form = {"ref": "SM1", "from": "+8613800000001", "text": f"1 {alert.code}"}
    for _ in range(2):
        assert carriers.post("/hooks/carrier/reply", data=form).status_code == 204
    with here.store.view() as view:
        kept = view.people.exec_driver_sql("SELECT count(*) FROM replies").scalar_one()
    assert kept == 1


def test_a_receipt_is_kept(carriers: TestClient, here: Town) -> None:
    form = {"id": "SM9", "status": "delivered"}
    assert carriers.post("/hooks/carrier/receipt", data=form).status_code == 204
    with here.store.view() as view:
        row = view.people.exec_driver_sql("SELECT provider_id, state FROM receipts").one()
    assert tuple(row) == ("SM9", "delivered")


def test_a_forged_post_is_refused_and_leaves_nothing(carriers: TestClient, here: Town) -> None:
    form = {"ref": "SM1", "from": "+8613800000001", "text": "1"}
    answer = carriers.post("/hooks/carrier/reply", data=form, headers={"X-Signature": "theirs"})
    assert answer.status_code == 403
    with here.store.view() as view:
        kept = view.people.exec_driver_sql("SELECT count(*) FROM replies").scalar_one()
    assert kept == 0


def test_a_signed_post_that_is_nothing_of_ours_is_a_bad_request(carriers: TestClient) -> None:
    assert carriers.post("/hooks/carrier/reply", data={"odd": "1"}).status_code == 400
    assert carriers.post("/hooks/carrier/reply", data={"id": "1", "status": "?"}).status_code == 400


def test_a_provider_that_is_not_configured_is_not_found(carriers: TestClient) -> None:
    assert carriers.post("/hooks/nobody/reply", data={"a": "b"}).status_code == 404


def test_the_address_that_was_signed_is_the_public_one(
    carriers: TestClient, carrier: Carrier
) -> None:
    carriers.post("/hooks/carrier/a%20b/reply?x=1&y=%20", data={"odd": "1"})
    hook = carrier.shown[0]
    assert hook.url == f"{PUBLIC}/hooks/carrier/a%20b/reply?x=1&y=%20"
    assert hook.path == "a b/reply"
    assert hook.received_at == NOW


def test_blanks_of_a_form_are_kept_because_signatures_cover_them(
    carriers: TestClient, carrier: Carrier
) -> None:
    body = b"From=%2B861&Body=&Odd=%20+x"
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    carriers.post("/hooks/carrier/reply", content=body, headers=kind)
    assert carrier.shown[0].form == {"From": "+861", "Body": "", "Odd": "  x"}
    assert carrier.shown[0].body == body


def test_json_is_handed_on_as_it_came(carriers: TestClient, carrier: Carrier) -> None:
    carriers.post("/hooks/carrier/up", json=[{"a": 1}])
    assert carrier.shown[0].form == {}
    assert carrier.shown[0].body == b'[{"a":1}]'


def test_a_form_of_a_thousand_fields_is_refused(carriers: TestClient, carrier: Carrier) -> None:
    form = {f"f{number}": "x" for number in range(1_000)}
    assert carriers.post("/hooks/carrier/reply", data=form).status_code == 400
    assert carrier.shown == []


@settings(
    max_examples=60,
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.binary(max_size=400), kind=st.sampled_from(["form", "json", "", "text/plain; x"]))
def test_no_body_however_broken_is_more_than_a_bad_request(
    carriers: TestClient, body: bytes, kind: str
) -> None:
    kinds = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
    headers = {"Content-Type": kinds.get(kind, kind)}
    answer = carriers.post("/hooks/carrier/reply", content=body, headers=headers)
    assert answer.status_code in {204, 400}

"""What carries the messages of an installation: the settings, turned into a provider."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from meterwatch.app import House
from meterwatch.clock import HandClock
from meterwatch.config import Settings
from meterwatch.config.sections import Database
from meterwatch.config.telling import Sms, Twilio
from meterwatch.config.web import Web
from meterwatch.notify.provider import Absent, Found, Outgoing, Sent
from meterwatch.store import Store
from meterwatch.store.views import system
from tests.parts.carrier import ACCOUNT, SENDER, SERVICE, TOKEN, Carrier

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def house_of(store: Store, **sections: object) -> House:
    settings = Settings(database=Database(url=store.url), **sections)  # type: ignore[arg-type]
    return House(settings, store, HandClock(NOON))


def outgoing() -> Outgoing:
    return Outgoing(1, "KX7B4D", "+8613800138000", "请尽快联系", "alert.no_use.first.zh")


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    running = Carrier().start()
    yield running
    running.stop()


@pytest.mark.parametrize("sender", [{"sender": SENDER}, {"messaging_service_sid": SERVICE}])
def test_the_settings_of_twilio_reach_the_carrier(
    sqlite_store: Store, carrier: Carrier, sender: dict[str, str]
) -> None:
    twilio = Twilio(
        account_sid=ACCOUNT, auth_token=SecretStr(TOKEN), base_url=carrier.url, **sender
    )
    house = house_of(
        sqlite_store,
        sms=Sms(provider="twilio", signature="民政", twilio=twilio),
        web=Web(public_url="https://watch.example/"),
    )
    assert isinstance(house.provider.send(outgoing()), Sent)
    house.provider.close()  # type: ignore[attr-defined]
    (text,) = carrier.messages
    assert (text.to, text.body) == ("+8613800138000", "【民政】请尽快联系 #KX7B4D")
    assert text.callback == "https://watch.example/hooks/twilio/status?ref=KX7B4D"
    assert house.carriage.lease > timedelta(seconds=35), "longer than an answer may take"


def test_without_a_public_address_no_receipt_is_asked_for(
    sqlite_store: Store, carrier: Carrier
) -> None:
    twilio = Twilio(
        account_sid=ACCOUNT, auth_token=SecretStr(TOKEN), sender=SENDER, base_url=carrier.url
    )
    house = house_of(sqlite_store, sms=Sms(provider="twilio", twilio=twilio))
    house.provider.send(outgoing())
    house.provider.close()  # type: ignore[attr-defined]
    assert carrier.messages[0].callback == ""


def test_a_fresh_installation_texts_into_the_fake_phones_and_finds_its_texts_there(
    sqlite_store: Store,
) -> None:
    house = house_of(sqlite_store, sms=Sms(signature="民政"))
    sent = house.provider.send(outgoing())
    assert isinstance(sent, Sent)
    with sqlite_store.view() as view:
        (row,) = system.inbox(view, 10)
    assert (row.phone, row.text, row.at) == ("+8613800138000", "【民政】请尽快联系", NOON)
    assert house.provider.find(outgoing(), NOON) == Found(sent.provider_id, sent.delivery)
    assert house.provider.find(replace(outgoing(), ref="OTHER1"), NOON) == Absent()

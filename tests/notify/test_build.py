"""The list of providers, and what is said when its settings are wrong."""

import pytest
from structlog.testing import capture_logs

from meterwatch.notify import build
from meterwatch.notify.console import ConsoleProvider
from meterwatch.notify.provider import Forged
from meterwatch.notify.twilio import TwilioProvider
from tests.notify.benches import FAKE_PHONE, MemoryInbox, hook, outgoing, ref_of


def test_each_provider_is_built_from_its_settings() -> None:
    console = build("console", {}, MemoryInbox())
    twilio = build(
        "twilio", {"account_sid": "AC1", "auth_token": "t", "sender": "+15005550006"}, MemoryInbox()
    )
    assert isinstance(console, ConsoleProvider)
    assert isinstance(twilio, TwilioProvider)


def test_a_wrong_setting_is_named_with_its_mend() -> None:
    with pytest.raises(ValueError, match="'pigeon': choose one of console, twilio"):
        build("pigeon", {}, MemoryInbox())
    with pytest.raises(ValueError, match="needs auth_token, sender"):
        build("twilio", {"account_sid": "AC1", "sender": ""}, MemoryInbox())
    with pytest.raises(ValueError, match="no setting 'token'"):
        build("twilio", {"token": "t"}, MemoryInbox())


def test_the_console_logs_ids_and_neither_number_nor_text() -> None:
    with capture_logs() as logs:
        ConsoleProvider(MemoryInbox()).send(outgoing(9))
    assert [(line["notification_id"], line["ref"]) for line in logs] == [(9, ref_of(9))]
    assert "138001" not in repr(logs)
    assert "4821" not in repr(logs)


def test_without_a_secret_the_console_believes_no_hook() -> None:
    with pytest.raises(Forged):
        ConsoleProvider(MemoryInbox()).read(hook(FAKE_PHONE, {}, {}))


def test_the_sender_s_name_stands_before_the_text() -> None:
    inbox = MemoryInbox()
    build("console", {"signature": "禅城民政"}, inbox).send(outgoing())
    assert [text for _, text in inbox.kept.values()] == [f"【禅城民政】{outgoing().text}"]

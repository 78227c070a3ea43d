"""The office of the village's evening: its house, its console on a port, and a carrier outside."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from meterwatch.config import Settings
from meterwatch.domain.alert import State
from meterwatch.domain.household import Role
from meterwatch.notify.provider import Provider
from meterwatch.notify.twilio import TwilioProvider
from meterwatch.store.tables import alerts as t
from meterwatch.store.views import alerts
from meterwatch.store.views.alerts import AlertPage
from tests.e2e.village import FALLEN, MINUTE, Village
from tests.parts.carrier import ACCOUNT, SENDER, TOKEN, Carrier, Text

STATUS, REPLY = "/hooks/twilio/status", "/hooks/twilio/reply"
REF = re.compile(r" #([0-9A-Z]{6})$")  # a message's own code, at the end of its text


@dataclass
class Office:
    """The village's house, its console on a port, and the carrier outside."""

    village: Village
    carrier: Carrier
    url: str

    def phone(self, role: Role) -> str:
        return self.village.phone(FALLEN, role)

    def alert(self) -> AlertPage:
        """Wait for the alert if it is not there yet, and give everything about it."""
        village = self.village
        village.pass_until(lambda: bool(village.standing()), MINUTE)
        return self.page(village.standing()[0].alert.id)

    def page(self, number: int) -> AlertPage:
        with self.village.house.store.view() as view:
            page = alerts.one(view, number)
        assert page is not None
        return page

    def state(self) -> State:
        return self.alert().row.alert.state

    def deliveries(self, role: Role) -> list[str]:
        """Say how far the messages to somebody are, the oldest first."""
        phone = self.phone(role)
        return [m.state for m in reversed(self.alert().messages) if m.phone == phone]

    def text_to(self, role: Role) -> Text:
        """Give the newest text that the carrier took for somebody."""
        phone = self.phone(role)
        return [text for text in self.carrier.messages if text.to == phone][-1]

    def texts_to(self, role: Role) -> list[str]:
        return self.carrier.phones[self.phone(role)]

    def outbox(self) -> Mapping[str, tuple[tuple[object, ...], str]]:
        """Give the key and the state of every message, by its own code."""
        n = t.notifications.c
        key = (n.alert_id, n.round, n.step, n.contact_id, n.channel, n.kind, n.about)
        with self.village.house.store.view() as view:
            rows = view.people.execute(select(n.ref, n.state, *key)).all()
        return {row.ref: (tuple(row[2:]), row.state) for row in rows}


def impatient(settings: Settings) -> Provider:
    """Make the provider of these settings, but one that waits a moment only for an answer."""
    return TwilioProvider(
        ACCOUNT,
        TOKEN,
        SENDER,
        signature="示例区",
        status_callback_url=f"{settings.web.public_url}{STATUS}",
        base_url=settings.sms.twilio.base_url,
        timeout_seconds=0.5,
    )

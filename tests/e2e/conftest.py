"""What the tests of the whole share."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from meterwatch.app.console import ConsoleServer, make_console
from meterwatch.config import Settings
from meterwatch.config.telling import Sms, Twilio
from meterwatch.config.web import Web
from tests.e2e.office import REPLY, Office, impatient
from tests.e2e.village import EVENING, Village, live_until_evening, settings_in, settle
from tests.parts.carrier import ACCOUNT, SENDER, TOKEN, Carrier


@pytest.fixture(scope="session")
def settled_village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settle the village once; tests get copies of its files."""
    folder = tmp_path_factory.mktemp("village")
    settle(folder)
    return folder


@pytest.fixture
def village_folder(settled_village: Path, tmp_path: Path) -> Path:
    """Give the files of a village of this test alone."""
    return Path(shutil.copytree(settled_village, tmp_path / "village"))


@pytest.fixture(scope="session")
def village_at_dusk(settled_village: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let somebody fall in the village, and the day pass; tests get copies of its files."""
    folder = tmp_path_factory.mktemp("evening") / "village"
    shutil.copytree(settled_village, folder)
    live_until_evening(folder)
    return folder


@pytest.fixture
def evening_folder(village_at_dusk: Path, tmp_path: Path) -> Path:
    """Give the files of a village in the evening, of this test alone."""
    return Path(shutil.copytree(village_at_dusk, tmp_path / "evening"))


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    """Give a carrier that listens."""
    running = Carrier().start()
    yield running
    running.stop()


@pytest.fixture
def office_settings(
    evening_folder: Path, carrier: Carrier, free_port: Callable[[], int]
) -> Settings:
    """Give the settings of an office that texts in earnest."""
    port = free_port()
    twilio = Twilio(
        account_sid=ACCOUNT, auth_token=SecretStr(TOKEN), sender=SENDER, base_url=carrier.url
    )
    return settings_in(
        evening_folder,
        sms=Sms(provider="twilio", signature="示例区", twilio=twilio),
        web=Web(port=port, public_url=f"http://127.0.0.1:{port}"),
    )


@pytest.fixture
def office(
    request: pytest.FixtureRequest, office_settings: Settings, carrier: Carrier
) -> Iterator[Office]:
    """Open the office; with the parameter "impatient" its provider does not wait long."""
    chosen = impatient(office_settings) if getattr(request, "param", "") == "impatient" else None
    village = Village(office_settings, EVENING, chosen)
    village.fall()
    village.house.watch_meters()
    server = ConsoleServer(village.house, make_console(village.house))
    server.start()
    assert server.started
    carrier.reply_url = f"{office_settings.web.public_url}{REPLY}"
    yield Office(village, carrier, office_settings.web.public_url)
    carrier.let_go()
    server.stop()
    village.house.provider.close()  # type: ignore[attr-defined]
    village.close()

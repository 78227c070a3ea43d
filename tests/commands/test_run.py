"""The daemon refuses what would go wrong later, and ends whole, whichever way it ends."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from sqlalchemy import select, text
from typer.testing import CliRunner

from meterwatch.commands import app
from meterwatch.store import Store
from meterwatch.store.tables import house
from tests.e2e import stored
from tests.e2e.daemon import PATIENCE, ROLES, Daemon, alive, wait_for
from tests.parts.broker import Broker

TWILIO = """\
[sms]
provider = "twilio"
[sms.twilio]
account_sid = "AC1"
auth_token = "secret"
sender = "+14155550100"
"""


@pytest.fixture
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERWATCH_CONFIG", raising=False)


def refusal(*words: str, code: int) -> str:
    """Run the daemon and give why it does not start."""
    result = CliRunner().invoke(app, ["run", *words])
    assert (result.exit_code, result.exception.__class__) == (code, SystemExit), result.output
    assert result.output
    return result.output


@pytest.mark.usefixtures("_own_folder")
class TestBeforeItStarts:
    @pytest.mark.parametrize("words", [(), ("--role", "meters")])
    def test_a_replay_that_would_text_people_is_refused(self, words: tuple[str, ...]) -> None:
        Path("meterwatch.toml").write_text(TWILIO, "utf-8")
        told = refusal("--clock", "data", *words, code=os.EX_CONFIG)
        assert "console" in told
        assert "secret" not in told

    @pytest.mark.parametrize("words", [(), ("--role", "bells"), ("--clock", "data")])
    def test_tables_that_are_missing_are_asked_for(self, words: tuple[str, ...]) -> None:
        assert "meterwatch migrate" in refusal(*words, code=os.EX_CONFIG)

    def test_tables_that_are_older_than_the_program_are_asked_for(self) -> None:
        CliRunner().invoke(app, ["migrate"])
        store = Store("sqlite:///meterwatch.db")
        with store.transaction() as tx:
            tx.connection.execute(text("UPDATE alembic_version_people SET version_num = '0001'"))
        store.close()
        assert "meterwatch migrate" in refusal(code=os.EX_CONFIG)

    def test_everything_that_is_wrong_with_the_settings_is_said_at_once(self) -> None:
        Path("meterwatch.toml").write_text(
            '[mqtt]\nport = 0.5\n[web]\nprot = 1\nhost = "0.0.0.0"\n[deployment]\nzone = "Mars"\n'
            '[escalation.no_use]\nrounds = 0\n[database]\nurl = "oracle://x"\n',
            "utf-8",
        )
        told = refusal(code=os.EX_CONFIG)
        for key in (
            "mqtt.port",
            "web.prot",
            "deployment.zone",
            "escalation.no_use",
            "database.url",
        ):
            assert key in told

    def test_a_file_of_settings_that_is_not_there_is_named(self) -> None:
        assert "nowhere.toml" in refusal("--config", "nowhere.toml", code=os.EX_CONFIG)

    @pytest.mark.parametrize("roles", ["bells,cats", "", ","])
    def test_a_role_that_there_is_not_is_refused(self, roles: str) -> None:
        assert "meters" in refusal("--roles", roles, code=2)


@pytest.fixture
def daemon(tmp_path: Path, broker: Broker) -> Iterator[Daemon]:
    folder = tmp_path / "house"
    installation = Daemon(folder, f"sqlite:///{folder}/meterwatch.db", broker)
    yield installation
    installation.close()


def test_every_role_says_that_it_is_alive_and_ends_when_it_is_asked_to(daemon: Daemon) -> None:
    daemon.start()
    beats = select(house.beats.c.role, house.beats.c.beat, house.beats.c.failure)
    expected = {
        ("bells", "deliver", ""),
        ("meters", "sweep", ""),
        ("people", "escalate", ""),
        ("people", "deliver", ""),
        ("night", "learn", ""),
    }
    wait_for("every beat", lambda: set(stored.people_rows(daemon.store, beats)) >= expected)
    roles = daemon.pids()
    assert len(set(roles.values())) == len(ROLES)
    assert daemon.stop() == 0
    assert not any(alive(pid) for pid in roles.values())


def test_no_role_outlives_a_supervisor_that_was_killed(daemon: Daemon) -> None:
    daemon.start()
    roles = daemon.pids()
    assert all(alive(pid) for pid in roles.values())
    assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
    wait_for("all roles are gone", lambda: not any(alive(pid) for pid in roles.values()))
    daemon.start()  # and nothing of them stands in the way
    roles = daemon.pids()
    assert daemon.stop(signal.SIGINT) == 0
    assert not any(alive(pid) for pid in roles.values())


def test_only_the_roles_that_were_asked_for_are_run(daemon: Daemon) -> None:
    command = [sys.executable, "-m", "meterwatch", "run", "--roles", "night"]
    log = (daemon.folder / "log").open("wb")
    with log, Popen([*command, "--config", str(daemon.config)], stdin=PIPE, stderr=log) as process:
        wait_for("the role is started", lambda: bool(daemon.pid("night")))
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert [role for role, pid in daemon.pids().items() if pid] == ["night"]

"""The command line: every command has an example, and the first steps lead to a running service."""

import csv
import io
import json
import os
import socket
import tomllib
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from threading import Event

import pytest
import typer
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from meterwatch import migrations
from meterwatch.app import House
from meterwatch.clock import SystemClock, machine_now
from meterwatch.commands import COMMANDS, app
from meterwatch.commands.starting import run_role
from meterwatch.config import load
from meterwatch.config.template import template
from meterwatch.dashboard import sessions
from meterwatch.domain.fact import ButtonPress, Reading
from meterwatch.gateways import by_name
from meterwatch.simulators.district import invent
from meterwatch.store import Store
from meterwatch.store.tables import people as t

THERE = [listed for listed in COMMANDS if find_spec(listed.module)]
URL = "sqlite:///meterwatch.db"
SECRET = "correct horse"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERWATCH_CONFIG", raising=False)
    monkeypatch.setenv("COLUMNS", "200")


def run(*words: str, input: str | bytes | None = None) -> Result:  # noqa: A002  # as the runner's
    return CliRunner().invoke(app, words, input=input)


def well(*words: str, input: str | bytes | None = None) -> str:  # noqa: A002  # as the runner's
    result = run(*words, input=input)
    assert result.exit_code == 0, result.output
    return result.stdout


def badly(*words: str, code: int = 1, input: str | bytes | None = None) -> str:  # noqa: A002
    result = run(*words, input=input)
    assert (result.exit_code, result.exception.__class__) == (code, SystemExit), result.output
    return result.output


def homes_csv(homes: int = 3) -> Path:
    path = Path("homes.csv")
    invent(homes).write_csv(path)
    return path


def test_help_names_every_command_that_is_there() -> None:
    told = well("--help")
    assert all(listed.name in told for listed in THERE)
    assert "例 / example:" in told.casefold()


@pytest.mark.parametrize("listed", THERE, ids=lambda listed: listed.name)
def test_every_command_has_an_example(listed: object) -> None:
    name = str(getattr(listed, "name", ""))
    told = well(name, "--help")
    assert "例 / example:" in told.casefold()
    assert f"meterwatch {name}" in " ".join(told.split())


@pytest.mark.parametrize("name", ["add", "list", "link", "password", "disable"])
def test_every_command_below_another_has_an_example(name: str) -> None:
    assert f"meterwatch user {name}" in well("user", name, "--help")


def test_help_imports_no_command() -> None:
    loaded = typer.main.get_command(app)
    assert all("later" in type(loaded.get_command(None, c.name)).__name__.lower() for c in THERE)  # type: ignore[attr-defined]


def test_a_command_that_there_is_not_is_refused() -> None:
    assert "No such command" in badly("fly", code=2)


def test_init_writes_a_file_that_only_its_owner_reads() -> None:
    told = well("init")
    file = Path("meterwatch.toml")
    assert file.read_text("utf-8") == template()
    assert file.stat().st_mode & 0o077 == 0
    assert "meterwatch migrate" in told
    tomllib.loads(file.read_text("utf-8"))


def test_init_leaves_a_file_that_is_there() -> None:
    Path("meterwatch.toml").write_text("# mine\n", "utf-8")
    assert "--force" in badly("init")
    assert Path("meterwatch.toml").read_text("utf-8") == "# mine\n"
    well("init", "--force")
    assert Path("meterwatch.toml").read_text("utf-8") == template()


def test_init_says_where_it_cannot_write() -> None:
    assert "nowhere" in badly("init", "nowhere/meterwatch.toml")


def test_init_writes_where_it_is_told() -> None:
    well("init", "other.toml")
    assert Path("other.toml").exists()


@pytest.mark.parametrize("words", [("migrate",), ("devices",), ("user", "list")])
def test_wrong_settings_are_named_and_nothing_is_made(words: tuple[str, ...]) -> None:
    Path("meterwatch.toml").write_text("[mqtt]\nport = 0.5\n[web]\nprot = 1\n", "utf-8")
    told = badly(*words, code=2)
    assert "mqtt.port" in told
    assert "web.prot" in told
    assert not Path("meterwatch.db").exists()


def test_migrate_makes_the_tables_and_can_be_run_again() -> None:
    badly("migrate", "--check")
    well("migrate")
    assert "people: " in well("migrate")
    well("migrate", "--check")
    assert migrations.is_current(URL)


def test_migrate_says_why_a_database_cannot_be_opened() -> None:
    Path("file").write_text("no folder", "utf-8")
    Path("meterwatch.toml").write_text("[database]\nurl = 'sqlite:///file/x.db'\n", "utf-8")
    assert "cannot be opened" in badly("migrate")
    Path("meterwatch.db").write_bytes(b"this is no database" * 100)
    Path("meterwatch.toml").unlink()
    assert "cannot be opened" in badly("migrate")


@pytest.mark.parametrize("words", [("devices",), ("user", "list"), ("import", "homes.csv")])
def test_what_needs_tables_says_how_to_make_them(words: tuple[str, ...]) -> None:
    homes_csv()
    assert "meterwatch migrate" in badly(*words)


def test_import_takes_homes_in_and_says_how_many() -> None:
    well("migrate")
    homes_csv()
    assert "没有写入 / a dry run" in well("import", "homes.csv", "--dry-run")
    assert "households: 新增 / new 3" in well("import", "homes.csv")
    assert "households: 新增 / new 0, 更改 / changed 0, 未变 / unchanged 3" in well(
        "import", "homes.csv"
    )


def test_import_names_every_fault_and_takes_nothing_in() -> None:
    well("migrate")
    path = homes_csv()
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    rows[1]["guardian_phone"] = "12345"
    rows[2]["grade"] = "purple"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    told = badly("import", "homes.csv")
    assert "第 3 行 · guardian_phone" in told
    assert "第 4 行 · grade" in told
    assert "2 faults; nothing was imported" in told
    assert json.loads(well("devices", "--json")) == []


def test_import_says_when_the_file_is_not_there() -> None:
    assert "nowhere.csv" in badly("import", "nowhere.csv", code=2)


def test_a_long_import_shows_how_far_it_is() -> None:
    well("migrate")
    homes_csv(600)
    result = run("import", "homes.csv")
    assert result.exit_code == 0
    assert "读取 / reading" in result.stderr
    assert "new 600" in result.stdout


def test_devices_are_listed_with_when_they_were_last_heard() -> None:
    well("migrate")
    homes_csv(2)
    well("import", "homes.csv")
    now = int(machine_now().timestamp())
    store = Store(URL)
    with store.transaction() as tx:
        meters = {watched.device.address: watched.device.id for watched in tx.homes.watched()}
        long_ago = machine_now() - timedelta(days=9)
        tx.connection.execute(t.devices.update().values(watched_since=long_ago))
    fresh, late = (home.meter.address for home in invent(2).homes)
    store.telemetry.add([(meters[fresh], now - 60, now - 60, 4711.0)])
    store.close()
    lines = {line["address"]: line for line in json.loads(well("devices", "--json"))}
    assert lines[fresh]["litres"] == 4711.0
    heard = datetime.fromisoformat(lines[fresh]["heard_at"])
    assert heard == datetime.fromtimestamp(now - 60, UTC)
    assert (lines[fresh]["silent"], lines[late]["silent"]) == (False, True)
    assert not lines["bell-0001"]["silent"]
    shown = well("devices", "--silent")
    assert late in shown
    assert fresh not in shown
    assert "bell-0001" in shown  # never heard
    assert "1 失联 / silent, 3 从未收到 / never heard" in shown


def test_a_press_counts_as_heard_and_a_long_address_stays_whole_at_80_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    well("migrate")
    homes_csv(2)
    well("import", "homes.csv")
    now = machine_now()
    store = Store(URL)
    pressed = [now - timedelta(minutes=m) for m in (9, 2)]
    House(load(), store, SystemClock()).take(
        [ButtonPress("bell-0001", at, at, f"{at}") for at in pressed]
    )
    store.close()
    lines = {line["address"]: line for line in json.loads(well("devices", "--json"))}
    assert datetime.fromisoformat(lines["bell-0001"]["heard_at"]) == pressed[-1]
    assert lines["bell-0002"]["heard_at"] is None
    monkeypatch.setenv("COLUMNS", "80")
    shown = well("devices")
    assert "0200000000000002" in shown
    assert "batt." not in shown
    assert max(map(cell_len, shown.splitlines())) <= 80


def test_without_a_settings_file_the_database_is_named() -> None:
    told = run("migrate").stderr
    assert (
        f"no meterwatch.toml, defaults are used; database {Path('meterwatch.db').absolute()}"
        in told
    )
    homes_csv()
    assert "没有 meterwatch.toml,使用默认设置" in run("import", "homes.csv").stderr
    well("init")
    assert "meterwatch.toml" not in run("migrate").stderr


def test_a_database_is_read_by_its_owner_only() -> None:
    before = os.umask(0o022)
    try:
        well("migrate")
        made = {path.name: path.stat().st_mode & 0o777 for path in Path().glob("*.db")}
        assert "meterwatch.db" in made
        assert set(made.values()) == {0o600}
    finally:
        os.umask(before)


def test_the_console_says_where_it_is_and_that_nobody_is_texted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    well("migrate")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    Path("meterwatch.toml").write_text(f"[web]\nport = {port}\n", "utf-8")
    stop = Event()
    stop.set()
    run_role("people", None, by_data=False, stop=stop)
    said = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("{")]
    assert said[0] == f"网页 / console: http://127.0.0.1:{port}"
    assert "text messages are not connected (sms.provider = console)" in said[1]
    assert (said[2], said[4]) == ("", "")
    assert "first login: http://" in said[3]


READING = Reading("90000001", datetime(2026, 3, 1, 8, tzinfo=UTC), machine_now(), 1234.0)


def payload() -> tuple[str, str]:
    [message] = by_name("wmbusmeters").encode([READING])
    return message.topic, message.payload.decode()


@pytest.mark.parametrize("gateway", ["auto", "wmbusmeters"])
def test_decode_shows_what_a_payload_says(gateway: str) -> None:
    topic, text = payload()
    told = well("decode", gateway, topic, text)
    assert "读数 / reading" in told
    assert "litres 1234.0" in told


def test_decode_reads_bytes_from_the_input() -> None:
    topic, text = payload()
    facts = json.loads(well("decode", "auto", topic, "-", "--json", input=text.encode()))["facts"]
    assert [(fact["kind"], fact["litres"]) for fact in facts] == [("Reading", 1234.0)]
    assert "refused (broken)" in badly("decode", "auto", topic, "-", input=b"\xff\xfe{")


def test_decode_says_why_a_payload_is_refused() -> None:
    topic, _ = payload()
    assert "refused (broken)" in badly("decode", "auto", topic, "{")
    assert "refused (topic)" in badly("decode", "auto", "nobody/listens", "{}")
    told = run("decode", "auto", topic, "{", "--json")
    assert json.loads(told.stdout)["refused"][0]["reason"] == "broken"


def test_decode_takes_a_field_mapping() -> None:
    topic, text = payload()
    mapped = json.loads(text) | {"pulses": 7, "media": "other"}
    words = ("--field", "pulses", "--unit", "L", "--factor", "10")
    assert "litres 70.0" in well("decode", "auto", topic, json.dumps(mapped), *words)


@pytest.mark.parametrize(
    "words",
    [
        ("pigeon", "wmbusmeters/1", "{}"),
        ("zigbee2mqtt", "wmbusmeters/1", "{}"),
        ("auto", "wmbusmeters/1", "{}", "--field", "x", "--unit", "pint"),
        ("auto", "wmbusmeters/1", "{}", "--field", "x", "--factor", "-1"),
    ],
)
def test_decode_refuses_what_it_cannot_ask_with_words(words: tuple[str, ...]) -> None:
    assert " / " in badly("decode", *words, code=2)


def test_decode_says_when_nothing_is_for_us() -> None:
    assert "nothing in it" in well("decode", "auto", "zigbee2mqtt/lamp", '{"state": "ON"}')


def test_an_account_is_made_listed_changed_and_closed() -> None:
    well("migrate")
    assert "user link" in well("user", "list")
    well("user", "add", "xiaowang", "--language", "en", input=f"{SECRET}\n")
    assert "already" in badly("user", "add", "xiaowang", input=f"{SECRET}\n")
    [user] = json.loads(well("user", "list", "--json"))
    assert (user["name"], user["language"], user["disabled"]) == ("xiaowang", "en", False)
    well("user", "password", "xiaowang", input="a new secret\n")
    store = Store(URL)
    now = machine_now()
    assert sessions.log_in(store, "xiaowang", SECRET, now) is None
    assert sessions.log_in(store, "xiaowang", "a new secret", now) is not None
    well("user", "disable", "xiaowang")
    assert sessions.log_in(store, "xiaowang", "a new secret", now) is None
    store.close()
    assert "closed" in well("user", "list")


@pytest.mark.parametrize(
    ("words", "secret", "mend"),
    [
        (("add", "xiaowang"), "short", "10 characters"),
        (("add", "xiaowang-xiaowang"), "xiaowang-xiaowang", "not be the name"),
        (("add", "x" * 65), SECRET, "64 characters"),
        (("add", "xiaowang", "--language", "fr"), SECRET, "zh or en"),
        (("password", "nobody"), SECRET, "no account nobody"),
        (("disable", "nobody"), "", "no account nobody"),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    words: tuple[str, ...], secret: str, mend: str
) -> None:
    well("migrate")
    result = run("user", *words, input=f"{secret}\n")
    assert result.exit_code in {1, 2}
    assert mend in result.output


def test_a_link_makes_one_account() -> None:
    well("migrate")
    link = well("user", "link").strip()
    assert link.startswith("http://127.0.0.1:8000/login/first?token=")
    token = link.partition("token=")[2]
    store, now = Store(URL), machine_now()
    assert sessions.use_link(store, token, "xiaowang", SECRET, "zh", now) == 1
    assert not sessions.link_is_good(store, token, now)
    store.close()

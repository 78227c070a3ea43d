"""Recordings are lived through here, or published; what cannot be read is named with its line."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from meterwatch.commands import app
from meterwatch.domain.fact import Reading
from meterwatch.gateways import Message, decode
from meterwatch.store import Store
from meterwatch.store.tables import alerts, people, telemetry
from tests.daemon.taking import Taker, listen
from tests.parts.broker import Broker
from tests.parts.programs import find_program

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = 24 * 12
HOMES = ("a-1", "b-2", "c-3")
HEADER = "household,at,register_litres"
URL = "sqlite:///meterwatch.db"
Kept = set[tuple[str, int, float]]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERWATCH_CONFIG", raising=False)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def well(*words: str) -> Result:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result


def badly(*words: str, code: int = 1) -> str:
    result = run(*words)
    assert (result.exit_code, result.exception.__class__) == (code, SystemExit), result.output
    return result.output


def litres(number: int, hour: int) -> int:
    """Give a register: ten litres at seven and at eighteen; the third home stops on day eight."""
    until = min(hour, 24 * 7) if number == 2 else hour
    return 1_000 * number + 10 * sum(h % 24 in {7, 18} for h in range(until + 1))


def rows() -> list[tuple[str, datetime, int]]:
    """Write twelve days of three homes in the order in which they were heard."""
    return [
        (home, BEGAN + timedelta(hours=hour, minutes=number), litres(number, hour))
        for hour in range(HOURS)
        for number, home in enumerate(HOMES)
    ]


def write(
    recorded: list[tuple[str, datetime, int]],
    name: str = "readings.csv",
    pack: Callable[[bytes], bytes] = bytes,
) -> str:
    lines = [f"{home},{at.isoformat()},{register}" for home, at, register in recorded]
    Path(name).write_bytes(pack("\n".join([HEADER, *lines, ""]).encode()))
    return name


def kept(url: str = URL) -> tuple[Kept, Counter[tuple[str, str, datetime]]]:
    """Give the readings and the alerts that are stored."""
    store = Store(url)
    r, a, h = telemetry.readings.c, alerts.alerts.c, people.households.c
    with store.view() as view:
        devices = select(people.devices.c.id, people.devices.c.address)
        addresses = dict(map(tuple, view.people.execute(devices)))
        found = view.telemetry.execute(select(r.device_id, r.measured_at, r.litres))
        readings = {(addresses[device], at, litres) for device, at, litres in found}
        worries = select(h.code, a.kind, a.began_at).join_from(
            alerts.alerts, people.households, a.subject_id == h.id
        )
        alerted = Counter(tuple(row) for row in view.people.execute(worries))
    store.close()
    return readings, alerted


def expected(recorded: list[tuple[str, datetime, int]]) -> Kept:
    return {(home, int(at.timestamp()), float(register)) for home, at, register in recorded}


def test_a_replay_takes_every_reading_in_and_raises_what_is_in_it() -> None:
    well("migrate")
    done = json.loads(well("replay", write(rows()), "--json").stdout)
    readings, alerted = kept()
    assert readings == expected(rows())
    last_use = BEGAN + timedelta(days=6, hours=18, minutes=2)
    assert alerted == {("c-3", "no_use", last_use): 1}
    assert done == {"readings": len(rows()), "refused": 0, "alerts": 1, "messages": 0}


def test_a_replay_says_in_words_what_it_came_to_and_how_far_it_is() -> None:
    well("migrate")
    result = well("replay", write(rows()))
    assert f"readings {len(rows())}" in result.stdout
    assert "alerts 1" in result.stdout
    assert "meterwatch run --clock data\n" in result.stdout
    assert "重放 / replaying" in result.stderr


def test_a_second_replay_of_one_file_changes_nothing() -> None:
    well("migrate")
    file = write(rows())
    well("replay", file)
    before = kept()
    assert json.loads(well("replay", file, "--json").stdout)["alerts"] == 0
    assert kept() == before


def test_a_replay_may_be_cut_short_and_taken_up_again() -> None:
    well("migrate")
    file = write(rows())
    done = json.loads(well("replay", file, "--limit", "300", "--json").stdout)
    assert done["readings"] == 300
    assert kept()[0] == expected(rows()[:300])
    well("replay", file)
    assert kept()[0] == expected(rows())
    assert [kind for _, kind, _ in kept()[1]] == ["no_use"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_homes_that_lie_one_after_the_other_are_heard_together(
    pack: Callable[[bytes], bytes],
) -> None:
    well("migrate")
    well("replay", write(rows()))
    together = kept()
    for file in Path().glob("*.db*"):
        file.unlink()
    well("migrate")
    well("replay", write(sorted(rows()), "by-home.csv.gz", pack))
    assert kept() == together


def test_a_day_that_a_concentrator_sends_late_is_heard_late() -> None:
    well("migrate")
    late = [row for row in rows() if row[0] == "b-2"][24:48]
    others = [row for row in rows() if row not in late]
    place = others.index(("a-1", BEGAN + timedelta(hours=48), litres(0, 48)))
    well("replay", write([*others[:place], *late, *others[place:]]))
    assert kept()[0] == expected(rows())
    store = Store(URL)
    heard = {received for _, measured, received, _ in store.telemetry.heard(0, 10_000)}
    store.close()
    assert {int(at.timestamp()) for _, at, _ in late}.isdisjoint(heard)


def test_the_homes_of_a_recording_are_written_as_a_file_to_import() -> None:
    well("migrate")
    assert (
        "meterwatch import homes.csv"
        in well("replay", write(rows()), "--homes-csv", "homes.csv").stdout
    )
    assert "new 3" in well("import", "homes.csv").stdout
    listed = json.loads(well("devices", "--json").stdout)
    assert sorted(device["address"] for device in listed) == list(HOMES)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a-1,yesterday,10", "line 4: at is no time"),
        ("a-1,2026-03-01T08:00:00,10", "line 4: at has no offset"),
        ("a-1,2026-03-01T08:00:00Z,much", "line 4: register_litres is no register"),
        ("a-1,2026-03-01T08:00:00Z,-1", "line 4: register_litres is no register"),
        ("a-1,2026-03-01T08:00:00Z,nan", "line 4: register_litres is no register"),
        ("a-1,2026-03-01T08:00:00Z,1e999", "line 4: register_litres is no register"),
        ("a-1,2026-03-01T08:00:00Z", "line 4: must have 3 cells"),
        ('"a-1,2026-03-01T08:00:00Z,10', "cannot be read"),
    ],
)
@pytest.mark.parametrize("words", [(), ("--mqtt", "127.0.0.1:1"), ("--homes-csv", "homes.csv")])
def test_a_broken_row_is_named_by_its_line_and_nothing_is_taken_in(
    row: str, says: str, words: tuple[str, ...]
) -> None:
    well("migrate")
    Path("readings.csv").write_text(
        f"{HEADER}\na-1,2026-03-01T06:00:00Z,1\na-1,2026-03-01T07:00:00Z,2\n{row}\n", "utf-8"
    )
    told = badly("replay", "readings.csv", *words)
    assert "readings.csv" in told
    assert says in told
    assert kept() == (set(), Counter())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: must be household,at,register_litres"),
        (b"home,time,litres\n", "line 1: must be household,at,register_litres"),
        (HEADER.encode(), "there is no reading"),
        (f"{HEADER}\n示例户,2026-03-01T06:00:00Z,1\n".encode("gb18030"), "not UTF-8"),
        (gzip.compress(HEADER.encode())[:-9], "cannot be read"),
        (b"\x1f\x8bno gzip at all", "cannot be read"),
    ],
)
def test_a_file_that_is_no_recording_says_what_it_should_be(content: bytes, says: str) -> None:
    well("migrate")
    Path("readings.csv").write_bytes(content)
    told = badly("replay", "readings.csv")
    assert "readings.csv" in told
    assert says in told


def test_a_household_that_no_office_could_import_is_named() -> None:
    well("migrate")
    told = badly("replay", write([("=1+1", BEGAN, 10)]))
    assert "household" in told
    assert kept() == (set(), Counter())


def test_a_replay_needs_tables_and_says_how_to_make_them() -> None:
    assert "meterwatch migrate" in badly("replay", write(rows()))


def test_a_replay_texts_nobody() -> None:
    well("migrate")
    Path("meterwatch.toml").write_text(
        '[sms]\nprovider = "twilio"\n[sms.twilio]\naccount_sid = "AC1"\nauth_token = "t"\n'
        'sender = "+14155550100"\n',
        "utf-8",
    )
    assert "console" in badly("replay", write(rows()))
    assert kept() == (set(), Counter())


def test_a_wrong_date_that_jumps_ahead_is_named_and_a_later_recording_is_not_one() -> None:
    well("migrate")
    jump = ("a-1", BEGAN + timedelta(days=400), 9_999)
    told = badly("replay", write([*rows(), jump]))
    assert "jumps" in told
    assert "2027-04-05" in told
    assert "Traceback" not in told
    well("replay", write([jump], "next-year.csv"))
    assert ("a-1", int(jump[1].timestamp()), 9_999.0) in kept()[0]


def taken_from(broker: Broker, client_id: str, many: int, *words: str) -> list[Message]:
    """Replay over the broker and give what a subscriber hears of it."""
    taker = Taker()
    source = listen(broker, client_id, "meterwatch/v1/readings/+", taker, session_expiry_seconds=0)
    result = well("replay", *words, "--mqtt", f"{broker.host}:{broker.port}")
    taker.wait_for(many)
    assert source.stop()
    assert f"published {many}" in result.stdout
    return taker.taken


def readings_in(messages: list[Message]) -> list[tuple[str, datetime, int]]:
    """Decode native messages, long after they were sent."""
    later = [replace(message, received_at=BEGAN + timedelta(days=99)) for message in messages]
    facts = [fact for message in later for fact in decode(message, {}).facts]
    return [(f.device, f.measured_at, int(f.litres)) for f in facts if isinstance(f, Reading)]


def test_a_replay_over_a_broker_publishes_every_reading_once_and_in_order(broker: Broker) -> None:
    heard = taken_from(broker, "replay-fast", 9, write(sorted(rows())))
    assert readings_in(heard) == rows()


def test_a_paced_replay_publishes_reading_by_reading(broker: Broker) -> None:
    heard = taken_from(broker, "replay-paced", 12, write(rows()), "--speed", "1e9", "--limit", "12")
    assert readings_in(heard) == rows()[:12]


@pytest.mark.usefixtures("broker")  # without one there is no program to run a second one
def test_a_replay_that_nobody_listens_to_says_so(tmp_path: Path) -> None:
    alone = Broker(str(find_program("mosquitto")), tmp_path)
    alone.start()
    told = well("replay", write(rows()), "--mqtt", f"{alone.host}:{alone.port}").stdout
    alone.stop()
    assert "meterwatch run --clock data" in told


@pytest.mark.parametrize("address", ["localhost", "localhost:mqtt", "127.0.0.1:1"])
def test_a_broker_that_cannot_be_reached_is_named(address: str) -> None:
    told = badly("replay", write(rows()), "--mqtt", address, code=2)
    assert address in told

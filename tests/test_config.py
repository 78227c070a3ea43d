"""Settings: defaults work, the environment comes first, every mistake is named with its mend."""

import json
import re
import tomllib
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from meterwatch.config import ConfigErrors, Settings, is_loopback, load
from meterwatch.config.detector_words import DETECTOR_TITLES, DETECTOR_WORDS
from meterwatch.config.telling import Escalation
from meterwatch.config.template import reference, tables, template
from meterwatch.detectors import DETECTORS, Budget, LowUse, NoUse, build
from meterwatch.detectors.presets import PRESETS
from meterwatch.domain.escalation import Policies
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.signal import BELL, LIFE_KINDS, METER_SILENT, NO_USE, SilenceRule

REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERWATCH_CONFIG", raising=False)


def written(text: str) -> Path:
    file = Path("meterwatch.toml")
    file.write_text(text, "utf-8")
    return file


def errors_of(text: str) -> dict[str, str]:
    with pytest.raises(ConfigErrors) as caught:
        load(written(text))
    return {error.key: str(error.said) for error in caught.value.errors}


def test_without_a_file_everything_has_a_default() -> None:
    settings = load()
    assert settings.web.host == "127.0.0.1"
    assert settings.sms.provider == "console"
    assert settings.deployment.tz.key == "Asia/Shanghai"
    assert settings.escalation.policies() == Policies()
    assert settings.silence.rule() == SilenceRule()
    asking = ("no_use", "low_use", "odd_hours")
    assert settings.detector_tables() == {name: {"use_litres": 3.0} for name in asking}


def test_the_file_in_the_working_directory_counts() -> None:
    written("[mqtt]\nport = 1884\n")
    assert load().mqtt.port == 1884


def test_a_file_saved_with_a_byte_order_mark_is_read() -> None:
    file = Path("other.toml")
    file.write_bytes("﻿[deployment]\nname = '梅园街道'\n".encode())
    assert load(file).deployment.name == "梅园街道"


def test_the_environment_names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("other.toml").write_text("[web]\nport = 8123\n", "utf-8")
    monkeypatch.setenv("METERWATCH_CONFIG", "other.toml")
    assert load().web.port == 8123


def test_the_environment_comes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERWATCH_MQTT__PORT", "1999")
    monkeypatch.setenv("METERWATCH_ESCALATION__BELL__ROUNDS", "9")
    monkeypatch.setenv("METERWATCH_DETECTORS__NO_USE__USE_LITRES", "5")
    settings = load(written("[mqtt]\nport = 1884\nhost = 'broker'\n"))
    assert (settings.mqtt.port, settings.mqtt.host) == (1999, "broker")
    assert settings.escalation.policies().by_kind[BELL].rounds == 9
    assert settings.detector_tables()["no_use"] == {"use_litres": 5.0}


def test_a_variable_of_no_section_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERWATCH_MQQT__PORT", "1999")
    monkeypatch.setenv("METERWATCH_TEST_REQUIRE", "all")
    with pytest.raises(ConfigErrors, match=r"METERWATCH_MQQT__PORT: .* did you mean mqtt"):
        load()


def test_a_variable_that_is_no_table_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERWATCH_MQTT", "{")
    with pytest.raises(ConfigErrors, match="mqtt"):
        load()


def test_a_file_that_was_asked_for_must_be_there() -> None:
    with pytest.raises(ConfigErrors, match=r"nowhere\.toml: .*meterwatch init"):
        load(Path("nowhere.toml"))


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"[mqtt\n", r"not valid TOML.*line 1"),
        ("[deployment]\nname='街道'\n".encode("gb18030"), "UTF-8"),
    ],
)
def test_a_file_that_is_not_toml_says_where(content: bytes, mend: str) -> None:
    file = Path("meterwatch.toml")
    file.write_bytes(content)
    with pytest.raises(ConfigErrors, match=mend):
        load()


def test_a_folder_in_the_place_of_the_file_is_an_error_and_no_crash() -> None:
    Path("meterwatch.toml").mkdir()
    with pytest.raises(ConfigErrors, match="cannot be read"):
        load()


def test_every_mistake_is_said_at_once() -> None:
    found = errors_of(
        """
        [mqtt]
        port = 70000
        hots = "x"
        password_file = "nowhere"
        [web]
        port = "abc"
        [deployment]
        zone = "Mars"
        language = "fr"
        [silence]
        hub_share = nan
        [escalation.bell]
        rounds = 0
        steps = [{ roles = ["guardian", "aunt"], wait_minutes = 0 }]
        [escalation.no_use]
        steps = []
        [escalation.bel]
        [detectors.no_use]
        use_litre = 5
        [retension]
        """
    )
    assert found.keys() == {
        "mqtt.port",
        "mqtt.hots",
        "mqtt.password_file",
        "web.port",
        "deployment.zone",
        "deployment.language",
        "silence.hub_share",
        "escalation.bell.rounds",
        "escalation.bell.steps.0.roles.1",
        "escalation.bell.steps.0.wait_minutes",
        "escalation.no_use.steps",
        "escalation.bel",
        "detectors",
        "retension",
    }
    assert "65535" in found["mqtt.port"]
    assert "did you mean host" in found["mqtt.hots"]
    assert "did you mean retention" in found["retension"]
    assert "use_litre: unknown" in found["detectors"]


def test_every_mistake_is_said_in_both_languages() -> None:
    for said in errors_of("[mqtt]\nport = -1\nx = 1\n[web]\nhost = '0.0.0.0'\n").values():
        chinese, _, english = said.partition(" / ")
        assert re.search(r"[一-鿿]", chinese)
        assert not re.search(r"[一-鿿]", english)


@pytest.mark.parametrize(
    ("text", "key", "mend"),
    [
        ("[database]\nurl = 'mysql://host/x'", "database.url", "sqlite:///"),
        ("[database]\nurl = 'sqlite://'", "database.url", "sqlite:///"),
        ("[database]\nurl = ''", "database.url", "sqlite:///"),
        ("[mqtt]\npassword = 'x'", "mqtt", "username"),
        ("[mqtt]\ntopic_prefix = 'a/#'", "mqtt.topic_prefix", "must not have"),
        ("[mqtt]\nclient_id = 'a b'", "mqtt.client_id", "letters"),
        ("[mqtt]\nport = true", "mqtt.port", "whole number"),
        ("mqtt = 3", "mqtt", "table"),
        ("[web]\npublic_url = 'watch.example.org'", "web.public_url", "https://"),
        ("[web]\npublic_url = 'https://[x'", "web.public_url", "https://"),
        ("[web]\ncertfile = 'nowhere.pem'", "web.certfile", "no file"),
        ("[daily]\nnot_before_hour = 22", "daily", "ascending"),
        ("[daily]\nnot_after_hour = 25", "daily.not_after_hour", "24"),
        ("[sms]\nprovider = 'pigeon'", "sms.provider", "console"),
        ("[sms]\nprovider = 'twilio'", "sms", "account_sid"),
        (
            "[sms]\nprovider = 'twilio'\n[sms.twilio]\naccount_sid = 'AC1'\nauth_token = 't'",
            "sms",
            "messaging_service_sid",
        ),
        ("[escalation.bell]\nrounds = 'two'", "escalation.bell.rounds", "whole number"),
        ("[detectors.magic]\nx = 1", "detectors", "no_use, low_use"),
    ],
)
def test_a_mistake_names_its_key_and_its_mend(text: str, key: str, mend: str) -> None:
    assert mend in errors_of(text)[key]


def test_what_may_be_secret_is_not_repeated_in_an_error() -> None:
    text = "[mqtt]\npassword = 'hunter2'\n[database]\nurl = 'mysql://me:hunter2@host/x'\n"
    assert "hunter2" not in str(errors_of(text))


def test_secrets_do_not_show_in_the_settings() -> None:
    settings = load(written("[mqtt]\nusername = 'me'\npassword = 'hunter2'\n"))
    assert "hunter2" not in repr(settings)
    assert settings.mqtt.password.get_secret_value() == "hunter2"


def test_a_secret_comes_from_its_file() -> None:
    Path("token").write_text("s3cret\n", "utf-8")
    text = "[sms.twilio]\nauth_token_file = 'token'\n"
    assert load(written(text)).sms.twilio.token == "s3cret"
    assert "not both" in errors_of(text + "auth_token = 'other'\n")["sms.twilio"]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_secret_file_without_a_secret_is_refused(content: bytes) -> None:
    Path("token").write_bytes(content)
    assert "sms.twilio.auth_token_file" in errors_of("[sms.twilio]\nauth_token_file = 'token'\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_certificate(host: str) -> None:
    assert is_loopback(host)
    assert load(written(f"[web]\nhost = '{host}'\n")).web.host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "watch.example.org"])  # noqa: S104  # it is refused
def test_another_address_needs_certificates_or_a_proxy(host: str) -> None:
    text = f"[web]\nhost = '{host}'\n"
    assert "certfile" in errors_of(text)["web"]
    assert "certfile" in errors_of(f"{text}behind_proxy = true\n")["web"]
    assert "certfile" in errors_of(f"{text}public_url = 'https://w.example.org'\n")["web"]
    plain = f"{text}behind_proxy = true\npublic_url = 'http://w.example.org'\n"
    assert "https://" in errors_of(plain)["web"]
    proxied = f"{text}behind_proxy = true\npublic_url = 'https://w.example.org/'\n"
    assert load(written(proxied)).web.public_url == "https://w.example.org"
    for name in ("cert.pem", "key.pem"):
        Path(name).write_text("pem", "utf-8")
    assert "go together" in errors_of(f"{text}certfile = 'cert.pem'\n")["web"]
    assert load(written(f"{text}certfile = 'cert.pem'\nkeyfile = 'key.pem'\n")).web.host == host


@pytest.mark.parametrize(
    ("lines", "secure"),
    [
        ("", False),
        ("public_url = 'http://w.example.org'", False),
        ("public_url = 'https://w.example.org'", True),
        ("public_url = 'HTTPS://w.example.org'", True),
        ("behind_proxy = true", True),
        ("behind_proxy = true\npublic_url = 'http://w.example.org'", True),
        ("certfile = 'cert.pem'\nkeyfile = 'key.pem'", True),
    ],
)
def test_logins_are_bound_to_https_wherever_people_come_by_it(lines: str, secure: bool) -> None:
    for name in ("cert.pem", "key.pem"):
        Path(name).write_text("pem", "utf-8")
    assert load(written(f"[web]\n{lines}\n")).web.by_https is secure


def test_postgres_is_reached_by_the_driver_that_is_installed() -> None:
    settings = load(written("[database]\nurl = 'postgresql://me@host/x'\n"))
    assert settings.database.url == "postgresql+psycopg://me@host/x"


def test_a_prefix_of_topics_ends_in_a_slash() -> None:
    assert load(written("[mqtt]\ntopic_prefix = 'site1'\n")).mqtt.topic_prefix == "site1/"


def test_an_own_ladder_replaces_the_default_and_leaves_the_rest() -> None:
    text = """
    [escalation.no_use]
    rounds = 4
    visiting_minutes = 90
    steps = [
        { roles = ["guardian"], wait_minutes = 10 },
        { roles = ["street_duty"], wait_minutes = 5, channel = "console" },
    ]
    """
    policies = load(written(text)).escalation.policies()
    own, default = policies.of(NO_USE, Grade.GREEN), Policies().of(NO_USE, Grade.GREEN)
    assert [step.roles for step in own.steps] == [(Role.GUARDIAN,), (Role.STREET_DUTY,)]
    assert own.steps[0].wait == timedelta(minutes=10)
    assert (own.rounds, own.visiting_wait) == (4, timedelta(minutes=90))
    assert own.acknowledged_wait == default.acknowledged_wait
    assert policies.of(BELL, Grade.GREEN) == Policies().of(BELL, Grade.GREEN)


def test_upkeep_shares_one_ladder() -> None:
    policies = load(written("[escalation.upkeep]\nrounds = 7\n")).escalation.policies()
    assert policies.of(METER_SILENT, Grade.GREEN).rounds == 7


def test_every_life_worry_has_a_ladder_of_its_own() -> None:
    assert set(Escalation.model_fields) >= LIFE_KINDS


def test_what_counts_as_use_is_said_once_and_may_be_said_for_the_detector() -> None:
    once = load(written("[usage]\nuse_litres = 5\n"))
    assert {table["use_litres"] for table in once.detector_tables().values()} == {5.0}
    twice = load(written("[usage]\nuse_litres = 5\n[detectors.no_use]\nuse_litres = 2\n"))
    assert twice.detector_tables()["no_use"] == {"use_litres": 2.0}
    assert twice.detector_tables()["low_use"] == {"use_litres": 5.0}


def test_a_budget_of_false_alarms_is_set_for_all_and_by_grade() -> None:
    text = (
        "[detectors.no_use]\nfalse_alarms_per_home_year = 3\n[detectors.no_use.by_grade]\nred = 8"
    )
    budget = load(written(text)).budget()
    assert [budget.of(grade) for grade in Grade] == [8.0, 3.0, 3.0]
    assert load(written("")).budget().of(Grade.GREEN) == 5.0
    wrong = errors_of("[detectors.no_use]\nby_grade = { blue = 3 }")["detectors"]
    assert "red, yellow, green" in wrong


def test_the_environment_sets_what_the_detectors_take(monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = "METERWATCH_DETECTORS__NO_USE__"
    monkeypatch.setenv(f"{prefix}FALSE_ALARMS_PER_HOME_YEAR", "2.5")
    monkeypatch.setenv(f"{prefix}BY_GRADE__RED", "8")
    monkeypatch.setenv(f"{prefix}USE_LITRES", "4")
    monkeypatch.setenv("METERWATCH_DETECTORS__FLAT_FLOW__ENABLED", "false")
    settings = load()
    assert settings.budget() == Budget(2.5, {Grade.RED: 8.0})
    assert build(settings.detector_tables()) == (NoUse(use_litres=4.0), LowUse())
    monkeypatch.setenv(f"{prefix}USE_LITRES", "four")
    with pytest.raises(ConfigErrors, match="use_litres: must be a number, not 'four'"):
        load()


def test_what_homes_do_in_general_may_be_taken_from_another_file() -> None:
    shipped = load().prior()
    table = {k: v.tolist() if hasattr(v, "tolist") else v for k, v in shipped.table().items()}
    Path("own.json").write_text(json.dumps(table | {"source": "our own street"}), "utf-8")
    own = load(written("[detectors.no_use]\nprior = 'own.json'\n")).prior()
    assert (shipped.source != own.source, own.source) == (True, "our own street")
    assert (own.hazard == shipped.hazard).all()
    Path("own.json").write_text("[]", "utf-8")
    for named in ("own.json", "nowhere.json"):
        assert named in errors_of(f"[detectors.no_use]\nprior = '{named}'\n")["detectors"]
    assert "in quotes" in errors_of("[detectors.no_use]\nprior = 3\n")["detectors"]


def test_messages_that_nobody_can_answer_give_a_warning() -> None:
    text = (
        "[sms]\nprovider='twilio'\n[sms.twilio]\naccount_sid='AC1'\nauth_token='t'\nsender='+1'\n"
    )
    assert [warning.key for warning in load(written(text)).warnings()] == ["web.public_url"]
    assert load(written(text + "[web]\npublic_url='https://w.example.org'\n")).warnings() == ()


LADDER = re.compile(r"(?ms)^#\[escalation.*?^#\]\n")


def test_the_template_is_a_file_that_changes_nothing() -> None:
    settings = load(written(template()))
    assert settings.model_copy(update={"detectors": {}}) == Settings()
    assert build(settings.detector_tables()) == build({})


def test_every_line_of_the_template_holds_the_default() -> None:
    every = re.sub(r"(?m)^#(\w+ = )", r"\1", LADDER.sub("", template()))
    given = tomllib.loads(every)
    assert given["mqtt"].keys() == Settings().mqtt.model_dump().keys()
    settings = load(written(every))
    assert settings.model_copy(update={"detectors": {}}) == Settings()
    assert build(settings.detector_tables()) == build({})


def test_the_template_shows_how_a_ladder_is_written() -> None:
    example = LADDER.search(template())
    assert example
    policies = load(written(re.sub(r"(?m)^#", "", example[0]))).escalation.policies()
    assert policies != Policies()


def test_every_key_of_every_detector_has_its_words() -> None:
    keys = {field.name for detector in DETECTORS.values() for field in fields(detector)}
    assert keys <= set(DETECTOR_WORDS)
    assert set(DETECTOR_TITLES) == set(DETECTORS)


def test_the_reference_page_lists_every_key_as_it_is() -> None:
    assert REFERENCE.read_text("utf-8") == reference(), (
        "write it again: python -m meterwatch.config.template > docs/reference/settings.md"
    )
    for table in tables():
        for key in table.keys:
            assert f"| `{key.name}` |" in reference()


def test_a_preset_is_chosen_by_its_name_and_stands_alone() -> None:
    chosen = load(written('[detectors.no_use]\npreset = "shanghai-12h"\n'))
    assert build(chosen.detector_tables())[0] == PRESETS["shanghai-12h"].rule
    none = load(written('[usage]\nuse_litres = 4\n[detectors.no_use]\npreset = ""\n'))
    assert build(none.detector_tables())[0] == NoUse(use_litres=4.0)
    wrong = errors_of('[detectors.no_use]\npreset = "soon"')["detectors"]
    assert "shanghai-12h" in wrong

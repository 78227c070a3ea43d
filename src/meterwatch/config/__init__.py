"""The settings of one installation: one TOML file, the environment over it, secrets in files.

Everything is checked at the start, and everything that is wrong is said at once, each with its
place and its mend. An environment variable is called like its key: `[mqtt] port` is
`METERWATCH_MQTT__PORT`. Relative paths count from the working directory.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from meterwatch import detectors
from meterwatch.config.prior import read_prior
from meterwatch.config.said import ConfigError, ConfigErrors, Said, translate, unknown, wrong
from meterwatch.config.sections import Database, Deployment, Mqtt, Silence, Together, Usage
from meterwatch.config.telling import Daily, Escalation, Retention, Sms
from meterwatch.config.web import Web, is_loopback
from meterwatch.detectors import Budget
from meterwatch.detectors.prior import Prior

__all__ = [
    "ConfigError",
    "ConfigErrors",
    "Said",
    "Settings",
    "is_loopback",
    "load",
    "whereabouts",
]

PREFIX = "METERWATCH_"
DEFAULT_FILE = "meterwatch.toml"


def _meant(value: Any) -> Any:
    """Take numbers and truths out of the texts in which an environment gives them."""
    if isinstance(value, Mapping):
        return {key: _meant(each) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    try:
        return {"true": True, "false": False}[value] if value in {"true", "false"} else float(value)
    except ValueError:
        return value


# What may stand in them is known to the detectors, and checked by `detectors.build`.
DetectorTables = dict[str, dict[str, Annotated[Any, BeforeValidator(_meant)]]]


class Settings(BaseSettings):
    """Every setting, checked."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        hide_input_in_errors=True,
    )

    deployment: Deployment = Deployment()
    database: Database = Database()
    mqtt: Mqtt = Mqtt()
    web: Web = Web()
    sms: Sms = Sms()
    escalation: Escalation = Escalation()
    daily: Daily = Daily()
    usage: Usage = Usage()
    detectors: DetectorTables = {}
    silence: Silence = Silence()
    common_cause: Together = Together()
    retention: Retention = Retention()

    @classmethod
    def settings_customise_sources(  # noqa: D102  # the library's own hook
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # as above
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    @field_validator("detectors")
    @classmethod
    def _are_understood(cls, tables: DetectorTables) -> DetectorTables:
        try:
            detectors.build(tables)
            if _prior_file(tables):
                read_prior(_prior_file(tables))
        except ValueError as error:
            raise wrong(f"检测器设置有误:{error}", str(error)) from None
        return tables

    def detector_tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Give what `detectors.build` takes; `[usage] use_litres` counts where none is given."""
        use = {"use_litres": self.usage.use_litres}
        tables = {name: self.detectors.get(name, {}) for name in detectors.BY_USE}
        asking = {
            name: {**use, **table} for name, table in tables.items() if not table.get("preset")
        }
        return {**self.detectors, **asking}

    def budget(self) -> Budget:
        """Give how many false alarms a home may cost."""
        return detectors.budget_of(self.detectors)

    def prior(self) -> Prior:
        """Read what is known of homes in general: of the file that was named, else our own."""
        return read_prior(_prior_file(self.detectors))

    def warnings(self) -> tuple[ConfigError, ...]:
        """Say what is allowed and yet probably not meant."""
        if self.sms.provider == "twilio" and not self.web.public_url:
            said = Said(
                "没有公开地址,收不到短信回复,送达回执只能逐条去问",
                "without a public address no reply comes in, and receipts must be asked for",
            )
            return (ConfigError("web.public_url", said),)
        return ()


def _prior_file(tables: DetectorTables) -> Path | None:
    named = tables.get("no_use", {}).get("prior", "")
    if not isinstance(named, str):
        raise ValueError(f"[detectors.no_use] prior: must be a file in quotes, not {named!r}")  # noqa: TRY004  # one kind of error for every fault of a configuration
    return Path(named) if named else None


def whereabouts(path: Path | None = None) -> Path:
    """Say which file is the configuration: the one given, $METERWATCH_CONFIG, ./meterwatch.toml."""
    return path or Path(os.environ.get(f"{PREFIX}CONFIG") or DEFAULT_FILE)


def load(path: Path | None = None) -> Settings:
    """Read and check the settings.

    A file that was asked for must be there; without one the defaults and the environment count.

    Raises
    ------
    ConfigErrors
        Everything that is wrong, each with its key and its mend.
    """
    asked = path is not None or bool(os.environ.get(f"{PREFIX}CONFIG"))
    written = _read(whereabouts(path), asked=asked)
    strangers = _unknown_sections(written, os.environ)
    try:
        settings = Settings(
            **{key: written[key] for key in written if key in Settings.model_fields}
        )
    except ValidationError as error:
        found = (translate(e, _siblings(e["loc"])) for e in error.errors())
        raise ConfigErrors((*found, *strangers)) from None
    except SettingsError as error:
        raise ConfigErrors([_said(PREFIX + "...", "环境变量看不懂", str(error))]) from None
    if strangers:
        raise ConfigErrors(strangers)
    return settings


def _read(file: Path, *, asked: bool) -> dict[str, Any]:
    if not asked and not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        error = _said(
            str(file),
            "没有这个文件;meterwatch init 可以写一个",
            "there is no such file; `meterwatch init` writes one",
        )
    except OSError as failure:
        error = _said(
            str(file), f"读不了:{failure.strerror}", f"cannot be read: {failure.strerror}"
        )
    except UnicodeDecodeError:
        error = _said(str(file), "请存成 UTF-8 编码", "save it as UTF-8")
    except tomllib.TOMLDecodeError as failure:
        error = _said(str(file), f"不是正确的 TOML:{failure}", f"is not valid TOML: {failure}")
    raise ConfigErrors([error])


def _said(key: str, zh: str, en: str) -> ConfigError:
    return ConfigError(key, Said(zh, en))


def _unknown_sections(
    written: Iterable[str], environment: Iterable[str]
) -> tuple[ConfigError, ...]:
    """Find tables, and variables that look like settings, of a section that there is not."""
    there = tuple(Settings.model_fields)
    tables = [(key, key) for key in written]
    variables = [
        (name, name[len(PREFIX) :].split("__")[0].lower())
        for name in environment
        if name.upper().startswith(PREFIX) and "__" in name
    ]
    return tuple(
        ConfigError(place, unknown(section, there))
        for place, section in (*tables, *variables)
        if section not in there
    )


def _siblings(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Name the keys that may stand where an error was found."""
    model: Any = Settings
    for part in place[:-1]:
        if part in getattr(model, "model_fields", {}):
            model = model.model_fields[str(part)].annotation
    return tuple(getattr(model, "model_fields", {}))

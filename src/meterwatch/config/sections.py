"""The sections of `meterwatch.toml`: every key, what it means, its default and what it may be.

The template, the reference page and the checks are all made from these classes.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from meterwatch.config.said import Said, wrong
from meterwatch.detectors.common_cause import Cause
from meterwatch.domain.signal import SilenceRule
from meterwatch.pipeline.explained import CommonCause
from meterwatch.store.engines import telemetry_url

Port = Annotated[int, Field(ge=0, le=65_535)]
Minutes = Annotated[float, Field(gt=0, le=525_600, allow_inf_nan=False)]


class Section(BaseModel):
    """A table of the file: unknown keys are refused, nothing changes after the start."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, given: Any) -> Any:
        """Put the first line of the file named by `<key>_file` into `<key>`."""
        if not isinstance(given, Mapping):
            return given
        # The library takes true for 1; as a text it is refused where a number is meant.
        values = {key: str(v).lower() if v is True or v is False else v for key, v in given.items()}
        for key in [key for key in cls.model_fields if f"{key}_file" in cls.model_fields]:
            file = values.get(f"{key}_file")
            if file and values.get(key):
                raise wrong(
                    f"{key} 和 {key}_file 只能写一个", f"give {key} or {key}_file, not both of them"
                )
            if file and _is_secret_file(str(file)):
                values[key] = _first_line(str(file))
        return values


def _first_line(file: str) -> str:
    return Path(file).read_text("utf-8").partition("\n")[0].strip()


def _is_secret_file(file: str) -> bool:
    try:
        return bool(_first_line(file))
    except (OSError, ValueError):
        return False


def _readable(file: str) -> str:
    if file and not _is_secret_file(file):
        raise wrong(
            f"文件 {file} 不存在、读不了或第一行是空的",
            f"the file {file} is not there, cannot be read, or its first line is empty",
        )
    return file


SecretFile = Annotated[str, AfterValidator(_readable)]


class Database(Section):
    """数据库 / The database."""

    url: Annotated[
        str,
        Said(
            "SQLite 文件(telemetry.db 放在旁边),或 postgresql+psycopg://用户@主机/库名",
            "a SQLite file (telemetry.db lies beside it), or postgresql+psycopg://user@host/name",
        ),
    ] = "sqlite:///meterwatch.db"

    @field_validator("url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        try:
            backend = make_url(url).get_backend_name()
            telemetry_url(url)
        except (ArgumentError, ValueError):
            backend = ""
        if backend not in {"sqlite", "postgresql"}:
            raise wrong(
                "写成 sqlite:///目录/meterwatch.db 或 postgresql+psycopg://用户@主机/库名",
                "write sqlite:///folder/meterwatch.db or postgresql+psycopg://user@host/name",
            )
        return url.replace("postgresql://", "postgresql+psycopg://", 1)


class Mqtt(Section):
    """消息服务器 / The MQTT broker."""

    host: Annotated[str, Field(min_length=1), Said("服务器地址", "address of the broker")] = (
        "127.0.0.1"
    )
    port: Annotated[Port, Said("端口", "its port")] = 1883
    username: Annotated[str, Said("用户名,空为不登录", "user name; empty for none")] = ""
    password: Annotated[SecretStr, Said("密码", "password")] = SecretStr("")
    password_file: Annotated[
        SecretFile,
        Said("只含密码的文件,代替 password", "a file with the password alone, instead of it"),
    ] = ""
    client_id: Annotated[
        str,
        Field(max_length=50, pattern=r"^[\w.-]+$"),
        Said(
            "客户端名的开头,同一服务器上每套系统不同",
            "how client ids begin; each installation on one broker has its own",
        ),
    ] = "meterwatch"
    topic_prefix: Annotated[
        str,
        Said(
            "加在所有主题前面的一段,例如 site1/",
            "what stands before every topic, for example site1/",
        ),
    ] = ""
    receive_maximum: Annotated[
        int,
        Field(ge=1, le=65_535),
        Said(
            "服务器最多先送多少条未确认的消息",
            "how many unacknowledged messages the broker may send ahead",
        ),
    ] = 5_000
    batch_readings: Annotated[
        int,
        Field(ge=1, le=100_000),
        Said("攒够多少条读数就入库", "so many readings are committed at once"),
    ] = 5_000
    batch_seconds: Annotated[
        float,
        Field(gt=0, le=10, allow_inf_nan=False),
        Said("最多攒多少秒", "and never later than so many seconds"),
    ] = 0.25
    session_expiry_seconds: Annotated[
        int,
        Field(ge=60, le=4_294_967_295),
        Said(
            "离线后服务器替我们保留消息多少秒",
            "how long the broker keeps our messages while we are away, in seconds",
        ),
    ] = 604_800

    @field_validator("topic_prefix")
    @classmethod
    def _has_no_wildcard(cls, prefix: str) -> str:
        if any(mark in prefix for mark in "+#\0") or prefix.startswith("$"):
            raise wrong("不能含有 + # $", "must not have +, # or $ in it")
        return prefix if not prefix or prefix.endswith("/") else f"{prefix}/"

    @model_validator(mode="after")
    def _has_a_user(self) -> Self:
        if self.password.get_secret_value() and not self.username:
            raise wrong("有密码也要写 username", "a password needs a username beside it")
        return self


class Deployment(Section):
    """本单位 / This installation."""

    name: Annotated[
        str, Field(min_length=1, max_length=40), Said("单位名称", "what it is called")
    ] = "meterwatch"
    zone: Annotated[str, Said("时区", "time zone")] = "Asia/Shanghai"
    language: Annotated[
        Literal["zh", "en"], Said("默认语言 zh 或 en", "language until one chooses: zh or en")
    ] = "zh"

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (OSError, ValueError, LookupError):
            raise wrong(
                "写成 Asia/Shanghai 的样子", "write it like Asia/Shanghai or Europe/Madrid"
            ) from None
        return zone

    @property
    def tz(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.zone)


class Usage(Section):
    """用水 / Water use."""

    use_litres: Annotated[
        float,
        Field(gt=0, le=1_000, allow_inf_nan=False),
        Said(
            "一个间隔内超过多少升才算用了水(先扣掉长流水)",
            "litres in an interval from which it counts as use, a standing flow taken off",
        ),
    ] = 3.0


class Silence(Section):
    """水表失联 / Silent meters."""

    intervals: Annotated[
        float,
        Field(ge=1, le=1_000, allow_inf_nan=False),
        Said("缺几次上报算失联", "a meter is silent after so many missed reports"),
    ] = 3.0
    at_least_hours: Annotated[
        float,
        Field(gt=0, le=720, allow_inf_nan=False),
        Said("但不早于几小时", "and never before so many hours"),
    ] = 6.0
    hub_homes: Annotated[
        int,
        Field(ge=2, le=10_000),
        Said(
            "同一网关至少几户一起失联,算网关故障",
            "so many homes of one hub silent together are one silent hub",
        ),
    ] = 3
    hub_share: Annotated[
        float,
        Field(gt=0, le=1, allow_inf_nan=False),
        Said("而且至少占该网关住户的几成", "if they are also this share of its homes"),
    ] = 0.6

    def rule(self) -> SilenceRule:
        """Make the rule of the domain."""
        return SilenceRule(
            self.intervals, timedelta(hours=self.at_least_hours), self.hub_homes, self.hub_share
        )


class Together(Section):
    """一片住户同时停水 / Homes of one group that go quiet or wild together."""

    enabled: Annotated[bool, Said("是否查看", "whether they are looked for")] = True
    false_alarms_per_year: Annotated[
        float,
        Field(gt=0, le=1_000, allow_inf_nan=False),
        Said(
            "整个系统每年可以误报几次",
            "how many signals a year without a cause are accepted, over all groups together",
        ),
    ] = 0.1
    longest_hours: Annotated[
        float,
        Field(gt=0, le=24, allow_inf_nan=False),
        Said(
            "没有预告的停水最多几小时不报各户久未用水",
            "for so long at most an outage that nobody announced explains that homes are quiet",
        ),
    ] = 12.0

    def rule(self, use_litres: float) -> CommonCause:
        """Make the rule of the pipeline."""
        cause = Cause(use_litres=use_litres, false_alarms_per_year=self.false_alarms_per_year)
        return CommonCause(self.enabled, cause, timedelta(hours=self.longest_hours))

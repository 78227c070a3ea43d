"""The commented configuration file and the reference page, both made from the sections themselves.

python -m meterwatch.config.template > docs/reference/settings.md
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from meterwatch.config import Settings
from meterwatch.config.said import Said
from meterwatch.config.telling import Escalation, Ladder, StepTable
from meterwatch.detectors import DETECTORS, LEARNT, OPTIONAL, Budget
from meterwatch.detectors.budgets import LEAST, MOST
from meterwatch.detectors.presets import PRESETS
from meterwatch.domain.household import Grade, Role

DETECTOR_TITLES: Mapping[str, Said] = {
    "no_use": Said("久未用水", "No water used for longer than usual"),
    "low_use": Said("用水过少", "Far less water than usual"),
    "flat_flow": Said("水流不停", "Water that never stops"),
    "odd_hours": Said(
        "夜里反常用水,只看红色户,不发短信", "Water on quiet nights: red homes only, never a text"
    ),
}
DETECTOR_WORDS: Mapping[str, Said] = {
    "enabled": Said("是否启用", "whether it is in use"),
    "use_litres": Said(
        "一个间隔超过几升算用水;这里不写就用 [usage] 的",
        "litres in an interval that are a use; where this is not given, [usage] counts",
    ),
    "default_limit_hours": Said(
        "还没学到时的上限,小时", "limit of a home not learnt yet, in hours"
    ),
    "min_limit_hours": Said("上限最短几小时", "a learnt limit is at least so many hours"),
    "max_limit_hours": Said("上限最长几小时", "and at most so many"),
    "floor_share": Said(
        "下限再乘以这个数:小于 1 警情少些,大于 1 早些",
        "the floors are taken times this: below 1 for fewer alarms, above for sooner ones",
    ),
    "least_known_share": Said(
        "三天里至少要有这么多的数据", "the share of the three days that must be known"
    ),
    "nights": Said("连续几夜", "how many nights in a row"),
    "quiet_share": Said(
        "夜里哪个钟点用水的日子不超过这个比例,就算安静",
        "an hour of the night is quiet where at most this share of nights had use in it",
    ),
    "degraded_litres_per_hour": Said(
        "长流水达到每小时几升,就说保护变差",
        "a standing flow from which protection is called degraded, in litres an hour",
    ),
    "slow_litres_per_hour": Said(
        "最细的水流:不低于每小时几升", "the weakest flow: never below, litres an hour"
    ),
    "slow_hours": Said(
        "最细的水流:最多可以流几小时", "the weakest flow: how many hours it may go on"
    ),
    "seep_litres_per_hour": Said("渗漏:不低于每小时几升", "a seep: never below, litres an hour"),
    "seep_hours": Said("渗漏:最多可以流几小时", "a seep: how many hours it may go on"),
    "leak_litres_per_hour": Said("漏水:不低于每小时几升", "a leak: never below, litres an hour"),
    "leak_hours": Said("漏水:最多可以流几小时", "a leak: how many hours it may go on"),
    "strong_litres_per_hour": Said(
        "较大的漏水:不低于每小时几升", "a strong leak: never below, litres an hour"
    ),
    "strong_hours": Said(
        "较大的漏水:最多可以流几小时", "a strong leak: how many hours it may go on"
    ),
    "running_litres_per_hour": Said(
        "流水:不低于每小时几升", "running water: never below, litres an hour"
    ),
    "running_hours": Said("流水:最多可以流几小时", "running water: how many hours it may go on"),
    "tap_litres_per_hour": Said(
        "水龙头开着:不低于每小时几升", "an open tap: never below, litres an hour"
    ),
    "tap_hours": Said("水龙头开着:最多可以流几小时", "an open tap: how many hours it may go on"),
    "gush_litres_per_hour": Said(
        "大量流水:不低于每小时几升", "a gush: never below, litres an hour"
    ),
    "gush_hours": Said("大量流水:最多可以流几小时", "a gush: how many hours it may go on"),
    "flood_litres_per_hour": Said(
        "最大的水流:不低于每小时几升", "the strongest flow: never below, litres an hour"
    ),
    "flood_hours": Said(
        "最大的水流:最多可以流几小时", "the strongest flow: how many hours it may go on"
    ),
    "open_litres_per_hour": Said(
        "每小时几升起算水龙头没关,以下算慢漏",
        "an open tap from so many litres an hour, a slow leak below",
    ),
    "burst_litres_per_hour": Said("每小时几升起算爆管", "a burst pipe from so many litres an hour"),
    "habit_share": Said(
        "慢漏要超过此户常有水流的几倍才报",
        "a slow leak must be so many times what stood in the home for a day before",
    ),
    "habit_hours": Said("或者流满几小时", "or go on for so many hours"),
    "longest_interval_hours": Said(
        "读数间隔超过几小时就算不明", "an interval longer than so many hours is unknown"
    ),
    "longest_gap_hours": Said(
        "不明最多几小时,两头都在流就算没断",
        "so many unknown hours are passed over where water flows before and after",
    ),
}
LEARNING_WORDS: Mapping[str, tuple[str, Said]] = {
    "false_alarms_per_home_year": (
        json.dumps(Budget().false_alarms_per_home_year),
        Said(
            "每户每年可以误报几次;系统据此为每户学习等待时间",
            "how often a year each home may alarm in vain; how long to wait is learnt from it",
        ),
    ),
    "prior": (
        '""',
        Said(
            "住户的一般规律取自哪个文件;空为自带的",
            "the file that says what homes do in general; empty for the one that ships",
        ),
    ),
}
_OF_GRADE: Mapping[Grade, Said] = {
    Grade.RED: Said("红色住户每年可以误报几次", "how often a year a red home may alarm in vain"),
    Grade.YELLOW: Said("黄色住户", "a yellow home"),
    Grade.GREEN: Said("绿色住户", "a green home"),
}
_HEAD = """\
# meterwatch 的设置。去掉行首的 # 再改;不写的用默认值(就是这里写的)。
# Settings of meterwatch. Take the # off a line to change it; what is not given has the value shown.
#
# 环境变量优先:[mqtt] port 就是 METERWATCH_MQTT__PORT。
# The environment comes first: [mqtt] port is METERWATCH_MQTT__PORT.
"""
_STEPS = """\
# 例如 / for example:
#[escalation.{kind}]
#rounds = 2
#steps = [
#    {{ roles = ["guardian", "community"], wait_minutes = 10 }},
#    {{ roles = ["neighbour", "volunteer"], wait_minutes = 10 }},
#]
"""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name, its default as TOML ("" if it has none) and what it means."""

    name: str
    default: str
    said: Said


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file."""

    name: str
    said: Said
    keys: tuple[Key, ...]


def tables() -> Iterator[Table]:
    """Go through the tables in the order of the file."""
    for name, field in Settings.model_fields.items():
        if name == "detectors":
            yield from _detector_tables()
        elif name == "escalation":
            said = Said("各类警情通知谁、等多久", "Who is told when, by kind of worry")
            yield Table("escalation.<kind>", said, tuple(_keys(Ladder)))
            step = Said("steps 里的每一步", "Each of the steps")
            yield Table("escalation.<kind>.steps", step, tuple(_keys(StepTable)))
        else:
            yield from _section(name, field.annotation)


def _section(name: str, model: Any) -> Iterator[Table]:
    zh, _, en = (model.__doc__ or "").partition(" / ")
    yield Table(name, Said(zh, en.rstrip(".")), tuple(_keys(model)))
    for key, field in model.model_fields.items():
        if _is_table(field.annotation):
            yield from _section(f"{name}.{key}", field.annotation)


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _keys(model: Any) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        if not _is_table(field.annotation):
            said = next(word for word in field.metadata if isinstance(word, Said))
            yield Key(name, _toml(field.default), said)


def _preset(name: str) -> Iterator[Key]:
    there_are = ", ".join(key for key, preset in PRESETS.items() if preset.detector == name)
    if there_are:
        said = Said(
            f"改用别处在用的固定规则,写了它就不写其他阈值:{there_are}",
            f"a rule that is deployed elsewhere, in the place of this detector: {there_are}",
        )
        yield Key("preset", '""', said)


def _detector_tables() -> Iterator[Table]:
    for name, detector in DETECTORS.items():
        enabled = Key("enabled", _toml(name not in OPTIONAL), DETECTOR_WORDS["enabled"])
        learnt = [key for key in LEARNT.get(name, ()) if key in LEARNING_WORDS]
        how = (Key(key, *LEARNING_WORDS[key]) for key in learnt)
        keys = (Key(f.name, _toml(f.default), DETECTOR_WORDS[f.name]) for f in fields(detector))
        yield Table(
            f"detectors.{name}", DETECTOR_TITLES[name], (enabled, *_preset(name), *how, *keys)
        )
        if "by_grade" in LEARNT.get(name, ()):
            yield _by_grade(name)


def _by_grade(name: str) -> Table:
    said = Said(
        f"各等级自己的误报次数,每年 {LEAST:g} 到 {MOST:g} 次;不写就用上面的",
        f"A budget of its own for a grade, {LEAST:g} to {MOST:g} a year; else the one above counts",
    )
    usual = json.dumps(Budget().false_alarms_per_home_year)
    keys = (Key(grade, usual, _OF_GRADE[grade]) for grade in Grade)
    return Table(f"detectors.{name}.by_grade", said, tuple(keys))


def _toml(value: object) -> str:
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return json.dumps(value, ensure_ascii=False)


def template() -> str:
    """Write the commented `meterwatch.toml`."""
    return _HEAD + "".join(
        f"\n{_written(table)}" for table in tables() if "steps" not in table.name
    )


def _written(table: Table) -> str:
    head = f"# ---- {table.said}\n"
    if table.name == "escalation.<kind>":
        return f"{head}# kind: {', '.join(_kinds())}\n{_STEPS.format(kind='no_use')}"
    lines = (
        f"# {key.said.zh}\n# {key.said.en}\n#{key.name} = {key.default}\n" for key in table.keys
    )
    return f"{head}[{table.name}]\n{''.join(lines)}"


def _kinds() -> tuple[str, ...]:
    return tuple(Escalation.model_fields)


def reference() -> str:
    """Write the reference page, in Markdown."""
    told = _INTRODUCTION.format(
        kinds=", ".join(f"`{kind}`" for kind in _kinds()),
        roles=", ".join(f"`{role}`" for role in Role),
    )
    return told + "".join(_described(table) for table in tables())


_INTRODUCTION = """\
# Settings / 设置

One TOML file: the one named by `--config`, else by `METERWATCH_CONFIG`, else `./meterwatch.toml`.
`meterwatch init` writes it with every key and its default. An environment variable comes before the
file and is called like its key, with two underscores between table and key: `[mqtt] port` is
`METERWATCH_MQTT__PORT`. A secret may stand in a file of its own, named by the key that ends in
`_file`. Relative paths count from the working directory. Everything is checked at the start, and
everything that is wrong is said at once.

一个 TOML 文件:`--config` 指定的,或 `METERWATCH_CONFIG` 指定的,或当前目录的 `meterwatch.toml`。
环境变量优先于文件。密码可以单独放在文件里,用以 `_file` 结尾的设置指定。
启动时全部检查,有错一次列全。

`<kind>` in `[escalation.<kind>]` is one of {kinds}; what is not given there stays as it is by
default. A role is one of {roles}.

This page is written by `python -m meterwatch.config.template`.
"""


def _described(table: Table) -> str:
    head = "| key | default | 说明 | meaning |\n|---|---|---|---|\n"
    rows = "".join(_row(key) for key in table.keys)
    return f"\n## `[{table.name}]` {table.said}\n\n{head}{rows}"


def _row(key: Key) -> str:
    default = f"`{key.default}`" if key.default else ""
    return f"| `{key.name}` | {default} | {key.said.zh} | {key.said.en} |\n"


if __name__ == "__main__":
    sys.stdout.write(reference())

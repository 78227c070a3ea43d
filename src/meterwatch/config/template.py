"""The commented configuration file and the reference page, both made from the sections themselves.

python -m meterwatch.config.template > docs/reference/settings.md
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from meterwatch.config import Settings
from meterwatch.config.detector_words import (
    DETECTOR_TITLES,
    DETECTOR_WORDS,
    GRADE_WORDS,
    LEARNING_WORDS,
)
from meterwatch.config.said import Said
from meterwatch.config.telling import Escalation, Ladder, StepTable
from meterwatch.detectors import DETECTORS, LEARNT, OPTIONAL, Budget
from meterwatch.detectors.budgets import LEAST, MOST
from meterwatch.detectors.presets import PRESETS
from meterwatch.domain.household import Grade, Role

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
    keys = (Key(grade, usual, GRADE_WORDS[grade]) for grade in Grade)
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

"""What the settings say to people, in both languages: what a key means, and what is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails, PydanticCustomError


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in Chinese and in English."""

    zh: str
    en: str

    def __str__(self) -> str:
        """Give both."""
        return f"{self.zh} / {self.en}"


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One thing that is wrong: the key as one would write it, and the mend."""

    key: str
    said: Said

    def __str__(self) -> str:
        """Name the place, then the mend."""
        return f"{self.key}: {self.said}"


class ConfigErrors(Exception):  # noqa: N818  # it is the list of all of them
    """Everything that is wrong with a configuration, at once."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))


def wrong(zh: str, en: str) -> PydanticCustomError:
    """Make the error that a check of a setting raises."""
    # The words go by the context: the template would read their braces.
    return PydanticCustomError("said", "wrong", {"zh": zh, "en": en})


_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("缺少这一项", "is missing"),
    "bool_type": ("只能是 true 或 false", "must be true or false"),
    "bool_parsing": ("只能是 true 或 false", "must be true or false"),
    "int_type": ("要写整数", "must be a whole number"),
    "int_parsing": ("要写整数", "must be a whole number"),
    "int_from_float": ("要写整数", "must be a whole number"),
    "float_type": ("要写数字", "must be a number"),
    "float_parsing": ("要写数字", "must be a number"),
    "finite_number": ("要写有限的数字", "must be a finite number"),
    "string_type": ("要写成带引号的文字", "must be a text in quotes"),
    "string_too_long": ("最多 {max_length} 个字", "may have at most {max_length} characters"),
    "string_too_short": ("不能为空", "must not be empty"),
    "string_pattern_mismatch": (
        "只能用字母、数字、点、横线",
        "may only have letters, digits, . _ -",
    ),
    "too_short": ("不能为空", "must not be empty"),
    "tuple_type": ("要写成列表 [...]", "must be a list [...]"),
    "greater_than": ("必须大于 {gt}", "must be more than {gt}"),
    "greater_than_equal": ("不能小于 {ge}", "must be at least {ge}"),
    "less_than": ("必须小于 {lt}", "must be less than {lt}"),
    "less_than_equal": ("不能大于 {le}", "must be at most {le}"),
    "literal_error": ("只能是 {expected}", "must be one of {expected}"),
    "enum": ("只能是 {expected}", "must be one of {expected}"),
    "model_type": ("要写成一节 [{key}]", "must be a table [{key}]"),
    "dict_type": ("要写成一节 [{key}]", "must be a table [{key}]"),
    "said": ("{zh}", "{en}"),
}


def translate(error: ErrorDetails, siblings: Iterable[str]) -> ConfigError:
    """Put one error of the checks into words; `siblings` are the keys that there are beside it."""
    key = ".".join(str(part) for part in error["loc"] if part not in {"float", "bool"})
    if error["type"] == "extra_forbidden":
        return ConfigError(key, unknown(str(error["loc"][-1]), tuple(siblings)))
    context: dict[str, Any] = {"key": key, **error.get("ctx", {})}
    if "expected" in context:
        context["expected"] = context["expected"].replace(" or ", ", ")
    zh, en = _WORDS.get(error["type"], (error["msg"].replace("{", "{{").replace("}", "}}"),) * 2)
    shown = (
        _shown(key, error["input"]) if error["type"] not in {"said", "missing"} else Said("", "")
    )
    return ConfigError(key, Said(zh.format(**context) + shown.zh, en.format(**context) + shown.en))


def unknown(key: str, siblings: tuple[str, ...]) -> Said:
    """Say that there is no such key, and which one may be meant."""
    near = get_close_matches(key, siblings, 1)
    if near:
        return Said(
            f"没有这个设置,是不是 {near[0]}?", f"there is no such setting; did you mean {near[0]}?"
        )
    listed = ", ".join(siblings)
    return Said(f"没有这个设置;可用的有 {listed}", f"there is no such setting; there are {listed}")


def _shown(key: str, given: object) -> Said:
    """Quote a wrong value, unless it may be a secret."""
    secret = any(word in key for word in ("password", "token", "url", "sid"))
    if secret or not isinstance(given, str | int | float):
        return Said("", "")
    quoted = repr(given[:60]) if isinstance(given, str) else str(given)
    return Said(f",现在是 {quoted}", f", not {quoted}")

"""Presets: the rules of services that run elsewhere, by name, with where they were found.

`preset = "24h"` in the table of a detector puts such a rule in its place. The numbers are those
that were reported; what such rules cost in false alarms: docs/reference/detectors.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from meterwatch.detectors.deployed import HighTotal, LowTotal, NeverStill

_ONE_STEP = 1.0  # litres: "no use" is less than one step of a register
_AT_MOST_8 = 8.001  # this rule fires at 8 litres as well

Rule = LowTotal | HighTotal | NeverStill


@dataclass(frozen=True, slots=True)
class Preset:
    """One deployed rule.

    Attributes
    ----------
    rule : LowTotal, HighTotal or NeverStill
    where : str
        Who runs it.
    source : str
        Where the rule was found.
    """

    rule: Rule
    where: str
    source: str

    @property
    def detector(self) -> str:
        """The detector in whose place it stands."""
        return self.rule.name


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "24h": Preset(
            LowTotal(24.0, _ONE_STEP),
            "Huesca (Agua de vida) 2023; K-water, Korea, 2017-2019",
            "Diario del AltoAragón 2023-11-14; Segye Ilbo 2020-01-02",
        ),
        "sakaki-8h": Preset(
            LowTotal(8.0, _ONE_STEP),
            "坂城町 Sakaki, Nagano (Toyo Keiki KIZUKI) 2017-2019",
            "report of the field trial with 40 residents; Sankei 2017-09-02",
        ),
        "shishan-12h": Preset(
            LowTotal(12.0, _ONE_STEP),
            "珠海狮山 Shishan, Zhuhai, 2025",
            "珠海特区报 2025, AP692fcb02e4b08648970a90d6",
        ),
        "shanghai-12h": Preset(
            LowTotal(12.0, 10.0),
            "上海长宁江苏路 Changning, Shanghai, 2020",
            "中国网 2020-12-12, content 77005850; 桂林热线 18757",
        ),
        "longgang-12h": Preset(
            LowTotal(12.0, 10.0),
            "深圳龙岗 Longgang, Shenzhen, 2021",
            "读特 2021, article 6387582",
        ),
        "zhenhai-24h-6L": Preset(
            LowTotal(24.0, 6.0),
            "宁波镇海 Zhenhai, Ningbo, 2024",
            "press report 18436, alerts of 28 June to 26 December 2024",
        ),
        "haishu-24h-8L": Preset(
            LowTotal(24.0, _AT_MOST_8),
            "宁波海曙 Haishu, Ningbo, 2022",
            "宁波日报 2022-05-20, content 1319636",
        ),
        "taicang-24h-10L": Preset(
            LowTotal(24.0, 10.0),
            "太仓 Taicang",
            "press report on 1,000 households",
        ),
        "jingan-24h-10L": Preset(
            LowTotal(24.0, 10.0),
            "上海静安大宁路 Jing'an, Shanghai",
            "video report h2165",
        ),
        "liaocheng-24h-10L": Preset(
            LowTotal(24.0, 10.0),
            "聊城 Liaocheng",
            "聊城日报 content 37737",
        ),
        "longgang-leak": Preset(
            NeverStill(24.0, _ONE_STEP),
            "深圳龙岗 Longgang, Shenzhen, 2021",
            "读特 2021, article 6387582",
        ),
        "sakaki-2h": Preset(
            NeverStill(2.0, _ONE_STEP),
            "坂城町 Sakaki, Nagano (Toyo Keiki KIZUKI) 2017-2019",
            "report of the field trial with 40 residents; Sankei 2017-09-02",
        ),
        "jingan-24h-2t": Preset(
            HighTotal(24.0, 2_000.0),
            "上海静安大宁路 Jing'an, Shanghai",
            "video report h2165",
        ),
        "liaocheng-24h-1t": Preset(
            HighTotal(24.0, 1_000.0),
            "聊城 Liaocheng",
            "聊城日报 content 37737",
        ),
    }
)


def preset_of(detector: str, name: object) -> Preset:
    """Give a preset by its name, for the table of a detector.

    Raises
    ------
    ValueError
        If that detector has none of this name; the text names those it has.

    Examples
    --------
    >>> preset_of("no_use", "shanghai-12h").rule
    LowTotal(hours=12.0, below_litres=10.0)
    """
    of_it = {key: preset for key, preset in PRESETS.items() if preset.detector == detector}
    found = of_it.get(name) if isinstance(name, str) else None
    if found is None:
        there_are = f"there are {', '.join(of_it)}" if of_it else "this detector has none"
        raise ValueError(f"preset: no {name!r}; {there_are}")
    return found

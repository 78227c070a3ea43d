"""What the keys of detectors mean, in both languages."""

import json
from collections.abc import Mapping

from meterwatch.config.said import Said
from meterwatch.detectors import Budget
from meterwatch.domain.household import Grade

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
GRADE_WORDS: Mapping[Grade, Said] = {
    Grade.RED: Said("红色住户每年可以误报几次", "how often a year a red home may alarm in vain"),
    Grade.YELLOW: Said("黄色住户", "a yellow home"),
    Grade.GREEN: Said("绿色住户", "a green home"),
}

"""How long a home is waited for, said so that a duty officer sees it before the inner eye."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from meterwatch.dashboard.limits import by_hour, told, waits
from meterwatch.dashboard.tongue import Tongue, tongues
from meterwatch.domain.usage import Floats, UsageProfile

TONGUES = tongues(ZoneInfo("Asia/Shanghai"))
EN, ZH = TONGUES["en"], TONGUES["zh"]


def learnt(
    *, day: float = 9.0, until: float = 10.67, days: float = 43.0, **arrays: float
) -> UsageProfile:
    """A home that is waited for so many hours by day, and until that hour through the night."""
    made = UsageProfile.unlearnt((1,))
    made.limits_hours[:] = day
    for hour in range(17, 24):
        made.limits_hours[:, :, hour] = 24 + until - hour - 0.5
    for hour in range(5):
        made.limits_hours[:, :, hour] = until - hour - 0.5
    made.days[:] = days
    for name, value in arrays.items():
        getattr(made, name)[:] = value
    return made


def said(profile: UsageProfile, tongue: Tongue = EN, times: int = 0) -> str:
    return " ".join(told(tongue, profile, times).waits)


def test_a_wait_through_the_night_is_a_time_of_the_clock_and_by_day_it_is_hours() -> None:
    assert said(learnt()) == (
        "Every day: after a morning use we wait 9 hours; after a midday use we wait 9 hours; "
        "after an evening use until about 10:40 of the next day; "
        "after a use at night until about 10:40."
    )


def test_the_same_in_chinese() -> None:
    assert said(learnt(), ZH) == (
        "每天：早上用水后等 9 小时;中午用水后等 9 小时;"
        "傍晚用水后等到次日 10:40 左右;夜里用水后等到 10:40 左右。"
    )


def test_limits_that_differ_within_a_part_of_the_day_are_said_from_first_to_last() -> None:
    profile = learnt()
    profile.limits_hours[:, :, 5:11] = np.arange(12.0, 6.0, -1.0)
    profile.limits_hours[:, :, 17] += 3.0
    text = said(profile)
    assert "after a morning use we wait 7 to 12 hours" in text
    assert "after an evening use until between 10:40 and 13:40 of the next day" in text


def test_a_wait_from_noon_may_go_through_the_night_as_well() -> None:
    profile = learnt()
    profile.limits_hours[:, :, 11:17] = 24 + 9.0 - (np.arange(11, 17) + 0.5)
    assert "after a midday use until about 09:00 of the next day" in said(profile)


def test_a_wait_of_more_than_a_day_is_said_in_hours() -> None:
    profile = learnt()
    profile.limits_hours[:] = 36.0
    assert said(profile).count("1 day 12 hours") == 4


def test_the_end_of_the_week_has_its_own_sentence_where_it_differs() -> None:
    profile = learnt()
    profile.limits_hours[:, 1:] += 2.0
    text = said(profile)
    assert text.startswith("Monday to Thursday: after a morning use we wait 9 hours;")
    assert "Friday to Sunday: after a morning use we wait 11 hours;" in text


def test_who_came_home_just_before_has_longer_and_that_is_said() -> None:
    assert told(EN, learnt(), 0).returning == ""
    assert told(EN, learnt(returning_hours=4.0), 0).returning == ""
    assert "has 1 day 4 hours at least" in told(EN, learnt(returning_hours=28.0), 0).returning


@pytest.mark.parametrize(
    ("days", "source"),
    [
        (43, "From 43 days of its own."),
        (20, "From 20 days of its own, and from homes like it."),
        (3, "From homes like it: only 3 days of this one are known yet."),
        (1, "From homes like it: only 1 day of this one is known yet."),
    ],
)
def test_it_is_said_what_the_limits_come_from(days: float, source: str) -> None:
    assert told(EN, learnt(days=days), 0).source == source


def test_a_home_of_which_nothing_is_learnt_says_so_and_no_more() -> None:
    page = told(EN, UsageProfile.unlearnt((1,)), 0)
    assert page.source.startswith("Nothing is learnt")
    assert (page.waits, page.rows, page.cost, page.widened) == ((), (), "", "")


def test_the_budget_and_what_visits_did_to_the_limits_are_said() -> None:
    page = told(EN, learnt(alarms_per_year=4.96, widened=1.21), 3)
    assert "about 5 false alarms a year" in page.cost
    assert "21 % longer" in page.widened
    assert "3 times within 60 days" in page.widened
    assert told(EN, learnt(alarms_per_year=5, widened=1.0), 1).widened == ""


def test_the_table_has_every_hour_and_class_of_days() -> None:
    profile = learnt()
    profile.limits_hours[0, 3, 7] = 11.5
    rows = by_hour(profile.limits_hours[0])
    assert [row.hour for row in rows] == list(range(24))
    assert rows[7].limits == (9.0, 9.0, 9.0, 11.5)


def test_a_table_that_is_learnt_in_part_says_nothing() -> None:
    limits: Floats = learnt().limits_hours[0]
    limits[2, 3] = np.nan
    assert by_hour(limits) == ()
    assert waits(limits, range(1, 4)) == ()

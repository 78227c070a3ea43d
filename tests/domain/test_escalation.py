"""Policies: what is copied into an alert comes back as it was."""

import json
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from meterwatch.domain.escalation import (
    BELL_POLICY,
    UPKEEP_POLICY,
    WATER_POLICY,
    EscalationPolicy,
    Policies,
    Step,
    policy_from_json,
    policy_to_json,
)
from meterwatch.domain.household import Grade, Role
from meterwatch.domain.notification import Channel
from meterwatch.domain.signal import BATTERY, BELL, HUB_SILENT, LIFE_KINDS, METER_SILENT

waits = st.integers(1, 10**6).map(lambda tenths: timedelta(seconds=tenths / 10))
policies = st.builds(
    EscalationPolicy,
    st.lists(
        st.builds(
            Step,
            st.lists(st.sampled_from(Role), unique=True).map(tuple),
            waits,
            st.sampled_from(Channel),
        ),
        min_size=1,
        max_size=5,
    ).map(tuple),
    st.integers(1, 9),
    waits,
    waits,
    waits,
)


@given(policies)
def test_a_policy_survives_the_snapshot_in_its_alert(policy: EscalationPolicy) -> None:
    assert policy_from_json(json.loads(json.dumps(policy_to_json(policy)))) == policy


@given(policies)
def test_red_halves_every_wait_of_the_ladder_and_green_and_yellow_none(
    policy: EscalationPolicy,
) -> None:
    assert policy.for_grade(Grade.GREEN) == policy.for_grade(Grade.YELLOW) == policy
    red = policy.for_grade(Grade.RED)
    assert [s.wait for s in red.steps] == [s.wait / 2 for s in policy.steps]
    assert [s.roles for s in red.steps] == [s.roles for s in policy.steps]
    assert red.rounds == policy.rounds


def test_each_life_kind_has_a_ladder_that_texts_guardian_and_community_together() -> None:
    for kind in LIFE_KINDS:
        first = Policies().of(kind, Grade.GREEN).steps[0]
        assert {Role.GUARDIAN, Role.COMMUNITY} <= set(first.roles)
        assert first.channel is Channel.SMS


def test_the_defaults_are_those_that_are_promised() -> None:
    assert [s.wait for s in WATER_POLICY.steps] == [timedelta(minutes=15)] * 3
    assert WATER_POLICY.acknowledged_wait == timedelta(minutes=20)
    assert WATER_POLICY.visiting_wait == timedelta(minutes=60)
    assert [s.wait for s in BELL_POLICY.steps] == [timedelta(minutes=3)]
    assert set(BELL_POLICY.steps[0].roles) == set(Role)
    assert BELL_POLICY.acknowledged_wait == timedelta(minutes=5)
    assert BELL_POLICY.visiting_wait == timedelta(minutes=20)


def test_every_kind_that_is_not_of_life_shares_the_quiet_policy() -> None:
    for kind in (METER_SILENT, BATTERY, f"{HUB_SILENT}:gw-1"):
        assert Policies().of(kind, Grade.GREEN) is UPKEEP_POLICY
    assert Policies().of(BELL, Grade.GREEN) is BELL_POLICY

"""A small invented town for the console's tests: homes, people, two days of water, open worries.

Everything goes in as the service itself would put it: signals through `raise_alerts`, acts through
`respond`. Times hang on `NOW`, so nothing here depends on when a test runs.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from meterwatch.clock import HandClock
from meterwatch.domain.alert import raise_alerts
from meterwatch.domain.escalation import Policies
from meterwatch.domain.fact import Refusal, Refused
from meterwatch.domain.signal import Condition, Origin, Signal, SubjectKind
from meterwatch.domain.usage import UsageProfile
from meterwatch.pipeline.moves import keep_raised, surroundings
from meterwatch.store import Store, Transaction
from meterwatch.store.house import RefusedPayload
from meterwatch.store.tables import PEOPLE, TELEMETRY
from meterwatch.store.tables import people as p
from meterwatch.store.telemetry import Stand

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 5, 30, tzinfo=UTC)  # 13:30 in Shanghai
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

STREETS = ("梅园街道", "东湖街道")
COMMUNITIES = ("第一社区", "湖滨社区")
LABELS = (
    "梅园路 12 号 3 栋 402",
    "梅园路 12 号 3 栋 501",
    "湖滨路 8 号 1 单元 103",
    "湖滨路 8 号 2 单元 201",
    "桃花弄 5 号",
    "桃花弄 7 号",
)
NAMES = ("陈桂芳", "李国强", "王秀英", "赵德明", "孙玉兰", "周福生")
GRADES = ("red", "yellow", "green", "green", "yellow", "green")


@dataclass(frozen=True, slots=True)
class Town:
    """The town's store and clock, and the ids of what a test asks for."""

    store: Store
    clock: HandClock
    bell: int
    silent_home: int
    tap: int
    hub: int
    operator: int


def found(url: str) -> Store:
    """Make an empty store with its tables."""
    store = Store(url)
    PEOPLE.create_all(store._people)
    TELEMETRY.create_all(store._telemetry)
    return store


def settle(store: Store, operator: str = "林晓") -> Town:
    """Found the town."""
    _people(store)
    _water(store)
    with store.transaction() as tx:
        user = tx.accounts.add_user(operator, "no password fits", "zh", NOW)
        tx.house.beat("meters", "sweep", NOW - 2 * timedelta(seconds=1))
        tx.house.beat("people", "deliver", NOW - timedelta(seconds=1))
        tx.house.refuse([_refusal(Refusal.UNKNOWN_DEVICE), _refusal(Refusal.CLOCK)])
    return Town(
        store,
        HandClock(NOW),
        bell=worry(store, "bell", 1, NOW - 2 * MINUTE, {"device": "bell-1"}),
        silent_home=worry(
            store, "no_use", 2, NOW - 14 * HOUR, _silence(), opened=NOW - 24 * MINUTE
        ),
        tap=worry(
            store,
            "flat_flow",
            3,
            NOW - 6 * HOUR,
            {"litres_per_hour": 41.0, "run_hours": 6.0, "tier": "strong"},
            opened=NOW - 9 * MINUTE,
        ),
        hub=worry(
            store,
            "hub_silent:north",
            _area(store, COMMUNITIES[1]),
            NOW - 7 * HOUR,
            {"hub": "north", "homes": 3},
            subject=SubjectKind.AREA,
            opened=NOW - HOUR,
        ),
        operator=user,
    )


def worry(
    store: Store,
    kind: str,
    subject_id: int,
    at: datetime,
    evidence: dict[str, float | int | str],
    *,
    subject: SubjectKind = SubjectKind.HOUSEHOLD,
    opened: datetime | None = None,
    condition: Condition = Condition.ACTIVE,
) -> int:
    """Let a signal raise its alert and give the alert's id."""
    opened = opened or at
    signal = Signal(
        Origin.SEEN,
        kind,
        subject,
        subject_id,
        at,
        opened,
        f"{kind}:{subject_id}:{at.isoformat()}:{condition}",
        condition,
        evidence,
    )
    with store.transaction() as tx:
        around = surroundings(tx, Policies())
        raised = raise_alerts([signal], tx.alerts.standing_of([signal.subject]), around, opened)
        keep_raised(tx, raised, opened)
        found = tx.alerts.standing_of([signal.subject]).get(signal.subject)
    assert found is not None
    return found.id


def _silence() -> dict[str, float | int | str]:
    last = (NOW - 14 * HOUR).timestamp()
    return {
        "silence_hours": 13.6,
        "limit_hours": 12.5,
        "usual_longest_hours": 10.0,
        "last_use_at": last,
        "as_of": (NOW - 24 * MINUTE).timestamp(),
    }


def _refusal(reason: Refusal) -> RefusedPayload:
    refused = Refused(reason, "no device is registered under 'm-99'; import it first")
    return RefusedPayload(refused, "native", "meters/m-99", b'{"id": "m-99"}', NOW - HOUR)


def _area(store: Store, name: str) -> int:
    with store.view() as view:
        query = p.areas.select().where(p.areas.c.name == name)
        return int(view.people.execute(query).one().id)


def _people(store: Store) -> None:
    with store.transaction() as tx:
        add = tx.connection.execute
        add(p.areas.insert().values(level="district", name="示例区"))
        for number, name in enumerate(STREETS):
            add(p.areas.insert().values(parent_id=1, level="street", name=name))
            community = {"parent_id": 2 + number * 2, "level": "community"}
            add(p.areas.insert().values(name=COMMUNITIES[number], **community))
        for number, (label, name, grade) in enumerate(zip(LABELS, NAMES, GRADES, strict=True)):
            _home(tx, number + 1, label, name, grade)
        for area, role, name in ((3, "community", "社区吴"), (5, "community", "社区郑")):
            _contact(tx, name, f"+86139000010{area:02}", area=area, role=role)
        _contact(tx, "值班何", "+8613900002000", area=1, role="district_duty")


def _home(tx: Transaction, number: int, label: str, name: str, grade: str) -> None:
    add = tx.connection.execute
    area = 3 if number <= 2 else 5
    since = NOW - timedelta(days=60)
    add(
        p.households.insert().values(
            area_id=area,
            code=f"H{number:04}",
            label=label,
            grade=grade,
            note="",
            watched_since=since,
        )
    )
    add(
        p.residents.insert().values(
            household_id=number, name=name, birth_year=1940, lives_alone=True, disabled=number == 1
        )
    )
    hub = "north" if number >= 3 else "south"
    for kind, address in (("meter", f"m-{number}"), ("button", f"bell-{number}")):
        add(
            p.devices.insert().values(
                household_id=number,
                kind=kind,
                address=address,
                gateway="native",
                hub=hub,
                resolution_litres=1.0,
                interval_minutes=60,
                max_flow_litres_per_hour=3_000.0,
                field="",
                unit="L",
                factor=1.0,
                watched_since=since,
            )
        )
    add(p.consents.insert().values(household_id=number, given_by=name, how="paper", given_at=since))
    _contact(tx, f"女儿{name[0]}", f"+86138000000{number:02}", home=number, role="guardian")
    _contact(tx, f"邻居{name[0]}", f"+86137000000{number:02}", home=number, role="neighbour")


def _contact(
    tx: Transaction,
    name: str,
    phone: str,
    *,
    role: str,
    home: int | None = None,
    area: int | None = None,
) -> None:
    add = tx.connection.execute
    made = add(
        p.contacts.insert().values(name=name, phone=phone, can_text=True, language="zh")
    ).inserted_primary_key
    assert made is not None
    link = {"contact_id": made[0], "role": role, "rank": 0}
    if home is not None:
        add(p.household_contacts.insert().values(household_id=home, **link))
    else:
        add(p.area_contacts.insert().values(area_id=area, **link))


def _water(store: Store) -> None:
    """Give each home two days of hourly readings; the north gateway fell silent seven hours ago."""
    with store.view() as view:
        rows = view.people.execute(p.devices.select().where(p.devices.c.kind == "meter")).all()
    readings, stands = [], []
    for row in rows:
        until = NOW - (7 * HOUR if row.hub == "north" else 6 * MINUTE)
        home_readings, last_use = _days(row.id, row.household_id, until)
        readings += home_readings
        stands.append(
            Stand(row.household_id, int(until.timestamp()), last_use, True, _leak(row), 12.5)
        )
    store.telemetry.add(readings)
    store.telemetry.put_stands(stands)
    usual = 6 + 10 * np.clip(np.sin((np.arange(24) - 5) / 24 * 4 * np.pi), 0, 1)
    homes = tuple(row.household_id for row in rows)
    profile = UsageProfile.unlearnt(homes)
    profile.usual_litres[:] = np.where(np.arange(24) < 6, 0, usual)
    profile.longest_silence_hours[:] = 10.0
    profile.limits_hours[:] = 12.5
    profile.days[:] = 43.0
    store.telemetry.put_profiles(profile, int(NOW.timestamp()))


def _leak(row: Any) -> float:
    return 4.2 if row.household_id == 5 else 0.0


def _days(device: int, home: int, until: datetime) -> tuple[list[tuple[int, int, int, float]], int]:
    rows, litres, last_use = [], 5_000.0, 0
    dark = {20, 21, 22}  # three hours in which home 2 was not heard
    for hour in range(60, -1, -1):
        at = until - hour * HOUR
        local = at.astimezone(SHANGHAI).hour
        drawn = 0.0 if local < 6 else 4.0 + (local * (home + 3)) % 17
        if home == 2 and hour <= 13:
            drawn = 0.0
        if drawn:
            last_use = int(at.timestamp())
        litres += drawn
        if home == 2 and hour in dark:
            continue
        rows.append((device, int(at.timestamp()), int(at.timestamp()) + 30, litres))
    return rows, last_use

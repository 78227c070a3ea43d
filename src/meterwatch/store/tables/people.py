"""Areas, homes, the people in and around them, their devices, consent, accounts.

Names, numbers and free notes live in columns that can be emptied (`erased_at`) without touching
the rows that point at them.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from meterwatch.domain.household import DeviceKind, Grade, Level, Role
from meterwatch.store.tables.base import PEOPLE, Id, Json, key, moment, one_of


def _home() -> Column[int]:
    return Column("household_id", Id, ForeignKey("households.id"), nullable=False, index=True)


areas = Table(
    "areas",
    PEOPLE,
    key(),
    Column("parent_id", Id, ForeignKey("areas.id"), index=True),
    Column("level", Text, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("parent_id", "name"),
    one_of("level", Level),
)
households = Table(
    "households",
    PEOPLE,
    key(),
    Column("area_id", Id, ForeignKey("areas.id"), nullable=False, index=True),
    Column("code", Text, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    # What it shares with others besides its area, where that is known.
    Column("building", Text),
    Column("zone", Text),
    Column("grade", Text, nullable=False),
    Column("note", Text, nullable=False),
    # How many false alarms a year it may cost, where it is not what its grade may.
    Column("alarms_per_year", Float),
    moment("watched_since"),
    moment("erased_at", null=True),
    one_of("grade", Grade),
)
residents = Table(
    "residents",
    PEOPLE,
    key(),
    _home(),
    Column("name", Text, nullable=False),
    Column("birth_year", Integer),
    Column("lives_alone", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    moment("erased_at", null=True),
)
contacts = Table(
    "contacts",
    PEOPLE,
    key(),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False, index=True),
    Column("can_text", Boolean, nullable=False),
    Column("language", Text, nullable=False),
    moment("erased_at", null=True),
)
household_contacts = Table(
    "household_contacts",
    PEOPLE,
    Column("household_id", Id, ForeignKey("households.id"), primary_key=True),
    Column("contact_id", Id, ForeignKey("contacts.id"), primary_key=True, index=True),
    Column("role", Text, primary_key=True),
    Column("rank", Integer, nullable=False),
    one_of("role", Role),
)
area_contacts = Table(
    "area_contacts",
    PEOPLE,
    Column("area_id", Id, ForeignKey("areas.id"), primary_key=True),
    Column("contact_id", Id, ForeignKey("contacts.id"), primary_key=True, index=True),
    Column("role", Text, primary_key=True),
    Column("rank", Integer, nullable=False),
    one_of("role", Role),
)
# Who wants to hear each day that water was used in a home, and the last day they were told of.
digests = Table(
    "digests",
    PEOPLE,
    Column("household_id", Id, ForeignKey("households.id"), primary_key=True),
    Column("contact_id", Id, ForeignKey("contacts.id"), primary_key=True, index=True),
    Column("said_by", Text, nullable=False),
    moment("said_at"),
    Column("told_on", Date),
)
devices = Table(
    "devices",
    PEOPLE,
    key(),
    _home(),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False, unique=True),
    Column("gateway", Text, nullable=False),
    Column("hub", Text, nullable=False),
    Column("resolution_litres", Float, nullable=False),
    Column("interval_minutes", Integer, nullable=False),
    Column("rollover_litres", Float),
    Column("max_flow_litres_per_hour", Float, nullable=False),
    Column("field", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("factor", Float, nullable=False),
    # The words of a button that mean a press, comma-separated, where they are not the usual ones.
    Column("words", Text, nullable=False, default=""),
    moment("watched_since"),
    moment("retired_at", null=True),
    one_of("kind", DeviceKind),
)
device_states = Table(
    "device_states",
    PEOPLE,
    Column("device_id", Id, ForeignKey("devices.id"), primary_key=True),
    moment("heard_at"),
    Column("battery_percent", Float),
    Column("flags", Json, nullable=False),
)
swaps = Table(
    "swaps",
    PEOPLE,
    key(),
    Column("device_id", Id, ForeignKey("devices.id"), nullable=False, index=True),
    moment("at"),
    Column("old_final_litres", Float, nullable=False),
    Column("new_start_litres", Float, nullable=False),
    Column("said_by", Text, nullable=False),
    moment("said_at"),
)
consents = Table(
    "consents",
    PEOPLE,
    key(),
    _home(),
    Column("given_by", Text, nullable=False),
    Column("how", Text, nullable=False),
    moment("given_at"),
    moment("withdrawn_at", null=True),
    moment("erased_at", null=True),
)
absences = Table(
    "absences",
    PEOPLE,
    key(),
    _home(),
    moment("since"),
    moment("until", index=True),
    Column("reason", Text, nullable=False),
    Column("said_by", Text, nullable=False),
    moment("said_at"),
    moment("ended_at", null=True),
    Column("ended_by", Text, nullable=False),
)
users = Table(
    "users",
    PEOPLE,
    key(),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("language", Text, nullable=False),
    moment("created_at"),
    moment("disabled_at", null=True),
)
sessions = Table(
    "sessions",
    PEOPLE,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    moment("created_at"),
    moment("seen_at"),
    moment("expires_at", index=True),
)
login_links = Table(
    "login_links",
    PEOPLE,
    Column("token_hash", Text, primary_key=True),
    moment("expires_at"),
    moment("used_at", null=True),
)

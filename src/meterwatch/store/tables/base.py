"""The two collections of tables and the columns that many tables share."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import JSON

from meterwatch.store.types import UtcDateTime

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
PEOPLE = MetaData(naming_convention=_NAMES)
TELEMETRY = MetaData(naming_convention=_NAMES)

# SQLite numbers rows itself only in a column of exactly the type INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(postgresql.JSONB(), "postgresql")


def key() -> Column[int]:
    """Make the primary key column."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def moment(name: str, *, null: bool = False, index: bool = False) -> Column[object]:
    """Make a column for an aware moment."""
    return Column(name, UtcDateTime, nullable=null, index=index)


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """Hold a text column to the words of an enumeration."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_word")

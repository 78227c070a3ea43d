"""Accounts of the console: users, their sessions, one-time login links, and the audit trail.

Passwords and tokens come here hashed. Every moment is machine time, given by the caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from meterwatch.store.tables import house as h
from meterwatch.store.tables import people as t

_LOGINS = 0x6D77_6C6F  # the name of PostgreSQL's lock for logins


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may use the console."""

    id: int
    name: str = field(repr=False)
    password_hash: str = field(repr=False)
    language: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that somebody has logged in with."""

    user: User
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class Accounts:
    """Users and sessions, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_user(self, name: str, password_hash: str, language: str, now: datetime) -> int:
        """Make an account and give its id; one-time links that nobody used end with it."""
        self._connection.execute(delete(t.login_links).where(t.login_links.c.used_at.is_(None)))
        row = t.users.insert().values(
            name=name, password_hash=password_hash, language=language, created_at=now
        )
        number: int = self._connection.execute(row.returning(t.users.c.id)).scalar_one()
        return number

    def users(self) -> int:
        """Count the accounts that may log in."""
        query = select(func.count()).where(t.users.c.disabled_at.is_(None))
        return self._connection.execute(query).scalar_one()

    def listed(self) -> tuple[User, ...]:
        """Give every account, the closed ones as well."""
        rows = self._connection.execute(select(t.users).order_by(t.users.c.id))
        return tuple(
            User(row.id, row.name, row.password_hash, row.language, row.disabled_at is not None)
            for row in rows
        )

    def user(self, number: int) -> User | None:
        """Give an account by its id."""
        return self._one(t.users.c.id == number)

    def named(self, name: str) -> User | None:
        """Give an account by its name."""
        return self._one(t.users.c.name == name)

    def set_password(self, number: int, password_hash: str) -> None:
        """Change a password and end every session of the account."""
        row = update(t.users).where(t.users.c.id == number)
        self._connection.execute(row.values(password_hash=password_hash))
        self._connection.execute(delete(t.sessions).where(t.sessions.c.user_id == number))

    def disable(self, number: int, now: datetime) -> None:
        """Close an account and end its sessions."""
        row = update(t.users).where(t.users.c.id == number)
        self._connection.execute(row.values(disabled_at=now))
        self._connection.execute(delete(t.sessions).where(t.sessions.c.user_id == number))

    def begin_session(
        self, token_hash: str, user: int, now: datetime, expires_at: datetime
    ) -> None:
        """Keep a new session, and forget those that have expired."""
        self._connection.execute(delete(t.sessions).where(t.sessions.c.expires_at <= now))
        self._connection.execute(
            t.sessions.insert().values(
                token_hash=token_hash,
                user_id=user,
                created_at=now,
                seen_at=now,
                expires_at=expires_at,
            )
        )

    def session(self, token_hash: str) -> Session | None:
        """Give a session with its user; whether it is still good is the caller's question."""
        query = select(t.sessions).where(t.sessions.c.token_hash == token_hash)
        row = self._connection.execute(query).first()
        user = self.user(row.user_id) if row else None
        if row is None or user is None:
            return None
        return Session(user, row.created_at, row.seen_at, row.expires_at)

    def touch_session(self, token_hash: str, now: datetime) -> None:
        """Write down that a session was used."""
        row = update(t.sessions).where(t.sessions.c.token_hash == token_hash)
        self._connection.execute(row.values(seen_at=now))

    def end_session(self, token_hash: str) -> None:
        """Forget a session."""
        self._connection.execute(delete(t.sessions).where(t.sessions.c.token_hash == token_hash))

    def add_link(self, token_hash: str, expires_at: datetime) -> None:
        """Keep a one-time login link; earlier ones that nobody used end with it."""
        unused = t.login_links.c.used_at.is_(None)
        self._connection.execute(delete(t.login_links).where(unused))
        self._connection.execute(
            t.login_links.insert().values(token_hash=token_hash, expires_at=expires_at)
        )

    def link_is_good(self, token_hash: str, now: datetime) -> bool:
        """Tell whether a login link may still be used."""
        query = select(t.login_links.c.token_hash).where(*self._good(token_hash, now))
        return self._connection.execute(query).first() is not None

    def use_link(self, token_hash: str, now: datetime) -> bool:
        """Use a login link up; tell whether it was still good."""
        row = update(t.login_links).where(*self._good(token_hash, now)).values(used_at=now)
        return bool(self._connection.execute(row).rowcount)

    def audit(
        self,
        actor: str,
        act: str,
        subject: str,
        now: datetime,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """Write a line of the audit trail; ids and codes only, never a name or a number."""
        self._connection.execute(
            h.audit.insert().values(
                at=now, actor=actor, act=act, subject=subject, detail=dict(detail or {})
            )
        )

    def one_login_at_a_time(self) -> None:
        """Wait until no other transaction counts failures; SQLite has one writer anyway."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(select(func.pg_advisory_xact_lock(_LOGINS)))

    def audited(self, act: str, subject: str, since: datetime) -> int:
        """Count the lines of one act about one subject since a moment."""
        query = select(func.count()).where(
            h.audit.c.at > since, h.audit.c.act == act, h.audit.c.subject == subject
        )
        return self._connection.execute(query).scalar_one()

    def last_audited(self, act: str, subject: str) -> datetime | None:
        """Say when an act about a subject was last written down."""
        query = select(func.max(h.audit.c.at)).where(
            h.audit.c.act == act, h.audit.c.subject == subject
        )
        at: datetime | None = self._connection.execute(query).scalar_one()
        return at

    def _one(self, where: ColumnElement[bool]) -> User | None:
        query = select(t.users).where(where)
        row = self._connection.execute(query).first()
        if row is None:
            return None
        return User(row.id, row.name, row.password_hash, row.language, row.disabled_at is not None)

    @staticmethod
    def _good(token_hash: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
        link = t.login_links.c
        return (link.token_hash == token_hash, link.used_at.is_(None), link.expires_at > now)

"""Logins: passwords, sessions of browsers, the lock after failures, the first login's link."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from meterwatch.store import Store
from meterwatch.store.accounts import Accounts, User

FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
LINK_LASTS = timedelta(hours=24)
TOUCH_EVERY = timedelta(minutes=1)
SHORTEST_PASSWORD = 10

# A check of a password is made to be costly. Two run at once and a few more wait for a moment, so
# that a flood of logins takes neither the memory nor the threads that the other pages need.
HASHING = BoundedSemaphore(2)
WAITING = BoundedSemaphore(8)
PATIENCE_SECONDS = 1.0

_HASHER = PasswordHasher()
# Checked when there is no such name, so that the answer takes as long either way.
_NOBODY = _HASHER.hash(secrets.token_urlsafe())


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a login lasts: without use, and at most."""

    idle: timedelta
    absolute: timedelta


def hashed(token: str) -> str:
    """Give the form in which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


class Busy(Exception):  # noqa: N818  # an answer to a person
    """Too many passwords are being checked at this moment; nothing was done."""


@contextmanager
def _in_turn() -> Iterator[None]:
    if not WAITING.acquire(blocking=False):
        raise Busy
    try:
        if not HASHING.acquire(timeout=PATIENCE_SECONDS):
            raise Busy
    finally:
        WAITING.release()
    try:
        yield
    finally:
        HASHING.release()


def hash_password(password: str) -> str:
    """Give the form in which a password is kept.

    Raises
    ------
    Busy
        If it was not its turn within a second.
    """
    with _in_turn():
        return _HASHER.hash(password)


def _password_is(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def begin(store: Store, user: int, now: datetime, limits: Limits) -> str:
    """Begin a session and give the token for the browser."""
    token = secrets.token_urlsafe(32)
    with store.transaction() as tx:
        tx.accounts.begin_session(hashed(token), user, now, now + limits.absolute)
        tx.accounts.audit(f"user:{user}", "login", f"user:{user}", now)
    return token


def find(store: Store, token: str, now: datetime, limits: Limits) -> User | None:
    """Give who has this token, if the session is still good, and keep it alive."""
    if not token:
        return None
    with store.view() as view:
        session = Accounts(view.people).session(hashed(token))
    if session is None or session.user.disabled or session.expires_at <= now:
        return None
    if now - session.seen_at > limits.idle:
        return None
    if now - session.seen_at >= TOUCH_EVERY:
        with store.transaction() as tx:
            tx.accounts.touch_session(hashed(token), now)
    return session.user


def end(store: Store, token: str) -> None:
    """End a session."""
    with store.transaction() as tx:
        tx.accounts.end_session(hashed(token))


class Locked(Exception):  # noqa: N818  # an answer to a person
    """Too many failures for this name; nothing was checked."""


def log_in(store: Store, name: str, password: str, now: datetime) -> User | None:
    """Check a name and a password.

    The failure is written before the check, so that many guesses at once count as many; the line
    of the login that follows a right password forgives it.

    Raises
    ------
    Locked
        After five failures within a quarter of an hour, whether the name exists or not.
    Busy
        If it was not its turn within a second; this does not count as a failure.
    """
    with _in_turn():
        user = _note_failure(store, name, now)
        known = user.password_hash if user and not user.disabled else _NOBODY
        right = _password_is(known, password)
    return user if right and user and not user.disabled else None


def _note_failure(store: Store, name: str, now: datetime) -> User | None:
    with store.transaction() as tx:
        accounts = tx.accounts
        accounts.one_login_at_a_time()
        user = accounts.named(name)
        subject = f"user:{user.id}" if user else f"name:{hashed(name)[:16]}"
        forgiven = [accounts.last_audited(act, subject) for act in ("login", "password_set")]
        since = max([now - LOCKED_FOR, *(at for at in forgiven if at)])
        if accounts.audited("login_failed", subject, since) >= FAILURES:
            raise Locked
        accounts.audit("system", "login_failed", subject, now)
    return user


def first_link(store: Store, now: datetime) -> str | None:
    """Make the one-time link's token, or None if somebody has an account already."""
    token = secrets.token_urlsafe(24)
    with store.transaction() as tx:
        if tx.accounts.users():
            return None
        tx.accounts.add_link(hashed(token), now + LINK_LASTS)
    return token


def link_is_good(store: Store, token: str, now: datetime) -> bool:
    """Tell whether a one-time link may still be used."""
    with store.view() as view:
        return Accounts(view.people).link_is_good(hashed(token), now)


class Taken(Exception):  # noqa: N818  # an answer to a person
    """There is an account of this name; the link is as good as before."""


def use_link(
    store: Store, token: str, name: str, password: str, language: str, now: datetime
) -> int | None:
    """Make the first account with a one-time link; None if the link is used up or too old.

    Raises
    ------
    Taken
        If there is an account of this name.
    Busy
        If it was not its turn within a second.
    """
    if not link_is_good(store, token, now):
        return None
    password_hash = hash_password(password)
    with store.transaction() as tx:
        if not tx.accounts.use_link(hashed(token), now):
            return None
        if tx.accounts.named(name):
            raise Taken  # which also takes back that the link was used
        user = tx.accounts.add_user(name, password_hash, language, now)
        tx.accounts.audit(f"user:{user}", "account_made", f"user:{user}", now)
        return user


def complaints(name: str, password: str, again: str) -> list[str]:
    """Name what is wrong with a new account, as codes."""
    wrong = []
    if not name or len(name) > 64 or not name.isprintable():  # noqa: PLR2004  # fits every list
        wrong.append("name")
    if len(password) < SHORTEST_PASSWORD:
        wrong.append("short")
    if password != again:
        wrong.append("differs")
    if name and password.casefold() == name.casefold():
        wrong.append("same")
    return wrong

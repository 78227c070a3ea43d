"""`meterwatch user`: accounts of the console, and the one-time link that makes one."""

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer

from meterwatch.app import open_store
from meterwatch.app.house import NotMigrated
from meterwatch.clock import machine_now
from meterwatch.commands.given import AsJson, Config, give_up, settings_from
from meterwatch.config import Settings
from meterwatch.dashboard.sessions import LINK_LASTS, complaints, hash_password, hashed
from meterwatch.store import Store
from meterwatch.store.accounts import User

COMPLAINTS = {
    "name": "名字要有 1 到 64 个字 / a name has 1 to 64 characters",
    "short": "密码至少 10 个字 / a password has at least 10 characters",
    "same": "密码不能和名字一样 / the password must not be the name",
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="网页账户。 Accounts of the console.\n\n例 / Example:  meterwatch user link",
)

Name = Annotated[str, typer.Argument(help="登录名。 The name to log in with.")]
Language = Annotated[str | None, typer.Option(help="zh 或 en。 zh or en.")]


@contextmanager
def _store(config: Path | None) -> Iterator[tuple[Settings, Store]]:
    settings = settings_from(config)
    try:
        store = open_store(settings)
    except NotMigrated as refusal:
        give_up(refusal)
    try:
        yield settings, store
    finally:
        store.close()


@app.command()
def add(name: Name, language: Language = None, config: Config = None) -> None:
    """新建账户;密码在屏幕上问,或从标准输入读一行。 Makes an account; asks for its password.

    例 / Example:  meterwatch user add xiaowang
    """
    secret = _ask(name)
    with _store(config) as (settings, store), store.transaction() as tx:
        chosen = language or settings.deployment.language
        if chosen not in {"zh", "en"}:
            give_up("语言写 zh 或 en / the language is zh or en", 2)
        if tx.accounts.named(name):
            give_up(f"已经有 {name} 了 / there is a {name} already")
        now = machine_now()
        number = tx.accounts.add_user(name, hash_password(secret), chosen, now)
        tx.accounts.audit("command", "account_made", f"user:{number}", now)
    typer.echo(f"已建 / made: {name}")


@app.command()
def password(name: Name, config: Config = None) -> None:
    """改密码,并退出该账户的所有登录。 Changes a password and ends every login with it.

    例 / Example:  meterwatch user password xiaowang
    """
    secret = _ask(name)
    with _store(config) as (_, store), store.transaction() as tx:
        user = _known(tx.accounts.named(name), name)
        tx.accounts.set_password(user.id, hash_password(secret))
        tx.accounts.audit("command", "password_set", f"user:{user.id}", machine_now())
    typer.echo(f"已改 / changed: {name}")


@app.command()
def disable(name: Name, config: Config = None) -> None:
    """停用账户,并退出它的所有登录。 Closes an account and ends its logins.

    例 / Example:  meterwatch user disable xiaowang
    """
    with _store(config) as (_, store), store.transaction() as tx:
        user, now = _known(tx.accounts.named(name), name), machine_now()
        tx.accounts.disable(user.id, now)
        tx.accounts.audit("command", "account_closed", f"user:{user.id}", now)
    typer.echo(f"已停用 / closed: {name}")


@app.command("list")
def show(as_json: AsJson = False, config: Config = None) -> None:
    """列出账户。 Lists the accounts.

    例 / Example:  meterwatch user list --json
    """
    with _store(config) as (_, store), store.transaction() as tx:
        users = tx.accounts.listed()
    if as_json:
        rows = [
            {"id": u.id, "name": u.name, "language": u.language, "disabled": u.disabled}
            for u in users
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for user in users:
        closed = "  已停用 / closed" if user.disabled else ""
        typer.echo(f"{user.id}  {user.name}  {user.language}{closed}")
    if not users:
        typer.echo("还没有账户:meterwatch user link / no account yet: meterwatch user link")


@app.command()
def link(config: Config = None) -> None:
    """给一个一次性链接,用它在网页上建账户。 Gives a one-time link that makes an account.

    例 / Example:  meterwatch user link
    """
    token = secrets.token_urlsafe(24)
    with _store(config) as (settings, store), store.transaction() as tx:
        now = machine_now()
        tx.accounts.add_link(hashed(token), now + LINK_LASTS)
        tx.accounts.audit("command", "link_made", "login", now)
    hours = int(LINK_LASTS.total_seconds() // 3600)
    typer.echo(f"{_address(settings)}/login/first?{urlencode({'token': token})}")
    typer.echo(f"只能用一次,{hours} 小时内有效 / works once, within {hours} hours", err=True)


def _address(settings: Settings) -> str:
    web = settings.web
    scheme = "https" if web.certfile else "http"
    return web.public_url or f"{scheme}://{web.host}:{web.port}"


def _ask(name: str) -> str:
    """Take a password from the keyboard, or a line of the input where there is none."""
    if sys.stdin.isatty():
        secret: str = typer.prompt("密码 / password", hide_input=True, confirmation_prompt=True)
    else:
        secret = sys.stdin.readline().rstrip("\r\n")
    wrong = complaints(name, secret, secret)
    if wrong:
        give_up("\n".join(COMPLAINTS[code] for code in wrong))
    return secret


def _known(user: User | None, name: str) -> User:
    if user is None:
        give_up(f"没有 {name} 这个账户 / there is no account {name}")
    return user

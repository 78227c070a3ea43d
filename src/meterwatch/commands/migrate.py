"""`meterwatch migrate`: makes the tables, or brings them up to date."""

from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from meterwatch import migrations
from meterwatch.commands.given import Config, give_up, settings_from, tell_defaults

Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="只看是否最新,不改动;不是最新则退出码为 1。"
        " Only tells whether they are up to date: exit code 1 if they are not.",
    ),
]


def migrate(config: Config = None, check: Check = False) -> None:
    """建表或升级表;再运行一次也无妨。 Makes the tables or brings them up to date.

    例 / Example:  meterwatch migrate
    """
    settings = settings_from(config)
    tell_defaults(config, settings)
    url = settings.database.url
    try:
        if not check:
            migrations.upgrade(url)
        at, current = migrations.current(url), migrations.is_current(url)
    except (migrations.TooNew, migrations.DanglingRows) as refusal:
        give_up(refusal)
    except (DBAPIError, OSError) as error:
        give_up(f"数据库打不开 / the database cannot be opened: {_reason(error)}")
    for name, revision in at.items():
        typer.echo(f"{name}: {revision or '—'}")
    if not current:
        give_up("不是最新,请运行 meterwatch migrate / not up to date: run meterwatch migrate")


def _reason(error: DBAPIError | OSError) -> str:
    reason = str(error.orig) if isinstance(error, DBAPIError) else str(error.strerror)
    return reason.strip().partition("\n")[0]

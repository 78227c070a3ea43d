"""What many commands are given: the settings, and the store that they name."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy import make_url

from meterwatch.config import ConfigErrors, Settings, load, whereabouts

WRONG_SETTINGS = 2

Config = Annotated[
    Path | None,
    typer.Option("--config", help="设置文件。 The settings file.", show_default="meterwatch.toml"),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。 Prints JSON.")]


def settings_from(config: Path | None) -> Settings:
    """Read the settings, or name everything that is wrong with them and end."""
    try:
        settings = load(config)
    except ConfigErrors as errors:
        for error in errors.errors:
            typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_SETTINGS) from None
    for warning in settings.warnings():
        typer.echo(f"注意 / note: {warning}", err=True)
    return settings


def tell_defaults(config: Path | None, settings: Settings) -> None:
    """Say so where no settings file is read: the database may not be the one that was meant."""
    file = whereabouts(config)
    if file.exists():
        return
    typer.echo(
        f"没有 {file},使用默认设置;数据库 {_database(settings)} / "
        f"no {file}, defaults are used; database {_database(settings)}",
        err=True,
    )


def _database(settings: Settings) -> str:
    url = make_url(settings.database.url)
    if url.get_backend_name() == "sqlite" and url.database:
        return str(Path(url.database).absolute())
    return url.render_as_string(hide_password=True)


def give_up(said: object, code: int = 1) -> NoReturn:
    """Say why it does not go on, and end."""
    typer.echo(str(said), err=True)
    raise typer.Exit(code)

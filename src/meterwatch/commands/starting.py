"""How the daemon's processes start: settings first, then a role, or all of them supervised."""

import logging
import os
import sys
from os import EX_CONFIG
from pathlib import Path
from threading import Event

import structlog
import typer

from meterwatch.app import House, NotMigrated, open_store
from meterwatch.app.roles import Role, clock_of
from meterwatch.commands.given import tell_defaults
from meterwatch.config import ConfigErrors, Settings, load
from meterwatch.daemon.roles import supervise
from meterwatch.daemon.signals import until_signal
from meterwatch.store import Store


def settings_or_exit(config: Path | None) -> Settings:
    """Load the settings, or say everything that is wrong with them and end."""
    try:
        return load(config)
    except ConfigErrors as errors:
        typer.echo(str(errors), err=True)
        raise typer.Exit(EX_CONFIG) from None


def log_as_json() -> None:
    """Write logs as JSON lines on standard error; they carry ids, never names or numbers."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def run_role(name: str, config: Path | None, *, by_data: bool, stop: Event | None = None) -> None:
    """Run one role in this process until a signal ends it."""
    log_as_json()
    settings = settings_or_exit(config)
    _keep_replays_quiet(settings, by_data=by_data)
    store = _open(settings)
    try:
        house = House(settings, store, clock_of(name, store, by_data=by_data))
        Role(name, house).run(stop or until_signal())
    finally:
        store.close()


def run_all(roles: tuple[str, ...], config: Path | None, *, by_data: bool) -> int:
    """Supervise one process for each role; give the exit code."""
    log_as_json()
    settings = settings_or_exit(config)
    tell_defaults(config, settings)
    _keep_replays_quiet(settings, by_data=by_data)
    for warning in settings.warnings():
        typer.echo(str(warning), err=True)
    _open(settings).close()
    base = [sys.executable, "-m", "meterwatch", "run"]
    base += ["--config", os.fspath(config)] if config else []
    base += ["--clock", "data"] if by_data else []
    return supervise({name: [*base, "--role", name] for name in roles}, until_signal())


def _keep_replays_quiet(settings: Settings, *, by_data: bool) -> None:
    """End where what happened long ago would be texted to people of today."""
    if by_data and settings.sms.provider != "console":
        typer.echo(
            '--clock data 只能配合 sms.provider = "console":重放不会真的发短信 / '
            "--clock data works with the console provider only: a replay texts nobody",
            err=True,
        )
        raise typer.Exit(EX_CONFIG)


def _open(settings: Settings) -> Store:
    try:
        return open_store(settings)
    except NotMigrated as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(EX_CONFIG) from None

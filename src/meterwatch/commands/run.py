"""`meterwatch run`: the daemon with its console, one process a role."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

ROLES = ("bells", "meters", "people", "night")


class RunClock(StrEnum):
    """What moves the clock of decisions."""

    SYSTEM = "system"
    DATA = "data"


def run(
    config: Annotated[
        Path | None, typer.Option("--config", help="配置文件 / the configuration file.")
    ] = None,
    clock: Annotated[
        RunClock,
        typer.Option(help="data: 时间跟着数据走,用于重放 / time follows recorded readings."),
    ] = RunClock.SYSTEM,
    roles: Annotated[
        str,
        typer.Option(help="只运行这些角色,逗号分开 / only these roles, comma-separated."),
    ] = ",".join(ROLES),
    role: Annotated[
        str, typer.Option(hidden=True, help="在本进程里运行一个角色 / one role in this process.")
    ] = "",
) -> None:
    """守护进程和网页:收数据、判断、发短信、催办。 The daemon with its console.

    例 / example:  meterwatch run --config meterwatch.toml
    """
    from meterwatch.commands import starting  # costly imports come after --help

    if role:
        starting.run_role(role, config, by_data=clock is RunClock.DATA)
    else:
        raise typer.Exit(starting.run_all(_chosen(roles), config, by_data=clock is RunClock.DATA))


def _chosen(roles: str) -> tuple[str, ...]:
    chosen = tuple(name.strip() for name in roles.split(",") if name.strip())
    strange = [name for name in chosen if name not in ROLES]
    if strange or not chosen:
        wrong = strange[0] if strange else roles
        raise typer.BadParameter(
            f"没有 {wrong!r} 这个角色 / there is no such role; choose from {', '.join(ROLES)}",
            param_hint="--roles",
        )
    return chosen

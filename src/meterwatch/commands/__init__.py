"""The commands that a person or a service unit types, one file a command.

A file holds a function of the command's name (or a Typer app called `app`, for a command with
commands of its own). It is imported when it is asked for, so that `--help` is quick. The last line
of a command's docstring is an example.
"""

import importlib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from meterwatch import __version__


@dataclass(frozen=True, slots=True)
class Listed:
    """One command: its name, what it does, and its file where that has another name."""

    name: str
    said: str
    file: str = ""

    @property
    def module(self) -> str:
        """The module it is in."""
        return f"{__name__}.{self.file or self.name}"

    def load(self) -> Any:
        """Import it and make it a command."""
        module = importlib.import_module(self.module)
        made = getattr(module, "app", None)
        if made is None:
            made = typer.Typer(add_completion=False)
            made.command(self.name)(getattr(module, self.file or self.name))
        command = typer.main.get_command(made)
        command.name = self.name
        return command


# In the order in which one meets them. A name whose file is not there (yet) is left out.
COMMANDS = (
    Listed("demo", "演示:虚构的 200 户,马上能看 · Shows an invented district of 200 homes at once"),
    Listed("init", "写出设置文件 · Writes the settings file"),
    Listed("migrate", "建表或升级表 · Makes the tables, or brings them up to date"),
    Listed("import", "导入住户 · Imports homes", "import_homes"),
    Listed("run", "运行服务 · Runs the service"),
    Listed("watchdog", "看护服务,出事报警 · Watches over the service itself"),
    Listed("devices", "列出设备和最近消息 · Lists devices and when they were last heard"),
    Listed("decode", "看一条报文是什么 · Shows what a payload says"),
    Listed("simulate", "模拟一批水表发报文 · Publishes the payloads of an invented district"),
    Listed("replay", "重放记录的读数 · Replays recorded readings"),
    Listed("evaluate", "给检测器打分 · Scores the detectors on recorded homes"),
    Listed("policy", "通知办法 · Who is told when"),
    Listed("sms", "短信 · Text messages"),
    Listed("user", "网页账户 · Accounts of the console"),
    Listed("doctor", "检查安装 · Checks the installation"),
    Listed("capacity", "估算容量 · Estimates what a machine can take"),
    Listed("storage", "占用空间 · Shows what is kept and how much"),
    Listed("backup", "备份 · Makes a backup"),
    Listed("restore", "恢复备份 · Restores a backup"),
)


class _Later(TyperCommand):
    """Stands in for a command until it is asked for."""

    def __init__(self, listed: Listed) -> None:
        super().__init__(listed.name, help=listed.said)
        self._listed = listed

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Bring in the command itself; everything after this is its own."""
        return self._listed.load().make_context(*args, **extra)


class _Commands(TyperGroup):
    """The commands, none of them imported yet."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the library's own hook
        """Name those that are there, in the order of the list."""
        return [listed.name for listed in COMMANDS if find_spec(listed.module)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # as above
        """Give the stand-in of a command."""
        found = (listed for listed in COMMANDS if listed.name == cmd_name)
        return next((_Later(listed) for listed in found if find_spec(listed.module)), None)


OWNER_ONLY = 0o077  # every file that a command makes holds names, numbers or secrets

app = typer.Typer(name="meterwatch", cls=_Commands, no_args_is_help=True, add_completion=False)


def show_version(asked: bool) -> None:
    """Print the version and end."""
    if asked:
        typer.echo(f"meterwatch {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[  # noqa: ARG001  # told by its own callback
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="显示版本。")
    ] = False,
) -> None:
    """守望水表与平安钟。 Watches water meters and panic buttons.

    例 / Example:  meterwatch init && meterwatch migrate && meterwatch run
    """
    os.umask(OWNER_ONLY)

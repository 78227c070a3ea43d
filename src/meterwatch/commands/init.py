"""`meterwatch init`: the commented settings file, and what to do next."""

from pathlib import Path
from typing import Annotated

import typer

from meterwatch.commands.given import give_up
from meterwatch.config import whereabouts
from meterwatch.config.template import template

NEXT = """\
已写出 / written: {file}

下一步 / next:
  1. 打开它,至少看看 [mqtt] 和 [web]    open it and look at [mqtt] and [web] at least
  2. meterwatch migrate              建表 / make the tables
  3. meterwatch import homes.csv     导入住户 / import the homes (docs/reference/import.md)
  4. meterwatch run                  运行 / run the service
"""
OWNER_ONLY = 0o600  # there will be passwords in it

File = Annotated[
    Path | None,
    typer.Argument(help="写到哪里。 Where to write it.", show_default="meterwatch.toml"),
]
Force = Annotated[
    bool, typer.Option("--force", help="覆盖已有的文件。 Overwrites a file that is there.")
]


def init(file: File = None, force: Force = False) -> None:
    """写出带注释的设置文件。 Writes the commented settings file.

    例 / Example:  meterwatch init
    """
    path = whereabouts(file)
    try:
        path.touch(OWNER_ONLY, exist_ok=force)
        path.write_text(template(), "utf-8")
    except FileExistsError:
        give_up(
            f"{path} 已经有了,没有改动;要覆盖请加 --force / "
            f"{path} is there already and was left as it is; --force overwrites it"
        )
    except OSError as error:
        give_up(f"{path} 写不进:{error.strerror} / {path} cannot be written: {error.strerror}")
    typer.echo(NEXT.format(file=path), nl=False)

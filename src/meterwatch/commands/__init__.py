"""The commands that a person or a service unit types, one file a command."""

from typing import Annotated

import typer

from meterwatch import __version__

app = typer.Typer(name="meterwatch", no_args_is_help=True, add_completion=False)


def show_version(asked: bool) -> None:
    """Print the version and end."""
    if asked:
        typer.echo(f"meterwatch {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="显示版本。")
    ] = False,
) -> None:
    """守望水表与平安钟。 Watches water meters and panic buttons."""

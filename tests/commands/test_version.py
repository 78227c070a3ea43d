"""The command line answers before anything is configured."""

from typer.testing import CliRunner

from meterwatch import __version__
from meterwatch.commands import app


def test_the_command_says_its_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.output.strip() == f"meterwatch {__version__}"

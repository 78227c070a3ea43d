"""Lets `python -m meterwatch` be the same as `meterwatch`."""

from meterwatch.commands import app

app(prog_name="meterwatch")

"""Moments as people type them into a form, in the deployment's zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def moment_of(text: str, zone: ZoneInfo) -> datetime | None:
    """Read a moment from a form's field; None if there is none or it cannot be one.

    >>> moment_of("2026-11-21T06:40", ZoneInfo("Asia/Shanghai")).isoformat()
    '2026-11-20T22:40:00+00:00'
    """
    try:
        typed = datetime.fromisoformat(text.strip())
        here = typed if typed.tzinfo else typed.replace(tzinfo=zone)
        return here.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day_of(text: str, zone: ZoneInfo) -> datetime | None:
    """Read the beginning of a local day from a form's field."""
    return moment_of(text[:10], zone)


def after_day(start: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Give the beginning of the next local day; None on the last day of all."""
    try:
        return start and (start.astimezone(zone) + timedelta(days=1)).astimezone(UTC)
    except OverflowError:
        return None

"""Tells systemd how we are; where nobody listens it does nothing."""

import os
import socket


def sd_notify(state: str) -> bool:
    """Send a state (`READY=1`, `WATCHDOG=1`, `STOPPING=1`); tell whether somebody was told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def watchdog_seconds() -> float | None:
    """Give how often `WATCHDOG=1` should be sent, or None where nobody waits for it."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or meant_for != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000 or None

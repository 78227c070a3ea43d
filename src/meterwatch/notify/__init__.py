"""Speaks to carriers: what a message says, and how it is sent.

A provider is listed here by hand, under the word for it in the configuration.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from meterwatch.notify.console import ConsoleProvider, Inbox
from meterwatch.notify.provider import Provider
from meterwatch.notify.twilio import TwilioProvider

PROVIDERS: Mapping[str, Callable[..., Provider]] = {
    "console": ConsoleProvider,
    "twilio": TwilioProvider,
}


def build(name: str, settings: Mapping[str, Any], inbox: Inbox) -> Provider:
    """Construct the provider of this name.

    Parameters
    ----------
    name : str
        A key of `PROVIDERS`.
    settings : Mapping[str, Any]
        Its own settings, by the names of its parameters.
    inbox : Inbox
        Where a provider that reaches no phone puts its texts.

    Raises
    ------
    ValueError
        If there is no such provider, or a setting is missing, empty or unknown.
    """
    make = PROVIDERS.get(name)
    if make is None:
        raise ValueError(f"no provider is called {name!r}: choose one of {', '.join(PROVIDERS)}")
    wanted = dict(inspect.signature(make).parameters)
    takes_inbox = wanted.pop("inbox", None) is not None
    unknown = sorted(settings.keys() - wanted.keys())
    if unknown:
        raise ValueError(f"provider {name!r} has no setting {unknown[0]!r}: remove it")
    required = [key for key, place in wanted.items() if place.default is inspect.Parameter.empty]
    missing = [key for key in required if not settings.get(key)]
    if missing:
        raise ValueError(f"provider {name!r} needs {', '.join(missing)}: set it, or use 'console'")
    return make(inbox=inbox, **settings) if takes_inbox else make(**settings)

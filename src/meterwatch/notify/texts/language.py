"""The pieces a language must have, so that none is forgotten in a translation."""

from collections.abc import Mapping
from dataclasses import dataclass

from meterwatch.domain.notification import MessageKind


@dataclass(frozen=True, slots=True)
class Language:
    """The pieces of every message in one language.

    In braces stand `home` (the home or area with its code), `yours` (a home that somebody asked
    to hear of), `it` (the alert with its code), `worry`, `eased`, `at`, `used`, `by`, `until`,
    `codes`, `count`, `ordinal`, `reason`, `urge` and `how`.

    Attributes
    ----------
    drill : str
        Stands before everything when it is only an exercise.
    first, again : str
        The opening of a first message and of the `ordinal`-th.
    home, yours, area, it : tuple of str
        With a code and without one.
    reasons : Mapping
        Why we write again: repeat, no_report, declined, not_reached.
    worries : Mapping
        By kind, and by kind and `flow` where water runs; what is not in it is `other`. `timeless`
        serves bells whose time is not known.
    eased : Mapping
        What good news is, by the kind of worry; under "" what it is for all others.
    urge, how : Mapping
        What to do, and how to answer, by weight: bell, life, upkeep.
    messages : Mapping
        By kind; answers are in `answers`, and those to "recorded" by what was said in `recorded`.
    variants : Mapping
        What is said otherwise, by kind and `of` with a point between.
    """

    drill: str
    first: str
    again: str
    home: tuple[str, str]
    yours: tuple[str, str]
    area: tuple[str, str]
    it: tuple[str, str]
    reasons: Mapping[str, str]
    worries: Mapping[str, str]
    timeless: Mapping[str, str]
    other: str
    eased: Mapping[str, str]
    urge: Mapping[str, str]
    how: Mapping[str, str]
    messages: Mapping[MessageKind, str]
    variants: Mapping[str, str]
    answers: Mapping[str, str]
    recorded: Mapping[str, str]
    roles: Mapping[str, str]
    someone: str

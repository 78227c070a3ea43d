"""What a stage came to, beside what it may come to."""

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_BUDGETS = Path(__file__).with_name("budgets.toml")
_GOAL = "goal"


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: how much of what, how it spread over the rounds, and the most it may be."""

    name: str
    value: float
    unit: str
    budget: float | None = None
    least: float | None = None
    most: float | None = None
    cpu_seconds: float | None = None
    wall_seconds: float | None = None
    goal: float | None = None

    @property
    def over(self) -> bool:
        """Whether it is over its budget."""
        return self.budget is not None and self.value > self.budget


@dataclass(frozen=True, slots=True)
class Stage:
    """The figures of one stage and what they are held against."""

    name: str
    homes: int
    reference: str
    lines: tuple[Line, ...]

    def as_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        lines = [asdict(line) | {"over": line.over} for line in self.lines]
        return {"stage": self.name, **asdict(self), "lines": lines}

    def as_text(self) -> str:
        """Give it as a table to read."""
        rows = [f"{self.name}: {self.homes:,} homes; reference: {self.reference}"]
        return "\n".join(rows + [_row(line) for line in self.lines])


def budgets(stage: str) -> dict[str, float]:
    """Read what the figures of a stage may be at most."""
    return {name: float(most) for name, most in _table(stage).items() if name != _GOAL}


def goals(stage: str) -> dict[str, float]:
    """Read where the figures of a stage shall come to."""
    return {name: float(most) for name, most in _table(stage).get(_GOAL, {}).items()}


def _table(stage: str) -> dict[str, Any]:
    with _BUDGETS.open("rb") as file:
        return dict(tomllib.load(file).get(stage, {}))


def _row(line: Line) -> str:
    spread = "" if line.least is None else f"{line.least:8.2f} to {line.most:<8.2f}"
    times = "" if line.cpu_seconds is None else f"cpu {line.cpu_seconds:8.3f} s"
    wall = "" if line.wall_seconds is None else f"wall {line.wall_seconds:8.3f} s"
    held = "" if line.budget is None else f"at most {line.budget:g}{'  OVER' if line.over else ''}"
    if line.goal is not None:
        held += f"  goal {line.goal:g}{'' if line.value <= line.goal else ' not reached'}"
    return f"  {line.name:<20}{line.value:>10.2f} {line.unit:<20}{spread:<22}{times} {wall}  {held}"

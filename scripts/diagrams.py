"""Draws the table of alerts into docs/architecture.md, from the table that the code runs by.

Run it after every change of that table: `make pages`. The tests fail where the page is not current.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from meterwatch.domain.alert import SENSOR_ACTS, TRANSITIONS, Act, State

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- the alert table: begin -->", "<!-- the alert table: end -->"
SAID = {
    Act.DUE: "its time has come: nobody took it, or somebody took it and did not report",
    Act.ACKNOWLEDGE: "“I have it”, once a person",
    Act.GO: "“I am going”",
    Act.DECLINE: "“I cannot”",
    Act.SAY_SAFE: "“she is well”, where it has to be said how one knows",
    Act.REACHED: "an outcome, and the person was reached",
    Act.UNREACHED: "an outcome, and the person was not reached",
    Act.CLEAR: "the sensor says it is over",
    Act.RETURN: "the sensor says it goes on, or somebody pressed again",
    Act.LOSE: "the sensor fell silent",
}


def drawn() -> str:
    """Draw the diagram and the table."""
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", *_arrows(), "```"])
    return "\n\n".join([diagram, "\n".join(_rows())])


def current(page: str) -> str:
    """Give a page with the drawing of today between its marks.

    Raises
    ------
    ValueError
        If the page does not have the two marks.
    """
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the page needs a line {BEGIN!r} and after it a line {END!r}")
    return f"{before}{BEGIN}\n\n{drawn()}\n\n{END}{after}"


def _arrows() -> Iterator[str]:
    yield f"    [*] --> {State.OPEN}: a signal"
    moves = sorted(TRANSITIONS.items(), key=lambda move: (_place(move[0][0]), _place(move[1])))
    for (before, after), acts in groupby(moves, key=lambda move: (move[0][0], move[1])):
        names = ", ".join(act for (_, act), _ in acts)
        yield f"    {before} --> {after}: {names}"
    yield f"    {State.CLOSED} --> [*]"


def _rows() -> Iterator[str]:
    standing = [state for state in State if state is not State.CLOSED]
    yield "| act | what happened | " + " | ".join(standing) + " |"
    yield "|---" * (2 + len(standing)) + "|"
    for act in (act for act in Act if act not in SENSOR_ACTS):
        cells = [TRANSITIONS.get((state, act), "refused") for state in standing]
        yield f"| `{act}` | {SAID[act]} | " + " | ".join(cells) + " |"
    for act, condition in SENSOR_ACTS.items():
        cells = [f"condition {condition}"] * len(standing)
        yield f"| `{act}` | {SAID[act]} | " + " | ".join(cells) + " |"


def _place(state: State) -> int:
    return list(State).index(state)


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

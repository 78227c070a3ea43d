"""`python -m bench [stage ...] [--homes N] [--rounds N] [--json]`; exit code 1 if one is over."""

import argparse
import json
import sys
from collections.abc import Callable

from bench import learn, sweep
from bench.report import Stage

STAGES: dict[str, Callable[..., Stage]] = {"sweep": sweep.measure, "learn": learn.measure}


def main(words: list[str]) -> int:
    """Measure the stages that are named, all of them if none is, and print what they came to."""
    asked = _asked(words)
    given = {name: getattr(asked, name) for name in ("homes", "rounds") if getattr(asked, name)}
    stages = []
    for name in dict.fromkeys(asked.stages or STAGES):
        stages.append(STAGES[name](**given))
        if not asked.json:
            print(stages[-1].as_text(), flush=True)
    if asked.json:
        print(json.dumps({"stages": [stage.as_json() for stage in stages]}, indent=2))
    over = [f"{s.name} {line.name}" for s in stages for line in s.lines if line.over]
    if over:
        print(f"over budget: {', '.join(over)}", file=sys.stderr)
    return 1 if over else 0


def _asked(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="stage", help=f"of: {', '.join(STAGES)}")
    parser.add_argument("--homes", type=_positive, help="how many homes (default: by stage)")
    parser.add_argument("--rounds", type=_positive, help="how often each work is measured")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args(words)
    for stage in asked.stages:
        if stage not in STAGES:
            parser.error(f"there is no stage {stage!r}; there are {', '.join(STAGES)}")
    return asked


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

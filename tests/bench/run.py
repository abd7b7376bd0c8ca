"""``make bench``: measures what the issues promise and writes a list of {name, value, unit, goal, against}.

Every figure is a ratio or a difference of two things measured in turn in this one run: absolute times of a shared
machine mean little.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

# module in this folder, each with ``measure() -> iterable of figures``
MODULES = (
    "bench_kernel",
    "bench_proxy",
    "bench_extract",
    "bench_remote",
    "bench_browse",
    "bench_catalog",
    "bench_hostile",
    "bench_beside",
)


def reached(figure: dict[str, Any]) -> bool:
    """Whether a figure keeps its goal: at most that, or at least that with ``more_is_better``."""
    value, goal = figure["value"], figure["goal"]
    return goal is None or (value >= goal if figure.get("more_is_better") else value <= goal)


def main() -> int:
    """Measure, print a table, write the file; exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("modules", nargs="*", default=MODULES)
    options = parser.parse_args()
    figures: list[dict[str, Any]] = []
    for name in options.modules:
        measure: Callable[[], Iterable[dict[str, Any]]] = importlib.import_module(name).measure
        for figure in measure():
            figures.append(figure)
            goal = figure["goal"]
            verdict = "" if goal is None else ("ok" if reached(figure) else "MISSED")
            print(
                f"{figure['name']:<28}{figure['value']:>12.3f} {figure['unit']:<8} goal {goal}  {verdict}", flush=True
            )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(not all(reached(figure) for figure in figures))


if __name__ == "__main__":
    sys.exit(main())

"""Runs the outbox with a limit of five figures for each dataset, so that a test of it needs not five hundred."""

from __future__ import annotations

import runpy
import sys

from jupyter_shinecat.outbox import plan

if __name__ == "__main__":
    plan._MOST_FIGURES = 5
    sys.argv = ["outbox"]
    runpy.run_module("jupyter_shinecat.outbox", run_name="__main__")

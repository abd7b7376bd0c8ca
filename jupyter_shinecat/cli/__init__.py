"""The shinecat command: each subcommand lives in a module of its own and loads when it is called."""

from __future__ import annotations

from .main import main

__all__ = ["main"]

"""Sample files of an X-ray laser: plausible runs, the same on every machine, made in seconds."""

from __future__ import annotations

from .make import SAMPLE_GROUPS, make_samples

__all__ = ["SAMPLE_GROUPS", "make_samples"]

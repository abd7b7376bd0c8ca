"""Unit aliases, SI pairs and conversion."""

from __future__ import annotations

from .convert import UnitError, canonical, convert, known, pint_text, si_pair

__all__ = ["UnitError", "canonical", "convert", "known", "pint_text", "si_pair"]

"""The catalog's browser as a widget in the notebook: a model in the kernel, a view without a framework."""

from __future__ import annotations

from .widget import Browser

__all__ = ["Browser"]

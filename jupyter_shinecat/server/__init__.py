"""Jupyter server extension: proxy, session, socket for kernels; runs the outbox and a one-user catalog."""

from __future__ import annotations

from .app import ShineCat

__all__ = ["ShineCat"]


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    return [{"module": "jupyter_shinecat.server", "app": ShineCat}]


_load_jupyter_server_extension = ShineCat._load_jupyter_server_extension

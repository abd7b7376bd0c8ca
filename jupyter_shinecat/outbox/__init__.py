"""Durable queue of results on their way to the catalog.

The kernel's record writes a spool; this room turns it into entries, collects each result when it has come to rest, and
sends it until the catalog has it. It runs as a process of its own (``python -m jupyter_shinecat.outbox``).
What is importable from here is light: the server uses it without loading a client or a file format.
"""

from __future__ import annotations

from .entries import list_entries
from .requests import request_release, request_retry, request_withdraw

__all__ = ["list_entries", "request_release", "request_retry", "request_withdraw"]

"""SciCat inside Jupyter: find a dataset, open it in the kernel, and what you derive is catalogued by itself.

``import jupyter_shinecat as sc`` is light: everything below loads when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "browse",
    "derived",
    "endpoint",
    "latest",
    "lineage",
    "open",
    "param",
    "results",
    "scitacean_client",
    "search",
    "session",
    "untracked",
]

_LAZY = dict.fromkeys(("browse", "derived", "latest", "open", "results", "search"), "kernel")
_LAZY |= dict.fromkeys(("param", "session", "untracked"), "kernel.steering")
_LAZY |= dict.fromkeys(("endpoint", "scitacean_client"), "kernel.elsewhere")
_LAZY["lineage"] = "kernel.ancestry"

if TYPE_CHECKING:
    from .kernel import browse, derived, latest, open, results, search
    from .kernel.ancestry import lineage
    from .kernel.elsewhere import endpoint, scitacean_client
    from .kernel.steering import param, session, untracked


def __getattr__(name: str) -> Any:
    room = _LAZY.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{room}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    try:
        server = importlib.import_module(".server", __name__)
    except ModuleNotFoundError as error:
        # Jupyter logs this and starts without us.
        raise ModuleNotFoundError(
            f'{error}. A user server needs more than a kernel: pip install "jupyter-shinecat[lab]"', name=error.name
        ) from error
    points: list[dict[str, Any]] = server._jupyter_server_extension_points()
    return points


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-shinecat"}]


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext jupyter_shinecat``: start the record in this kernel."""
    importlib.import_module(".kernel", __name__).load_ipython_extension(ipython)

"""Workers in processes that are not forks: what those do is not seen, but what they are handed may name files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .wrapping import Call, Wrap

_MOST = 1000  # arguments of one call
_LISTS = (list, tuple, range)


def worker_table(handed: Callable[[str, Iterable[object]], None]) -> dict[str, list[Wrap]]:
    """What to wrap of multiprocessing, concurrent.futures and joblib.

    Parameters
    ----------
    handed
        Told of each piece of work: what kind of worker, and its arguments.
    """

    def work(call: Call) -> None:
        mine = _inside(call.args[0])
        context = mine.get("_ctx") or mine.get("_mp_context")
        if context is None or context.get_start_method(allow_none=True) in ("fork", None):
            return  # forks record themselves
        values: list[object] = [*call.kwargs.values()]
        for arg in call.args[1:]:  # only what is there already: a generator is the user's to draw from
            values += list(arg[:_MOST]) if type(arg) in _LISTS else [arg]
        handed("multiprocessing", values)

    def process(call: Call) -> None:
        mine = _inside(call.value(1, "process_obj"))
        handed("multiprocessing", [*mine.get("_args", ()), *mine.get("_kwargs", {}).values()])

    def batch(call: Call) -> None:
        # Threads are seen, and so are forks.
        if type(_inside(call.args[0]).get("_backend")).__name__ in ("LokyBackend", "DaskDistributedBackend"):
            items = call.value(1, "batch").items[:_MOST]
            handed("joblib", [value for _, given, named in items for value in (*given, *named.values())])

    return {
        "joblib.parallel": [Wrap("Parallel._dispatch", batch)],
        "multiprocessing.popen_spawn_posix": [Wrap("Popen.__init__", process)],
        "multiprocessing.popen_forkserver": [Wrap("Popen.__init__", process)],
        "multiprocessing.pool": [Wrap("Pool._map_async", work), Wrap("Pool.apply_async", work)],
        "concurrent.futures.process": [Wrap("ProcessPoolExecutor.submit", work)],
    }


def _inside(value: object) -> dict[str, Any]:
    """What an object holds; a subclass of the user's may compute what it says of itself."""
    found = object.__getattribute__(value, "__dict__")
    return found if type(found) is dict else {}

"""Where a dataset comes from and what became of it, as a tree to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import AccessDenied, NotFound
from jupyter_shinecat.scicat.lineage import Lineage
from jupyter_shinecat.scicat.lineage import lineage as follow

from . import session
from .errors import plainly

_DEEPEST = 20


class Ancestry:
    """Inputs, results and versions of a dataset; it shows itself as a tree.

    Attributes
    ----------
    graph
        The same as data: ``graph.datasets``, ``graph.edges``, ``graph.older``, ``graph.newer``.
    """

    def __init__(self, graph: Lineage) -> None:
        self.graph = graph

    def __repr__(self) -> str:
        graph = self.graph
        lines = [self._words(graph.pid)]
        for title, versions in ((tr("Newer version"), graph.newer), (tr("Older version"), graph.older)):
            lines += [f"{title}: {self._words(pid)}" for pid in versions]
        for title, following in ((tr("Inputs"), graph.inputs), (tr("Results"), graph.results)):
            if following(graph.pid):
                lines.append(f"{title}:")
                self._branch(graph.pid, following, 1, frozenset({graph.pid}), lines)
        if not graph.complete:
            lines.append(tr("There is more: this is a part only."))
        return "\n".join(lines)

    def _branch(
        self, pid: str, following: Callable[[str], list[str]], depth: int, above: frozenset[str], lines: list[str]
    ) -> None:
        for other in following(pid):
            lines.append("  " * depth + self._words(other))
            if other not in above and depth < _DEEPEST:
                self._branch(other, following, depth + 1, above | {other}, lines)

    def _words(self, pid: str) -> str:
        dataset = self.graph.datasets.get(pid)
        return printable(
            f"{dataset.name}  {pid}" if dataset is not None else tr("{pid} (not for you, or gone)", pid=pid)
        )


@plainly
def lineage(dataset: Any) -> Ancestry:
    """What a dataset was made of, what was made of it, and its older and newer versions.

    Parameters
    ----------
    dataset
        A PID, or a handle.

    Raises
    ------
    ShineCatError
        It is not there (or not for you), or the catalog does not answer.

    Examples
    --------
    >>> sc.lineage(ds)       # doctest: +SKIP
    """
    from .dataset import unknown

    session.begin()
    pid = dataset if isinstance(dataset, str) else dataset.pid
    try:
        return Ancestry(session.ask(lambda catalog: follow(catalog, pid)))
    except (AccessDenied, NotFound):
        raise unknown(pid) from None

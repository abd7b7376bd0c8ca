"""The model of the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from jupyter_shinecat import record
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.kernel.dataset import handle
from jupyter_shinecat.kernel.several import Datasets
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Query, QueryError

from .answers import Answers
from .look import quick_look

_VIEW = Path(__file__).parent / "view"
# One module for the page, written in parts: a widget's module can't import its neighbours.
_PARTS = ("dom.js", "list.js", "details.js", "conditions.js", "browser.js")


def words() -> dict[str, str]:
    """The view's texts in the reader's language."""
    return {
        "search": tr("Search datasets"),
        "label": tr("Datasets"),
        "browser": tr("Catalog browser"),
        "type": tr("Type"),
        "all_types": tr("All types"),
        "group": tr("Owner group"),
        "all_groups": tr("All groups"),
        "order": tr("Order"),
        "newest": tr("newest first"),
        "oldest": tr("oldest first"),
        "by_name": tr("by name"),
        "largest": tr("largest first"),
        "found": tr("%1 datasets"),
        "foundOne": tr("1 dataset"),
        "selected": tr("%1 selected"),
        "clear": tr("Clear selection"),
        "select": tr("Select %1"),
        "nothing": tr("No dataset matches."),
        "loading": tr("Loading…"),
        "again": tr("Try again"),
        "add": tr("Add condition"),
        "key": tr("Metadata key"),
        "relation": tr("Relation"),
        "contains": tr("contains"),
        "value": tr("Value with unit"),
        "details": tr("Details"),
        "close": tr("Close details"),
        "metadata": tr("Metadata"),
        "figures": tr("Figures"),
        "look": tr("Quick look"),
        "hint": tr("Choose a dataset to see its details."),
        "no_kernel": tr(
            "The kernel does not answer: it is busy, or it was restarted. Run the cell again if it stays so."
        ),
    }


class Browser(anywidget.AnyWidget):
    """The catalog's browser; made by ``sc.browse``.

    Examples
    --------
    >>> browser = sc.browse("溶菌酶")                                 # doctest: +SKIP
    >>> browser                                                     # doctest: +SKIP
    >>> browser.selected[0].metadata.photon_energy                  # doctest: +SKIP
    """

    _esm = "\n".join((_VIEW / part).read_text(encoding="utf-8") for part in _PARTS)
    _css = (_VIEW / "browser.css").read_text(encoding="utf-8")

    _words = traitlets.Dict().tag(sync=True)
    _text = traitlets.Unicode().tag(sync=True)
    selected_pids = traitlets.List(traitlets.Unicode(), help="PIDs of what is selected, in that order.").tag(sync=True)

    def __init__(self, text: str = "", base: Query | None = None) -> None:
        super().__init__(_words=words(), _text=text)
        self._answers = Answers(base or Query())
        self.on_msg(self._asked)

    @property
    def selected(self) -> Datasets:
        """Handles of what is selected, in the order of selection."""
        return Datasets([handle(self._answers.record(pid)) for pid in self.selected_pids])

    def _asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict) or not isinstance(content.get("id"), str):
            return
        with record.quiet():
            answer = self._answer(content)
        self.send({"id": content["id"], **answer})

    def _answer(self, content: dict[str, Any]) -> dict[str, Any]:
        try:
            if content.get("ask") == "search":
                return {"ok": self._answers.search(content)}
            if content.get("ask") == "page":
                return {"ok": self._answers.page(content)}
            if content.get("ask") == "details":
                return {"ok": self._answers.details(str(content.get("pid") or ""))}
            if content.get("ask") == "look":
                return {"ok": quick_look(self._answers.record(str(content.get("pid") or "")))}
            return {"error": {"what": "unknown request", "do": "", "position": None}}
        except QueryError as error:
            return {"error": {"what": error.what, "do": error.do, "position": error.position}}
        except ShineCatError as error:
            return {"error": {"what": error.what, "do": error.do, "position": None}}

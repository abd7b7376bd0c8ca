"""The different texts at a path, as the index knows them: what is asked of a text is asked of each of them once."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_shinecat.catalog.search.schema import BLANK
from jupyter_shinecat.catalog.search.terms import DIGEST, asked, equal_prefix
from jupyter_shinecat.catalog.search.view import View

# With more of them, to read what may fit is no slower.
MAX_TEXTS = 20_000


def terms_that(view: View, path: str, name: str, fits: Callable[[str], bool]) -> tuple[list[str], list[str]] | None:
    """Terms of the texts at ``path`` that fit, and those of texts too long to tell; None where there are too many.

    Parameters
    ----------
    view
        State of the index; it remembers the answer.
    path
        Where the texts are.
    name
        Tells ``fits`` apart from other questions.
    fits
        Whether a text is wanted.
    """

    def find() -> tuple[list[str], list[str]] | None:
        prefix = asked(f"{equal_prefix(path)}s")
        found = view.searcher.terms_with_prefix("eq", prefix, limit=MAX_TEXTS + 1)
        if len(found) > MAX_TEXTS:
            return None
        texts = [term[len(prefix) :] for term, _count in found]
        wanted = [prefix + text for text in texts if text[:1] != DIGEST and fits(text.replace(BLANK, " "))]
        return wanted, [prefix + text for text in texts if text[:1] == DIGEST]

    return view.memory.recall(("texts", path, name), find, lambda found: sum(map(len, found or ())))

"""Translations: one table for Python and for JupyterLab (Jed JSON under ``<language>/LC_MESSAGES``)."""

from __future__ import annotations

import functools
import json
import os
from importlib.resources import files

_DOMAIN = "jupyter_shinecat"


def language() -> str:
    """The reader's language: ``SHINECAT_LANG``, else what the POSIX variables say; ``en`` where we have no table."""
    for name in ("SHINECAT_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh_CN" if value.replace("-", "_").lower().startswith("zh") else "en"
    return "en"


@functools.cache
def _table(lang: str) -> dict[str, str]:
    if lang == "en":
        return {}
    text = files(__package__).joinpath(lang, "LC_MESSAGES", f"{_DOMAIN}.json").read_text(encoding="utf-8")
    return {key: forms[0] for key, forms in json.loads(text).items() if key and forms and forms[0]}


def tr(text: str, /, *, lang: str | None = None, **values: object) -> str:
    """``text`` in the reader's language, with ``{name}`` fields filled from ``values``.

    ``text`` must be a literal: the check of completeness reads it from the source.
    """
    translated = _table(lang or language()).get(text, text)
    return translated.format(**values) if values else translated

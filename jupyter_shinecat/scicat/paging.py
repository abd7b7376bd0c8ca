"""Pages behind a cursor: each costs as much as the first one, however far behind it lies.

Only catalogs with the feature ``cursor-paging`` have them (`Health.features`); a real SciCat skips.
"""

from __future__ import annotations

from dataclasses import replace

import httpx
import msgspec

from . import operations as ops
from .client import CatalogClient, _result
from .errors import no_answer
from .models import Dataset
from .query import Query

FEATURE = "cursor-paging"
_HEADER = "X-Next-Cursor"


def page_behind(catalog: CatalogClient, query: Query, cursor: str) -> tuple[list[Dataset], str]:
    """One page, and the cursor of the next one.

    Parameters
    ----------
    catalog
        With the feature ``cursor-paging``.
    query
        What to find; its ``skip`` is not used.
    cursor
        As the page before gave it; empty for the first page.

    Returns
    -------
    tuple
        The datasets, and the next cursor: empty behind the last page.

    Raises
    ------
    CatalogError
        As `CatalogClient.send`.
    """
    search = ops.search(msgspec.structs.replace(query, skip=0))
    limits = {**query.limits(), "cursor": cursor}
    limits.pop("skip")
    operation = replace(search, path=ops._with("/api/v3/datasets/fullquery", fields=query.fields(), limits=limits))
    try:
        response = catalog._http.request(**catalog._request(operation))
    except (httpx.TransportError, httpx.InvalidURL) as cause:
        raise no_answer(catalog._address(), operation.words, cause) from cause
    return _result(operation, response), response.headers.get(_HEADER, "")

"""Numbers that the index counts from one of its columns, in another unit too."""

from __future__ import annotations

import math
import struct
from itertools import pairwise
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Query

from .bins import Edges
from .quantities import Line, on_line

# More buckets at once the engine refuses.
_BUCKETS = 30_000


class ColumnNumbers:
    """Numbers of the documents that a query finds.

    Parameters
    ----------
    schema, searcher
        The index.
    query
        Finds the documents.
    column
        Where their numbers are.
    line
        Slope (above 0) and offset into the unit in which they count.
    """

    def __init__(
        self, schema: tantivy.Schema, searcher: tantivy.Searcher, query: Query, column: str, line: Line | None = None
    ) -> None:
        self._schema = schema
        self._searcher = searcher
        self._query = query
        self._column = column
        self._line = line

    def span(self) -> tuple[float, float] | None:
        """The least and the greatest number; None when there are none."""
        found = self._ask(self._query, {"stats": {"field": self._column}})
        if not found["count"]:
            return None
        return self._shown(found["min"]), self._shown(found["max"])

    def in_bins(self, edges: Edges) -> list[int]:
        """Documents with a number below the first edge, in each bin, and above the last edge."""
        # The last bin holds its upper edge.
        bounds = [self._first(edge) for edge in (*edges[:-1], math.nextafter(edges[-1], math.inf))]
        counts, asked = [0] * (len(bounds) + 1), []
        for place, (low, high) in enumerate(pairwise([-math.inf, *bounds, math.inf])):
            if low < high:  # else both edges are between two numbers of the other unit
                part = {"from": low} if low > -math.inf else {}
                asked.append((place, {**part, "to": high} if high < math.inf else part))
        found = self._ask(self._query, {"range": {"field": self._column, "ranges": [part for _place, part in asked]}})
        by_start = {bucket.get("from"): int(bucket["doc_count"]) for bucket in found["buckets"]}
        for place, part in asked:
            counts[place] = by_start.get(part.get("from"), 0)
        return counts

    def distinct(self) -> dict[float, int] | None:
        """Documents by number; None where the engine can't tell."""
        found: dict[float, int] = {}
        parts = [(-math.inf, math.inf)]
        while parts:
            low, high = parts.pop()
            terms = {"terms": {"field": self._column, "size": _BUCKETS, "segment_size": _BUCKETS}}
            buckets = self._ask(self._between(low, high), terms)["buckets"]
            # Of documents with several numbers, some may be others than those.
            inside = [bucket for bucket in buckets if low <= float(bucket["key"]) < high]
            if len(buckets) < _BUCKETS:
                for bucket in inside:
                    number = self._shown(bucket["key"])
                    found[number] = found.get(number, 0) + int(bucket["doc_count"])
            elif len(inside) < 2:
                return None
            else:
                middle = sorted(float(bucket["key"]) for bucket in inside)[len(inside) // 2]
                parts += [(low, middle), (middle, high)]
        return found

    def _between(self, low: float, high: float) -> Query:
        parts = [(Occur.Must, self._query)]
        if low > -math.inf:
            parts.append((Occur.Must, Query.range_query(self._schema, self._column, FieldType.Float, low, None)))
        if high < math.inf:
            upper = Query.range_query(self._schema, self._column, FieldType.Float, None, high, True, False)
            parts.append((Occur.Must, upper))
        return Query.boolean_query(parts)

    def _shown(self, number: float) -> float:
        return float(number) if self._line is None else on_line(float(number), self._line)

    def _first(self, edge: float) -> float:
        """The least number that is not below ``edge`` in the unit in which they count."""
        if self._line is None:
            return edge
        low, high = _place(-math.inf), _place(math.inf)
        while low < high:
            middle = (low + high) // 2
            if self._shown(_number(middle)) >= edge:
                high = middle
            else:
                low = middle + 1
        return _number(low)

    def _ask(self, query: Query, what: dict[str, Any]) -> Any:
        found: Any = self._searcher.aggregate(query, {"": what})
        return found[""]


def _place(number: float) -> int:
    """Where a number stands among all of them."""
    bits: int = struct.unpack("<q", struct.pack("<d", number))[0]
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def _number(place: int) -> float:
    bits = place if place >= 0 else (-place | -0x8000_0000_0000_0000)
    number: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return number

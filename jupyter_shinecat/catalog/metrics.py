"""Numbers for Prometheus: requests as they are answered, and the catalog's state when it is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from .search.engine import Engine
from .store.database import KINDS
from .store.store import Store

CONTENT_TYPE = CONTENT_TYPE_LATEST
_BUCKETS_S = (0.002, 0.005, 0.015, 0.06, 0.1, 0.25, 1.0, 5.0, 30.0)


class Metrics:
    """The metrics of one catalog, in a registry of its own.

    Parameters
    ----------
    store, engine, folder
        What the state is read from.
    """

    def __init__(self, store: Store, engine: Engine, folder: Path) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "shinecat_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "shinecat_request_seconds", "Time to answer.", ("route",), buckets=_BUCKETS_S, registry=self._registry
        )
        self.running = Gauge("shinecat_requests_running", "Requests being answered.", registry=self._registry)
        self._registry.register(_State(lambda: _state(store, engine, folder)))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer; ``route`` is the pattern, never a path with its ids."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Everything in Prometheus's text form."""
        return generate_latest(self._registry)


class _State:
    """Read at each scrape."""

    def __init__(self, read: Callable[[], Iterator[Metric]]) -> None:
        self._read = read

    def describe(self) -> list[Metric]:
        return []  # what is read later must not be read at registration

    def collect(self) -> Iterator[Metric]:
        return self._read()


def _state(store: Store, engine: Engine, folder: Path) -> Iterator[Metric]:
    documents = GaugeMetricFamily("shinecat_documents", "Documents by kind.", labels=("kind",))
    view = engine.index.view
    with store.snapshot() as snapshot:
        for kind in KINDS:
            documents.add_metric((kind,), snapshot.count(kind))
        last = snapshot.last_change()
        people = snapshot.accounts()
    yield documents
    accounts = GaugeMetricFamily("shinecat_accounts", "Accounts by state.", labels=("state",))
    disabled = sum(bool(row[6]) for row in people)
    accounts.add_metric(("enabled",), len(people) - disabled)
    accounts.add_metric(("disabled",), disabled)
    yield accounts
    yield GaugeMetricFamily("shinecat_changes", "Number of the last change of anything.", value=last)
    ready = view is not None
    yield GaugeMetricFamily("shinecat_index_ready", "1 while searches use the index.", value=int(ready))
    yield GaugeMetricFamily(
        "shinecat_index_behind",
        "Changes that the index has yet to take in.",
        value=max(0, last - view.change) if view else last,
    )
    yield GaugeMetricFamily(
        "shinecat_disk_free_bytes", "Free space of the data folder's disk.", value=shutil.disk_usage(folder).free
    )

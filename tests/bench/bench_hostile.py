"""What a hostile user costs a second user: the time of reads under attack over their time in peace."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog

READS = 60
ATTACKERS = 6


def _body(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "pid": f"bench/{number}",
        "type": "raw",
        "datasetName": f"run {number} lysozyme 溶菌酶",
        "ownerGroup": "GET",
        "contactEmail": "bench@facility.example",
        "sourceFolder": f"/data/{number}",
        "creationTime": f"2026-01-01T00:00:{number % 60:02}.000Z",
        "scientificMetadata": {f"key {i}": {"value": float(i + number), "unit": "mm"} for i in range(12)},
        **changes,
    }


def _client(catalog: CatalogProcess, who: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {catalog.token(who)}"}
    return httpx.Client(base_url=catalog.url, headers=headers, timeout=300, trust_env=False)


def _post(client: httpx.Client, body: dict[str, Any]) -> None:
    client.post("/api/v4/datasets", json=body)


def _ask(client: httpx.Client, filter: dict[str, Any]) -> None:
    client.get("/api/v3/datasets", params={"filter": json.dumps(filter)})


def _many_keys(client: httpx.Client, number: int) -> None:
    metadata = {f"evil {number} {i}": {"value": i, "unit": "mm"} for i in range(3_000)}
    _post(client, _body(number, pid=f"evil/keys/{number}", ownerGroup="AMO", scientificMetadata=metadata))


def _long_texts(client: httpx.Client, number: int) -> None:
    metadata = {"long": "evil " * 200_000}
    _post(client, _body(number, pid=f"evil/long/{number}", ownerGroup="AMO", scientificMetadata=metadata))


def _expressions(client: httpx.Client, number: int) -> None:
    _ask(client, {"where": {"description": {"$regex": f"(a+a+)+{number}$"}}})


def _large_filters(client: httpx.Client, number: int) -> None:
    _ask(client, {"where": {"$or": [{f"scientificMetadata.k{i}": {"$gt": i + number}} for i in range(100)]}})


def _all(client: httpx.Client, number: int) -> None:
    _ask(client, {"limits": {"limit": 100_000, "order": "contactEmail:asc"}})


ATTACKS: dict[str, Callable[[httpx.Client, int], None]] = {
    "metadata_keys": _many_keys,
    "long_texts": _long_texts,
    "expressions": _expressions,
    "large_filters": _large_filters,
    "everything": _all,
}


def _reads(client: httpx.Client) -> list[float]:
    """Times of a read by PID and of the newest list, in turn, in ms."""
    newest = {"limits": '{"limit": 25, "order": "creationTime:desc"}', "fields": "{}"}
    times = []
    for number in range(READS):
        start = time.perf_counter()
        if number % 2:
            answer = client.get(f"/api/v3/datasets/bench%2F{number}")
        else:
            answer = client.get("/api/v3/datasets/fullquery", params=newest)
        times.append((time.perf_counter() - start) * 1e3)
        if answer.status_code != 200:
            raise RuntimeError(f"a read was refused: {answer.status_code} {answer.text[:200]}")
    return times


def measure() -> Iterator[dict[str, Any]]:
    """For each attack, six connections of one user at it: a second user's reads beside those before it."""
    with running_catalog() as catalog, _client(catalog, "zhangxf") as reader:
        for number in range(1_000):
            _post(reader, _body(number))
        _reads(reader)  # warm
        for name, attack in ATTACKS.items():
            peace = statistics.median(_reads(reader))
            over, begun = threading.Event(), threading.Barrier(ATTACKERS + 1)

            def work(worker: int, attack: Callable[..., None] = attack, over: Any = over, begun: Any = begun) -> None:
                with _client(catalog, "wangxch") as client:
                    begun.wait()
                    number = 0
                    while not over.is_set():
                        attack(client, worker * 100_000 + number)
                        number += 1

            workers = [threading.Thread(target=work, args=(worker,)) for worker in range(ATTACKERS)]
            for worker in workers:
                worker.start()
            begun.wait()
            try:
                times = sorted(_reads(reader))
            finally:
                over.set()
                for worker in workers:
                    worker.join()
            yield {
                "name": f"hostile_{name}_ratio",
                "value": round(statistics.median(times) / peace, 2),
                "unit": "times",
                "goal": None,
                "against": f"{peace:.1f} ms in peace; under attack p50 {statistics.median(times):.1f} ms, "
                f"p95 {times[int(len(times) * 0.95)]:.0f} ms, slowest {times[-1]:.0f} ms, same run",
            }

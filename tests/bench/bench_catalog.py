"""A million datasets on one machine: the figures of issue 3 C, through REST, beside plain SQL in the same run.

``SHINECAT_BENCH_SIZES=10000,100000`` chooses how many datasets; databases stay in ``build/bench-data`` and are used
again. The index of a million is built anew only when it is missing or ``SHINECAT_BENCH_REBUILD=1``; else the time of
its last building counts.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import scale_data
from scale_client import Connection, by_pid, query
from scale_sql import PlainSql, inserts_per_s

from jupyter_shinecat.catalog.store.store import Store
from jupyter_shinecat.testing.catalog import CatalogProcess

DATA = Path(__file__).parents[2] / "build" / "bench-data"
ACCOUNTS = {"user": scale_data.USER_GROUPS, "admin": ("admin",), "writer": ("g00", "g03")}
FACETS = ["type", "ownerGroup", "keywords", "creationLocation", "proposalIds", "instrumentIds"]
PAGE = {"limit": 25, "order": "creationTime:desc"}
FULL = 1_000_000
_CREATES, _UPDATES_PER_S = 1600, 50


def sizes() -> list[int]:
    """How many datasets to measure with."""
    return [int(size) for size in os.environ.get("SHINECAT_BENCH_SIZES", "10000,100000,1000000").split(",")]


def measure() -> Iterator[dict[str, Any]]:
    """All figures at all sizes."""
    for size in sizes():
        folder = DATA / str(size)
        folder.mkdir(parents=True, exist_ok=True)
        scale_data.load(folder, size)
        suffix = "" if size == FULL else f"_{size // 1000}k"
        for figure in Scale(folder, size).figures():
            yield {**figure, "name": figure["name"] + suffix}
        forget(folder)


def forget(folder: Path) -> None:
    """Take away what the figures created."""
    store = Store(folder)
    try:
        with store.snapshot() as snapshot:
            made = [row.id for row in snapshot.changes("dataset", 0) if row.id.startswith("made/")]
        store.change(lambda tx: [tx.delete("dataset", pid) for pid in made])
    finally:
        store.close()


class Scale:
    """Figures of one database.

    Parameters
    ----------
    folder, size
        The catalog's data and how many datasets it has.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._size = size
        self._catalog = CatalogProcess(folder, accounts=ACCOUNTS, timeout_s=1200)
        self._rng = random.Random(size)

    def figures(self) -> Iterator[dict[str, Any]]:
        """Building, starting, searching, reading, writing, starting after a crash."""
        yield self._rebuilt()
        try:
            self._ready()
            self._catalog.stop()
            self._warm()
            yield _figure("start_clean_s", self._ready(), "s", 3, "until the index answers, after a clean stop")
            yield from self._searches()
            yield from self._reads()
            yield from self._under_write()
            yield from self._creates()
            yield _figure("private_memory_mb", _anonymous_mb(self._catalog.pid), "MB", 500, "after all of the above")
            self._catalog.kill()
            yield _figure("start_killed_s", self._ready(), "s", 10, "until the index answers, after kill -9")
        finally:
            self._catalog.stop()

    def _warm(self) -> None:
        """Have the system keep the files in memory, as where a server has run for a while."""
        for file in (self._folder / "catalog.sqlite", *(self._folder / "index").iterdir()):
            with file.open("rb", buffering=0) as data:
                while data.read(1 << 20):
                    pass

    def _connect(self, who: str) -> Connection:
        return Connection(self._catalog.url, self._catalog.token(who))

    def _cpu_ms(self, before: float = 0.0) -> float:
        """Processor time of the server: unlike the figures, it hardly depends on what else the machine does."""
        return sum(self._cpu_ticks()[:2]) * 1000 / os.sysconf("SC_CLK_TCK") - before

    def _cpu_ticks(self) -> list[int]:
        """Of the server, as user and as system, then the same of processes that it started and that have ended."""
        fields = Path(f"/proc/{self._catalog.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return [int(field) for field in fields[11:15]]

    def _ready(self) -> float:
        """Start; seconds until searches use the index."""
        start = time.perf_counter()
        self._catalog.start()
        connection = Connection(self._catalog.url, "")
        while json.loads(connection.ask("GET", "/api/v3/health")[1])["details"]["search"]["index"] != "ready":
            time.sleep(0.02)
        connection.close()
        return time.perf_counter() - start

    def _rebuilt(self) -> dict[str, Any]:
        known = self._folder / "bench-rebuild.json"
        again = not (self._folder / "index").exists() or self._size < FULL or os.environ.get("SHINECAT_BENCH_REBUILD")
        if again or not known.exists():
            shutil.rmtree(self._folder / "index", ignore_errors=True)
            seconds, cpu_s = self._ready(), sum(self._cpu_ticks()) / os.sysconf("SC_CLK_TCK")
            self._catalog.stop()
            size = sum(file.stat().st_size for file in (self._folder / "index").iterdir()) / 1e6
            told = {"seconds": seconds, "cpu_s": cpu_s, "megabytes": size, "when": time.strftime("%F %H:%M")}
            known.write_text(json.dumps(told))
        told = json.loads(known.read_text())
        cpu = f", {told['cpu_s']:.0f} s of CPU" if "cpu_s" in told else ""
        against = f"{self._size} datasets, {told['megabytes']:.0f} MB of index, built {told['when']}{cpu}"
        return _figure("index_rebuild_s", told["seconds"], "s", 300, against)

    # -- reading --

    def _fields(self) -> dict[str, Any]:
        rng = self._rng
        year = rng.randint(2016, 2022)
        return {
            "text": rng.choice(rng.choice(scale_data.TECHNIQUES)),
            "type": ["raw"],
            "keywords": [rng.choice(scale_data.KEYWORDS)],
            "creationTime": {"begin": f"{year}-01-01T00:00:00.000Z", "end": f"{year + 3}-01-01T00:00:00.000Z"},
            "scientific": [
                {"lhs": "photon energy", "relation": "GREATER_THAN", "rhs": rng.randint(5, 12), "unit": "keV"}
            ],
        }

    @staticmethod
    def _search(connection: Connection, fields: dict[str, Any]) -> tuple[float, int]:
        """Milliseconds of fullquery and fullfacet together, and the number of hits."""
        page, rows = connection.timed(query("/fullquery", fields=fields, limits=PAGE))
        counts, told = connection.timed(query("/fullfacet", fields=fields, facets=FACETS))
        total = int(told[0]["all"][0]["totalSets"])
        if len(rows) != min(25, total):
            raise RuntimeError(f"{len(rows)} rows, but {total} hits")
        return page + counts, total

    def _searches(self) -> Iterator[dict[str, Any]]:
        sql = PlainSql(self._folder)
        asked = [self._fields() for _ in range(200)]
        with self._connect("user") as user, self._connect("admin") as admin:
            for connection in (user, admin):
                for _ in range(20):
                    self._search(connection, self._fields())  # warm
            for name, connection, groups, goals in (
                ("user", user, scale_data.USER_GROUPS, (15, 60)), ("admin", admin, None, (60, None)),
            ):  # fmt: skip
                before = self._cpu_ms()
                found = [self._search(connection, fields) for fields in asked]
                cpu = self._cpu_ms(before) / len(asked)
                times = [took for took, _total in found]
                hits = statistics.median(total for _took, total in found)
                page, counts = sql.search(asked[0], groups)
                against = (
                    f"plain SQL: the page {page:.0f} ms, each facet {counts:.0f} ms; fullquery of 25 and fullfacet "
                    f"of 6 facets one after the other, {hits:.0f} hits in the median, {cpu:.1f} ms of the server's CPU"
                )
                yield _figure(f"search_{name}_p50_ms", statistics.median(times), "ms", goals[0], against)
                yield _figure(f"search_{name}_p99_ms", _p99(times), "ms", goals[1], against)
            repeated = [self._search(admin, fields)[0] for fields in asked[-50:] for _ in range(2)][1::2]
            yield _figure(
                "search_admin_repeated_p50_ms", statistics.median(repeated), "ms", 10, "the same, asked again"
            )
            broad = [{"text": word} for pair in scale_data.TECHNIQUES for word in pair]
            found = [self._search(admin, fields) for fields in broad]
            against = f"one text, {statistics.median(total for _took, total in found):.0f} hits in the median"
            yield _figure(
                "search_admin_broad_p50_ms", statistics.median(took for took, _ in found), "ms", None, against
            )
        sql.close()

    def _reads(self) -> Iterator[dict[str, Any]]:
        sql = PlainSql(self._folder)
        with self._connect("user") as user, self._connect("admin") as admin:
            newest = query("/fullquery", fields={}, limits=PAGE)
            before = self._cpu_ms()
            times = [user.timed(newest)[0] for _ in range(220)]
            cpu = f"{self._cpu_ms(before) / len(times):.1f} ms of the server's CPU"
            against = f"25 rows, {cpu}; plain SQL {sql.newest(scale_data.USER_GROUPS):.0f} ms"
            yield _figure("newest_p50_ms", statistics.median(times), "ms", 4, against)
            pids = [f"scale/{self._rng.randrange(self._size):08}" for _ in range(520)]
            before = self._cpu_ms()
            times = [admin.timed(by_pid(pid))[0] for pid in pids]
            cpu = f"{self._cpu_ms(before) / len(times):.1f} ms of the server's CPU"
            plain = statistics.median(sql.get(pid) for pid in pids)
            yield _figure(
                "get_p50_ms", statistics.median(times), "ms", 2, f"{cpu}; plain SQL without HTTP {plain:.3f} ms"
            )
        sql.close()

    # -- writing --

    def _under_write(self) -> Iterator[dict[str, Any]]:
        over, written = threading.Event(), [0]

        def update() -> None:
            with self._connect("admin") as connection:
                begun = time.perf_counter()
                while not over.is_set():
                    pid = f"scale/{random.randrange(self._size):08}"
                    body = json.dumps({"comment": f"seen {written[0]}"}).encode()
                    status, answer = connection.ask("PATCH", by_pid(pid), body)
                    if status != 200:
                        raise RuntimeError(f"update: {status} {answer[:200]!r}")
                    written[0] += 1
                    over.wait(max(0.0, begun + written[0] / _UPDATES_PER_S - time.perf_counter()))

        worker = threading.Thread(target=update)
        worker.start()
        times: dict[str, list[float]] = {"fullquery": [], "fullfacet": [], "newest": [], "get": []}
        try:
            with self._connect("user") as user, self._connect("admin") as admin:
                begun = time.perf_counter()
                while len(times["get"]) < 250 or time.perf_counter() - begun < 10:
                    fields = self._fields()
                    times["fullquery"].append(user.timed(query("/fullquery", fields=fields, limits=PAGE))[0])
                    times["fullfacet"].append(user.timed(query("/fullfacet", fields=fields, facets=FACETS))[0])
                    times["newest"].append(user.timed(query("/fullquery", fields={}, limits=PAGE))[0])
                    times["get"].append(admin.timed(by_pid(f"scale/{self._rng.randrange(self._size):08}"))[0])
                rate = written[0] / (time.perf_counter() - begun)
        finally:
            over.set()
            worker.join()
        told = ", ".join(
            f"{name} p50 {statistics.median(some):.1f} p99 {_p99(some):.0f}" for name, some in times.items()
        )
        every = [took for some in times.values() for took in some]
        yield _figure("read_under_write_p99_ms", _p99(every), "ms", 100, f"{rate:.0f} updates/s; {told}")

    def _creates(self) -> Iterator[dict[str, Any]]:
        """Durable creates through eight connections."""
        mark = time.time_ns()
        bodies = []
        for number in range(_CREATES):
            body = {**scale_data.body(number), "pid": f"made/{mark}/{number}", "ownerGroup": "g00"}
            bodies.append(json.dumps(body, ensure_ascii=False).encode())
        begun = threading.Barrier(9)

        def create(part: int) -> None:
            with self._connect("writer") as connection:
                begun.wait()
                for body in bodies[part::8]:
                    status, answer = connection.ask("POST", "/api/v4/datasets", body)
                    if status != 201:
                        raise RuntimeError(f"create: {status} {answer[:200]!r}")

        workers = [threading.Thread(target=create, args=(part,)) for part in range(8)]
        for worker in workers:
            worker.start()
        begun.wait()
        start, before = time.perf_counter(), self._cpu_ms()
        for worker in workers:
            worker.join()
        took = time.perf_counter() - start
        plain = f"{inserts_per_s(self._folder):.0f}/s by plain SQL with an fsync each"
        cpu = f"{self._cpu_ms(before) / _CREATES:.1f} ms of the server's CPU each"
        against = f"{_CREATES} datasets of {len(bodies[0])} bytes, 8 connections; {cpu}; {plain}"
        yield {**_figure("create_per_s", _CREATES / took, "1/s", 400, against), "more_is_better": True}


def _figure(name: str, value: float, unit: str, goal: float | None, against: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "unit": unit, "goal": goal, "against": against}


def _p99(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(0.99 * len(times)))]


def _anonymous_mb(pid: int) -> float:
    """Memory that is the process's own: not the mapped files of the index, which the system takes back when it must."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell")

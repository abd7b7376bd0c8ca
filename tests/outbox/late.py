"""A catalog behind a bad line: the first request of each kind that adds something is cut off, and stored too late."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class _Line(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    line: BadLine

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self._adds(body)
        request = (self.path, body, {n: self.headers[n] for n in ("Authorization", "Content-Type") if self.headers[n]})
        line = self.line
        if kind and kind not in line.held and kind not in line.twice:
            line.held[kind] = request
            self.close_connection = True
            return
        answer = line.http.request(self.command, line.target + self.path, content=body, headers=request[2])
        if kind in line.held and not line.until_told:  # after the second request has been stored, the first one comes
            line.deliver(kind)
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _any  # noqa: N815 - so the base class wants it

    def _adds(self, body: bytes) -> str:
        path = self.path.partition("?")[0].rstrip("/")
        kind = path.rpartition("/")[2].lower()
        if self.command != "POST" or kind not in ("datasets", "origdatablocks", "attachments"):
            return ""
        return "" if kind == "datasets" and "pid" in json.loads(body) else kind

    def log_message(self, format: str, *args: object) -> None:
        return


class BadLine:
    """The line: its address, the requests it holds back, and the kinds that came through twice."""

    def __init__(self, target: str, http: httpx.Client, *, until_told: bool) -> None:
        self.target, self.http, self.until_told = target, http, until_told
        self.url = ""
        self.held: dict[str, tuple[str, bytes, dict[str, str]]] = {}
        self.twice: set[str] = set()

    def deliver(self, kind: str) -> None:
        """Let the request of this kind come through."""
        path, late, headers = self.held.pop(kind)
        self.http.post(self.target + path, content=late, headers=headers).raise_for_status()
        self.twice.add(kind)


@contextmanager
def bad_line(url: str, *, until_told: bool = False) -> Iterator[BadLine]:
    """A bad line to the catalog at ``url``."""
    with httpx.Client(timeout=30, trust_env=False) as http:
        line = BadLine(url, http, until_told=until_told)
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Line", (_Line,), {"line": line}))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            line.url = f"http://127.0.0.1:{server.server_address[1]}"
            yield line
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)

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
    target = ""
    held: dict[str, tuple[str, bytes, dict[str, str]]]
    over: set[str]
    http: httpx.Client

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self._adds(body)
        request = (self.path, body, {n: self.headers[n] for n in ("Authorization", "Content-Type") if self.headers[n]})
        if kind and kind not in self.held and kind not in self.over:
            self.held[kind] = request
            self.close_connection = True
            return
        answer = self.http.request(self.command, self.target + self.path, content=body, headers=request[2])
        if kind in self.held:  # after the second request has been stored, the first one comes through
            path, late, headers = self.held.pop(kind)
            self.http.post(self.target + path, content=late, headers=headers)
            self.over.add(kind)
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


@contextmanager
def bad_line(url: str) -> Iterator[tuple[str, set[str]]]:
    """Address of a bad line to the catalog at ``url``, and the kinds of requests that came through twice."""
    over: set[str] = set()
    with httpx.Client(timeout=30, trust_env=False) as http:
        members = {"target": url, "held": {}, "over": over, "http": http}
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Line", (_Line,), members))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", over
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)

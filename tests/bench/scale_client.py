"""The thinnest client that keeps a connection: what is measured is the server."""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import quote, urlencode


class Connection:
    """One kept-alive connection of one person.

    Parameters
    ----------
    url, token
        The server's address and the person's token.
    """

    def __init__(self, url: str, token: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=600)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: {host}\r\nAuthorization: Bearer {token}\r\n".encode()

    def close(self) -> None:
        """Let the connection go."""
        self._socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of one request."""
        head = f"{method} {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._socket.sendall(head.encode() + self._head + b"\r\n" + body)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        status, fields = int(data[9:12]), data[:end].lower()
        length = int(fields.split(b"content-length:")[1].split(b"\r\n")[0])
        parts, there = [data[end + 4 :]], len(data) - end - 4
        while there < length:
            parts.append(self._more())
            there += len(parts[-1])
        return status, b"".join(parts)

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data

    def timed(self, path: str) -> tuple[float, Any]:
        """Milliseconds of a GET, and its JSON; raises on any other answer than 200."""
        start = time.perf_counter()
        status, body = self.ask("GET", path)
        took = (time.perf_counter() - start) * 1e3
        if status != 200:
            raise RuntimeError(f"{path[:200]}: {status} {body[:300]!r}")
        return took, json.loads(body)


def query(route: str, **parameters: Any) -> str:
    """The path of a request with JSON parameters."""
    encoded = {name: json.dumps(value, ensure_ascii=False) for name, value in parameters.items()}
    return f"/api/v3/datasets{route}?{urlencode(encoded)}"


def by_pid(pid: str) -> str:
    """The path of a dataset."""
    return f"/api/v3/datasets/{quote(pid, safe='')}"

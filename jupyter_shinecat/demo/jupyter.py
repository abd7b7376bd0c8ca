"""A Jupyter server as a page uses it: its REST routes, and a kernel over its websocket."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jupyter_shinecat.locale import tr

from .errors import DemoError


class JupyterSession:
    """One person's Jupyter server.

    Parameters
    ----------
    http
        Client whose cookies or headers open the server; its ``base_url`` is the address before ``base``.
    base
        The server's base URL: ``/`` or ``/user/<name>/``.
    """

    def __init__(self, http: httpx.Client, base: str = "/") -> None:
        self._http = http
        self.base = base
        self._kernel: str | None = None

    def xsrf(self, path: str) -> str:
        """The XSRF token that the server behind ``path`` gave us."""
        for cookie in self._http.cookies.jar:
            if cookie.name == "_xsrf" and cookie.path == path:
                return str(cookie.value)
        return ""

    def get(self, path: str) -> httpx.Response:
        """GET ``path``, with its query, below the server."""
        return self._http.get(self.base + path)

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """POST below the server, with its XSRF token as a page sends it."""
        return self._http.post(self.base + path, json=body, headers=self._headers())

    def delete(self, path: str) -> httpx.Response:
        """DELETE below the server."""
        return self._http.delete(self.base + path, headers=self._headers())

    def start_kernel(self) -> None:
        """Start a Python kernel for a notebook of this person."""
        body = {"path": "circle.ipynb", "name": "circle.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
        answer = self.post("api/sessions", body)
        if answer.status_code != 201:
            raise DemoError(tr("start a kernel"), tr("the server answered {status}", status=answer.status_code))
        self._kernel = str(answer.json()["kernel"]["id"])

    def _headers(self) -> dict[str, str]:
        return {"X-XSRFToken": self.xsrf(self.base)}

    def end_kernel(self) -> None:
        """End the kernel; the next cell starts another."""
        if self._kernel is not None:
            self.delete(f"api/kernels/{self._kernel}")
            self._kernel = None

    def run(self, code: str, timeout_s: float = 120) -> str:
        """Run one cell and give what it printed.

        Raises
        ------
        DemoError
            The cell raised; the reason is its last line.
        """
        if self._kernel is None:
            self.start_kernel()
        return asyncio.run(asyncio.wait_for(self._run(code), timeout_s))

    async def _run(self, code: str) -> str:
        path = f"{self.base}api/kernels/{self._kernel}/channels"
        address = str(self._http.base_url.join(path)).replace("http", "ws", 1)
        headers = {
            "Cookie": "; ".join(f"{c.name}={c.value}" for c in self._http.cookies.jar if path.startswith(c.path))
        }
        if authorization := self._http.headers.get("Authorization"):
            headers["Authorization"] = authorization
        socket = await websocket_connect(HTTPRequest(address, headers=headers))
        msg_id = uuid.uuid4().hex
        message = {
            "header": {
                "msg_id": msg_id,
                "msg_type": "execute_request",
                "username": "shinecat",
                "session": uuid.uuid4().hex,
                "version": "5.3",
            },
            "parent_header": {},
            "metadata": {"cellId": uuid.uuid4().hex[:8]},
            "content": {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": True,
            },
            "buffers": [],
            "channel": "shell",
        }
        try:
            await socket.write_message(json.dumps(message))
            return await self._collect(socket, msg_id)
        finally:
            socket.close()

    async def _collect(self, socket: WebSocketClientConnection, msg_id: str) -> str:
        printed: list[str] = []
        replied = idle = False
        while not (replied and idle):
            raw = await socket.read_message()
            if raw is None:
                raise DemoError(tr("run a cell"), tr("the kernel's connection closed"))
            answer = json.loads(raw)
            if answer.get("parent_header", {}).get("msg_id") != msg_id:
                continue
            kind, content = answer["header"]["msg_type"], answer["content"]
            if kind == "stream":
                printed.append(content["text"])
            elif kind == "error":
                raise DemoError(tr("run a cell"), f"{content['ename']}: {content['evalue']}")
            elif kind == "execute_reply":
                replied = True
            elif kind == "status":
                idle = content["execution_state"] == "idle"
        return "".join(printed)

"""One person's way in, as a browser goes it: sign in at the hub, own server, kernel over its websocket."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from typing import Any

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Secret

from .errors import DemoError


class HubSession:
    """Signed in at the hub as one person.

    Parameters
    ----------
    hub_url
        Address of the hub's proxy.
    username, password
        Account at the catalog.
    """

    def __init__(self, hub_url: str, username: str, password: Secret) -> None:
        self.hub_url = hub_url
        self.username = username
        self._password = password
        self._http = httpx.Client(base_url=hub_url, follow_redirects=True, timeout=30, trust_env=False)
        self._kernel: str | None = None

    def close(self) -> None:
        """Forget cookies and connections."""
        self._http.close()

    def sign_in(self) -> str:
        """Fill in the hub's login form; who is signed in then."""
        self._http.get("/hub/login")
        form = {"username": self.username, "password": self._password.reveal()}
        answer = self._http.post("/hub/login", params={"_xsrf": self._xsrf("/hub/")}, data=form)
        if answer.status_code >= 400 or answer.url.path.startswith("/hub/login"):
            said = re.search(r'class="[^"]*login_error[^"]*"[^>]*>\s*([^<]+)', answer.text)
            reason = said[1].strip() if said else tr("the hub answered {status}", status=answer.status_code)
            raise DemoError(tr("sign in as {name}", name=self.username), reason)
        return self.username

    def _xsrf(self, path: str) -> str:
        for cookie in self._http.cookies.jar:
            if cookie.name == "_xsrf" and cookie.path == path:
                return str(cookie.value)
        return ""

    def start_server(self, timeout_s: float = 120) -> str:
        """Start the person's own server and wait until it answers; its address."""
        step = tr("start the server of {name}", name=self.username)
        self._http.get(f"/hub/spawn/{self.username}")
        deadline = time.monotonic() + timeout_s
        while True:
            # The first request walks the hub's OAuth round and leaves the server's own cookie with us.
            answer = self._http.get(f"/user/{self.username}/api/status")
            if answer.status_code == 200 and answer.headers.get("content-type", "").startswith("application/json"):
                self._http.get(f"/user/{self.username}/tree")
                return f"{self.hub_url}/user/{self.username}/"
            if time.monotonic() > deadline:
                raise DemoError(step, tr("it did not answer within {seconds:.0f} s", seconds=timeout_s))
            time.sleep(0.3)

    def get(self, path: str) -> httpx.Response:
        """GET ``path``, with its query, below the person's own server."""
        return self._http.get(f"/user/{self.username}/{path}")

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """POST below the person's own server, with its XSRF token as a page sends it."""
        xsrf = self._xsrf(f"/user/{self.username}/")
        return self._http.post(f"/user/{self.username}/{path}", json=body, headers={"X-XSRFToken": xsrf})

    def delete(self, path: str) -> httpx.Response:
        """DELETE below the person's own server."""
        xsrf = self._xsrf(f"/user/{self.username}/")
        return self._http.delete(f"/user/{self.username}/{path}", headers={"X-XSRFToken": xsrf})

    def start_kernel(self) -> None:
        """Start a Python kernel for a notebook of this person."""
        body = {"path": "circle.ipynb", "name": "circle.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
        answer = self.post("api/sessions", body)
        if answer.status_code != 201:
            raise DemoError(tr("start a kernel"), tr("the server answered {status}", status=answer.status_code))
        self._kernel = str(answer.json()["kernel"]["id"])

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
        url = f"{self.hub_url.replace('http', 'ws', 1)}/user/{self.username}/api/kernels/{self._kernel}/channels"
        cookies = "; ".join(f"{c.name}={c.value}" for c in self._http.cookies.jar if url_path_matches(url, c.path))
        socket = await websocket_connect(HTTPRequest(url, headers={"Cookie": cookies}))
        message = {
            "header": {
                "msg_id": uuid.uuid4().hex,
                "msg_type": "execute_request",
                "username": self.username,
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
            return await self._collect(socket, message["header"]["msg_id"])  # type: ignore[index]
        finally:
            socket.close()

    async def _collect(self, socket: Any, msg_id: str) -> str:
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


def url_path_matches(url: str, cookie_path: str) -> bool:
    """Whether a cookie of this path belongs to this address."""
    return httpx.URL(url).path.startswith(cookie_path)

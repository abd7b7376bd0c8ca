"""One person's way in, as a browser goes it: sign in at the hub, then the own server."""

from __future__ import annotations

import re
import time

import httpx

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Secret

from .errors import DemoError
from .jupyter import JupyterSession


class HubSession(JupyterSession):
    """Signed in at the hub as one person.

    Parameters
    ----------
    hub_url
        Address of the hub's proxy.
    username, password
        Account at the catalog.
    """

    def __init__(self, hub_url: str, username: str, password: Secret) -> None:
        http = httpx.Client(base_url=hub_url, follow_redirects=True, timeout=30, trust_env=False)
        super().__init__(http, f"/user/{username}/")
        self.hub_url = hub_url
        self.username = username
        self._password = password

    def close(self) -> None:
        """Forget cookies and connections."""
        self._http.close()

    def sign_in(self) -> str:
        """Fill in the hub's login form; who is signed in then."""
        self._http.get("/hub/login")
        form = {"username": self.username, "password": self._password.reveal()}
        answer = self._http.post("/hub/login", params={"_xsrf": self.xsrf("/hub/")}, data=form)
        if answer.status_code >= 400 or answer.url.path.startswith("/hub/login"):
            said = re.search(r'class="[^"]*login_error[^"]*"[^>]*>\s*([^<]+)', answer.text)
            reason = said[1].strip() if said else tr("the hub answered {status}", status=answer.status_code)
            raise DemoError(tr("sign in as {name}", name=self.username), reason)
        return self.username

    def start_server(self, timeout_s: float = 120) -> str:
        """Start the person's own server and wait until it answers; its address."""
        step = tr("start the server of {name}", name=self.username)
        self._http.get(f"/hub/spawn/{self.username}")
        deadline = time.monotonic() + timeout_s
        while True:
            # A page walks the hub's OAuth round, which leaves the server's cookie with us; its API only says 403.
            if self.get("lab").url.path.startswith(self.base):
                answer = self.get("api/status")
                if answer.status_code == 200 and answer.headers.get("content-type", "").startswith("application/json"):
                    return self.hub_url + self.base
            if time.monotonic() > deadline:
                raise DemoError(step, tr("it did not answer within {seconds:.0f} s", seconds=timeout_s))
            time.sleep(0.3)

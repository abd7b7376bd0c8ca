"""The managers of one user's server, made and ended together."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.scicat import QueryError, Secret, parse_query

from .answers import Answer, refusal
from .capabilities import Pass
from .channel import TcpChannel
from .derived import DerivedSpool
from .environment import without_secrets
from .files import FilesProxy
from .http import HttpClient
from .local import LocalSession, OneUserCatalog
from .outbox import OutboxManager, OutboxProcess
from .places import Places
from .proxy import CatalogProxy
from .sessions import HubSession, Session, TokenSession
from .settings import SettingsTraits
from .sockets import KernelSocket
from .status import StatusManager


class Services:
    """Everything our routes call.

    Parameters
    ----------
    settings
        This server's settings.
    tell
        Gets each change of an entry of the outbox.
    log
        The server's log.
    token
        From ``SHINECAT_TOKEN``, when there is one.
    """

    def __init__(
        self,
        settings: SettingsTraits,
        tell: Callable[[dict[str, Any]], None],
        log: logging.Logger,
        *,
        token: Secret | None = None,
    ) -> None:
        self.settings = settings
        self._log = log
        self._tell = tell
        self._http = HttpClient()
        self.session = self._make_session(token)
        self.outbox = OutboxManager(settings.state)
        self.derived = DerivedSpool(settings.state / "spool", settings.write_back)
        self.proxy = CatalogProxy(
            self.session,
            self._http,
            timeout_s=settings.catalog_timeout_s,
            max_request_mb=settings.max_request_mb,
            max_answer_mb=settings.max_answer_mb,
        )
        self.files = FilesProxy(settings.files_url, self.session, self._http)
        self.places = Places(self.proxy, settings.path_maps, elsewhere=bool(settings.files_url))
        self.status = StatusManager(settings, self.session, self.outbox, self._http)
        self.socket = KernelSocket(self, max_request_mb=settings.max_request_mb)
        self.channel = TcpChannel(self, max_request_mb=settings.max_request_mb)
        self.outbox_process: OutboxProcess | None = None
        self._replaced: dict[str, str | None] = {}

    def _make_session(self, token: Secret | None) -> Session:
        url = self.settings.catalog_root
        hub_url, hub_token = os.environ.get("JUPYTERHUB_API_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
        if not url:
            return LocalSession(OneUserCatalog(self.settings.state / "catalog", self._log), self._log)
        if hub_url and hub_token:
            return HubSession(url, hub_url, Secret(hub_token), self._http, self._log)
        return TokenSession(url, token)

    async def start(self) -> None:
        """Listen on the socket, sign in, run the outbox."""
        shared = self.settings.shared_environment()
        try:
            if self.settings.kernel_channel == "tcp":
                shared["SHINECAT_SOCKET"] = str(self.channel.write(self._passes).path)
            else:
                shared["SHINECAT_SOCKET"] = str(self.socket.start())
        except (ShineCatError, OSError) as error:
            self._log.error("Kernels can't reach the catalog: %s", error)
        self._publish(shared)
        await self.session.start()
        try:
            self.settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            self._log.error(
                "Results can't be recorded: the folder %s can't be made (%s). Free space, or set SHINECAT_STATE to "
                "another folder, and start the server again.",
                self.settings.state,
                error.strerror,
            )
            return
        if self.settings.run_outbox and "SHINECAT_SOCKET" in shared:
            environ = {**without_secrets(os.environ), **shared, "PYTHONUNBUFFERED": "1"}
            self.outbox_process = OutboxProcess(environ, self._tell, self._log)
            self.outbox_process.start()

    @property
    def _passes(self) -> Path:
        return self.settings.state / "run"

    def kernel_pass(self) -> Pass | None:
        """A capability for a kernel that is about to start; None where kernels use the socket."""
        if self.settings.kernel_channel != "tcp" or not self._replaced:
            return None
        try:
            return self.channel.write(self._passes)
        except OSError as error:
            self._log.error("A kernel can't reach the catalog: %s", error)
            return None

    async def stop(self) -> None:
        """End all of it; the outbox first, while it still reaches the catalog."""
        if self.outbox_process is not None:
            await self.outbox_process.stop()
            self.outbox_process = None
        await self.channel.stop()
        await self.socket.stop()
        await self.session.stop()
        await self._http.close()
        self._unpublish()

    def _publish(self, shared: dict[str, str]) -> None:
        """Put what kernels and terminals need into our own environment, which they inherit."""
        for name, value in shared.items():
            self._replaced[name] = os.environ.get(name)
            os.environ[name] = value

    def _unpublish(self) -> None:
        for name, value in self._replaced.items():
            if value is None:
                with contextlib.suppress(KeyError):
                    del os.environ[name]
            else:
                os.environ[name] = value
        self._replaced.clear()

    async def parse(self, text: str) -> Answer:
        """The query model of ``text``, or 400 with ``position`` (0-based)."""
        try:
            query = parse_query(text)
            features = await self.status.features() if query.conditions else None
            if features is not None:
                query.check(features)
        except QueryError as error:
            answer = refusal(400, error, error="query")
            body = {**json.loads(answer.body), "position": error.position}
            return Answer(400, json.dumps(body, ensure_ascii=False).encode("utf-8"))
        model = {"query": msgspec.to_builtins(query), "fields": query.fields(), "limits": query.limits()}
        return Answer(200, json.dumps(model, ensure_ascii=False).encode("utf-8"))

"""The Jupyter server extension: settings, routes, start and end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Instance

from jupyter_shinecat.scicat import Secret

from .environment import guard_kernels, guard_terminals
from .events import OutboxEvents
from .handlers import jupyter_routes
from .services import Services
from .settings import SettingsTraits


class ShineCat(SettingsTraits, ExtensionApp):
    """SciCat in this user's server. Settings: ``c.ShineCat.*``."""

    name = "jupyter_shinecat"
    extension_url = "/lab"
    load_other_extensions = True

    services = Instance(Services, allow_none=True)
    _interrupt_taken = False

    def initialize_handlers(self) -> None:
        """Make the managers and our routes."""
        assert self.serverapp is not None
        # Out of the environment before anything can inherit it.
        given = os.environ.pop("SHINECAT_TOKEN", "").strip()
        events = OutboxEvents(self.serverapp.event_logger, self.log)
        self.services = Services(self, events.tell, self.log, token=Secret(given) if given else None)
        self.handlers.extend(jupyter_routes(self.services))
        guard_kernels(self.serverapp.kernel_manager, drop_hub=self.drop_hub_token, pass_for=self.services.kernel_pass)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Start what runs beside the routes, once the event loop runs."""
        terminals = serverapp.web_app.settings.get("terminal_manager")
        if terminals is not None:
            guard_terminals(terminals, drop_hub=self.drop_hub_token)
        self._end_in_order_on_interrupt(serverapp)
        if self.services is not None:
            await self.services.start()

    def _end_in_order_on_interrupt(self, serverapp: Any) -> None:
        """Let SIGINT stop the server as SIGTERM does, where Jupyter would only break off.

        Without a terminal, as under JupyterHub's local spawners, Jupyter leaves Python's own handler, and the server
        ends without calling `stop_extension`: a result in the middle of its step, a catalog that nobody ends.
        """
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
            and not (sys.stdin and sys.stdin.isatty())
        ):
            signal.signal(signal.SIGINT, serverapp._signal_stop)
            self._interrupt_taken = True

    async def stop_extension(self) -> None:
        """End what `_start_jupyter_server_extension` started."""
        if self._interrupt_taken:
            self._interrupt_taken = False
            signal.signal(signal.SIGINT, signal.default_int_handler)
        services, self.services = self.services, None
        if services is not None:
            await services.stop()

"""Environments of the processes we or Jupyter start: what they must know, and without the hub's secrets."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_core.utils import ensure_async

from .capabilities import Pass

# The hub's API token opens the user's own server with everything in it, so it is not for every program in a kernel.
# The proxy's token and the hub's key are never given to a user server on purpose, but some set-ups leak them.
SECRETS = (
    "JUPYTERHUB_API_TOKEN",
    "JPY_API_TOKEN",
    "JUPYTERHUB_CRYPT_KEY",
    "CONFIGPROXY_AUTH_TOKEN",
    "JUPYTERHUB_COOKIE_SECRET",
    "OAUTH_CLIENT_SECRET",
)
# Never needed by anybody but us.
OWN_SECRETS = ("SHINECAT_TOKEN",)


def without_secrets(environ: Mapping[str, str], *, drop_hub: bool = True) -> dict[str, str]:
    """A copy of ``environ`` without tokens and keys; with ``drop_hub`` False the hub's stay."""
    dropped = OWN_SECRETS + (SECRETS if drop_hub else ())
    return {name: value for name, value in environ.items() if name not in dropped}


def guard_kernels(kernel_manager: Any, *, drop_hub: bool, pass_for: Callable[[], Pass | None] = lambda: None) -> None:
    """Make every kernel of ``kernel_manager`` start without the secrets, and with a pass of its own (`pass_for`).

    Jupyter has no hook for this: the environment is what its own session manager passes, or the server's whole one.
    """
    start = kernel_manager.start_kernel

    @functools.wraps(start)
    async def start_kernel(*args: Any, **kwargs: Any) -> Any:
        env = kwargs.get("env")
        kwargs["env"] = without_secrets(os.environ if env is None else env, drop_hub=drop_hub)
        given = pass_for()
        if given is None:
            return await ensure_async(start(*args, **kwargs))
        kwargs["env"]["SHINECAT_SOCKET"] = str(given.path)
        try:
            kernel_id = await ensure_async(start(*args, **kwargs))
        except BaseException:
            given.holds, given.over = (lambda: False), (lambda: True)
            given.remove()
            raise
        given.holds = functools.partial(_runs, kernel_manager, kernel_id)
        given.over = lambda: kernel_id not in kernel_manager
        return kernel_id

    kernel_manager.start_kernel = start_kernel
    # Renaming a notebook hands its running kernel a new environment for the next restart.
    update: Callable[..., Any] | None = getattr(kernel_manager, "update_env", None)
    if update is not None:

        @functools.wraps(update)
        def update_env(*args: Any, **kwargs: Any) -> Any:
            if "env" in kwargs:
                kwargs["env"] = without_secrets(kwargs["env"], drop_hub=drop_hub)
                kwargs["env"].pop("SHINECAT_SOCKET", None)  # it keeps the one that it was started with
            return update(*args, **kwargs)

        kernel_manager.update_env = update_env


def _runs(kernel_manager: Any, kernel_id: str) -> bool:
    if kernel_id not in kernel_manager:
        return False
    process = getattr(getattr(kernel_manager.get_kernel(kernel_id), "provisioner", None), "process", None)
    return process is None or process.poll() is None


def guard_terminals(terminal_manager: Any, *, drop_hub: bool) -> None:
    """The same for terminals."""
    make = terminal_manager.make_term_env

    @functools.wraps(make)
    def make_term_env(*args: Any, **kwargs: Any) -> dict[str, str]:
        return without_secrets(make(*args, **kwargs), drop_hub=drop_hub)

    terminal_manager.make_term_env = make_term_env

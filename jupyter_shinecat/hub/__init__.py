"""JupyterHub side: authenticator and token handler.

A facility's ``jupyterhub_config.py`` is two lines::

    from jupyter_shinecat.hub import configure
    configure(c, catalog_url="https://scicat.example.org")
"""

from __future__ import annotations

from .authenticator import SciCatAuthenticator
from .scope import SCOPE
from .setup import configure
from .tokens import ShineCatTokenMixin

__all__ = ["SCOPE", "SciCatAuthenticator", "ShineCatTokenMixin", "configure"]

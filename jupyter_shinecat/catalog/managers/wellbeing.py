"""How the catalog is: for load balancers, for Prometheus, for people."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

from jupyter_shinecat import __version__
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.metrics import Metrics

from .common import Manager, Parts

_log = logging.getLogger(__name__)
# Below this the next group of writes may not fit.
LEAST_FREE_BYTES = 32 << 20


class Wellbeing(Manager):
    """What can be said of the whole."""

    def __init__(self, parts: Parts, folder: Path) -> None:
        super().__init__(parts)
        self._folder = folder
        self.numbers = Metrics(parts.store, parts.engine, folder)

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Whether requests can be answered and stored, and SciCat's health document.

        The search index and a disk that runs short are told, but are no reason to be down: without the index searches
        read the documents, and on a full disk reading goes on.
        """
        checks = {"sqlite": self._reads(), "writer": self.store.writing}
        details: dict[str, Any] = {name: {"status": "up" if good else "down"} for name, good in checks.items()}
        details["search"] = {"status": "up", "index": self._index()}
        details["disk"] = {"status": "up", "room": "enough" if self._room() else "short"}
        good = all(checks.values())
        own = {"version": __version__, "profile": self.settings.profile, "features": self.settings.features}
        return good, {
            "status": "ok" if good else "error",
            "info": {name: told for name, told in details.items() if told["status"] == "up"},
            "error": {name: told for name, told in details.items() if told["status"] != "up"},
            "details": details,
            # Clients learn here what this server can do beyond SciCat; where that is nothing, they see a SciCat.
            **({"shinecat": own} if self.settings.features else {}),
        }

    def _index(self) -> str:
        index = self.engine.index
        return "ready" if index.view is not None else "failed" if index.failed else "building"

    def _reads(self) -> bool:
        try:
            self.ping()
        except Exception as error:
            _log.error("the database can't be read: %s", error)
            return False
        return True

    def _room(self) -> bool:
        try:
            return shutil.disk_usage(self._folder).free >= LEAST_FREE_BYTES
        except OSError as error:
            _log.error("the data folder can't be looked at: %s", error)
            return False

    def metrics(self, who: Identity) -> bytes:
        """Prometheus's text; for administrators (their read-only service tokens too), or all when so set."""
        if not self.settings.metrics_open:
            self.access.check_admin(who)
        return self.numbers.text()

"""One catalog: its store, its search, its rights and its managers, wired together."""

from __future__ import annotations

from pathlib import Path

from .access import Access
from .accounts.accounts import Accounts
from .accounts.file import make_admin, read_accounts
from .accounts.tokens import TokenMint
from .audit import Audit
from .managers.administration import Administration
from .managers.attachments import Attachments
from .managers.blocks import Blocks
from .managers.common import Parts
from .managers.datablocks import Datablocks
from .managers.datasets import Datasets
from .managers.events import Events
from .managers.history import History
from .managers.includes import Includes
from .managers.jobs import Jobs
from .managers.logbooks import Logbooks
from .managers.metadata_keys import MetadataKeys
from .managers.named import Instruments, Proposals, Samples
from .managers.people import People
from .managers.policies import Policies
from .managers.publications import Publications
from .managers.runtime_config import RuntimeConfig
from .managers.wellbeing import Wellbeing
from .search.engine import Engine
from .settings import Settings
from .store import records
from .store.store import Store


class Catalog:
    """Everything behind the routes; usable without HTTP.

    Parameters
    ----------
    folder
        Data folder, made when missing; one catalog at a time.
    settings
        What the operator decided.
    accounts_file
        SciCat's functional accounts; without one, and without accounts in the store, an administrator is made.

    Raises
    ------
    CatalogError
        The folder, its database or the accounts file can't be used.
    """

    def __init__(self, folder: Path, settings: Settings, accounts_file: Path | None = None) -> None:
        self.settings = settings
        self.folder = folder
        self.jobs: Jobs = None  # type: ignore[assignment]  # until the rest stands
        self.store = Store(folder)
        self.engine = Engine(self.store, folder / "index")
        try:
            self.access = Access(settings)
            self.audit = Audit(folder)
            parts = Parts(settings, self.store, self.engine, self.access, self.audit)
            records.prepare(self.store)
            accounts = self.accounts = Accounts(self.store, settings.facility.everyones_groups)
            self.made_accounts: Path | None = None
            if accounts_file is None and not accounts.all():
                accounts_file = folder / "accounts.json"
                if not accounts_file.exists():
                    self.made_accounts = make_admin(folder)
            if accounts_file is not None:
                accounts.load_file(read_accounts(accounts_file))
            self.accounts_file = accounts_file
            self.people = People(parts, accounts, TokenMint.from_folder(folder, settings.jwt_secret))
            self.administration = Administration(parts, accounts, self.people.sessions)
            self.wellbeing = Wellbeing(parts, folder)
            self.datasets = Datasets(parts, Includes(parts))
            self.blocks = Blocks(parts)
            self.attachments = Attachments(parts)
            self.samples = Samples(parts)
            self.proposals = Proposals(parts)
            self.instruments = Instruments(parts)
            self.datablocks = Datablocks(parts)
            self.events = Events(parts, accounts, self.people.identify)
            self.publications = Publications(parts, lambda doc: self.events.emit("dataset.updated", doc))
            self.policies = Policies(parts)
            self.history = History(parts)
            self.metadata_keys = MetadataKeys(parts)
            self.runtime_config = RuntimeConfig(parts)
            self.logbooks = Logbooks(parts)
            self.jobs = Jobs(parts)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Finish writes and let the data folder go."""
        if self.jobs is not None:
            self.jobs.close()
        self.engine.close()
        self.store.close()

"""Who may see and change what: the only place that builds access conditions.

The identity comes from a verified token, never from a request's fields. What is built here is ANDed last by the engine,
so that no key of a request can widen it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import forbidden
from .search.condition import Always, Condition, Never, OneOf, either
from .settings import Settings
from .store.documents import Doc, Snapshot

EVERYBODY = "#all"
# States of a publication that everybody sees.
PUBLIC_STATES = ("public", "registered", "amended")


@dataclass(frozen=True)
class Identity:
    """The caller: an account with its present groups, or nobody (``id`` is None).

    ``read_only`` is the scope of a service token: its caller changes nothing, whatever the groups allow.
    """

    id: str | None = None
    username: str = ""
    email: str = ""
    groups: frozenset[str] = field(default_factory=frozenset)
    read_only: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether the caller showed a valid token of an account."""
        return self.id is not None


ANONYMOUS = Identity()


@dataclass(frozen=True)
class Visible:
    """What a caller sees of one kind: a condition on the document and, for parts, a check of what they belong to."""

    condition: Condition
    belongs: Callable[[Snapshot, Doc], bool] | None = None

    def shows(self, snapshot: Snapshot, doc: Doc) -> bool:
        """Whether this document is visible."""
        return self.condition.matches(doc) and (self.belongs is None or self.belongs(snapshot, doc))


class Access:
    """Rights of every identity on every kind of document."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    # -- roles --

    def is_admin(self, who: Identity) -> bool:
        """Member of an administrators' group."""
        return bool(who.groups & self._settings.admin_groups)

    def _in(self, who: Identity, groups: frozenset[str]) -> bool:
        return who.signed_in and (EVERYBODY in groups or bool(who.groups & groups))

    def _owns(self, who: Identity, doc: Doc) -> bool:
        # A group for reading everything never gives the right to change.
        owner = doc.get("ownerGroup")
        return who.signed_in and owner in who.groups and owner not in self._settings.global_groups

    def _sees_everything(self, who: Identity) -> bool:
        return self.is_admin(who) or bool(who.groups & self._settings.global_groups)

    # -- reading --

    def visible(self, who: Identity, kind: str, *, public_only: bool = False) -> Visible:
        """What ``who`` sees of ``kind``; ``public_only`` for the public routes, whoever asks."""
        if public_only:
            who = ANONYMOUS
        if kind == "instrument":
            return Visible(Always() if who.signed_in else Never())
        if kind in ("job", "publisheddata", "policy", "history"):
            return Visible(self._facility_readable(who, kind))
        own = self._readable(who)
        if kind in ("origdatablock", "datablock"):
            return Visible(own, lambda snapshot, doc: self._block_belongs(who, snapshot, doc))
        if kind == "attachment":
            return Visible(own, lambda snapshot, doc: self._attachment_belongs(who, snapshot, doc))
        return Visible(own)

    def _readable(self, who: Identity) -> Condition:
        published = OneOf(("isPublished",), (True,))
        if self._sees_everything(who):
            return Always()
        if not who.signed_in or not who.groups:
            return published
        groups = tuple(sorted(who.groups))
        return either(published, OneOf(("ownerGroup",), groups), OneOf(("accessGroups",), groups))

    def _facility_readable(self, who: Identity, kind: str) -> Condition:
        facility = self._settings.facility
        if self.is_admin(who):
            return Always()
        if kind == "publisheddata":
            # The creator is a name kept by us: no request can set it.
            public = OneOf(("status",), PUBLIC_STATES)
            return either(public, OneOf(("createdBy",), (who.username,))) if who.signed_in else public
        if not who.signed_in:
            return Never()
        if kind == "history":
            allowed = facility.history_groups.items()
            subsystems = tuple(sorted(name for name, groups in allowed if self._in(who, groups)))
            return OneOf(("subsystem",), subsystems) if subsystems else Never()
        groups = tuple(sorted(who.groups))
        if kind == "job":
            if self._in(who, facility.job_update_privileged_groups):
                return Always()
            mine = OneOf(("ownerUser",), (who.username,))
            return either(mine, OneOf(("ownerGroup",), groups)) if groups else mine
        if self._in(who, facility.policy_groups):
            return Always()
        return either(OneOf(("ownerGroup",), groups), OneOf(("accessGroups",), groups)) if groups else Never()

    def _block_belongs(self, who: Identity, snapshot: Snapshot, doc: Doc) -> bool:
        dataset = snapshot.get("dataset", str(doc.get("datasetId")))
        if dataset is None:
            return self.is_admin(who)
        return self._readable(who).matches(dataset)

    def _attachment_belongs(self, who: Identity, snapshot: Snapshot, doc: Doc) -> bool:
        targets = doc.get("relationships") or []
        if not targets:
            return True
        for target in targets:
            kind, id = str(target.get("targetType")), str(target.get("targetId"))
            found = snapshot.get(kind, id) if kind in ("dataset", "sample", "proposal") else None
            if found is not None and self._readable(who).matches(found):
                return True
        return self.is_admin(who)

    def listing(self, who: Identity) -> Condition:
        """The real server leaves published data of others out of fullquery, unless asked for (profile scicat-5)."""
        if self._settings.profile != "scicat-5" or not who.signed_in or self._sees_everything(who):
            return Always()
        groups = tuple(sorted(who.groups))
        return either(OneOf(("ownerGroup",), groups), OneOf(("accessGroups",), groups)) if groups else Never()

    # -- datasets --

    def may_create_datasets(self, who: Identity) -> bool:
        """Whether ``who`` has any create right (a role, before the document is looked at)."""
        s = self._settings
        every = s.create_groups | s.create_with_pid_groups | s.create_privileged_groups
        return self.is_admin(who) or self._in(who, every)

    def check_create_dataset(self, who: Identity, doc: Doc) -> None:
        """Raise a 403 unless ``who`` may create this dataset (``doc`` as sent, with its pid when it has one)."""
        s = self._settings
        if not self.may_create_datasets(who):
            raise forbidden()
        if self.is_admin(who) or self._in(who, s.create_privileged_groups):
            return
        own = self._owns(who, doc)
        pid_allowed = self._in(who, s.create_with_pid_groups) or s.profile != "scicat-5"
        if not own or ("pid" in doc and not pid_allowed):
            raise forbidden("Unauthorized to create this dataset")

    def check_update_dataset(self, who: Identity, doc: Doc) -> None:
        """Raise a 403 unless ``who`` may change this dataset, its blocks and its attachments."""
        if not self.may_update_dataset(who, doc):
            raise forbidden("Unauthorized to update this dataset")

    def check_append(self, who: Identity, doc: Doc) -> None:
        """Raise a 403 unless ``who`` may append to lists of this dataset; the real server refuses owners too."""
        if not self.is_admin(who) and (self._settings.profile == "scicat-5" or not self.may_update_dataset(who, doc)):
            raise forbidden("Unauthorized to update this dataset")

    def may_update_dataset(self, who: Identity, doc: Doc) -> bool:
        """Members of the owner group with a create right, and administrators."""
        return self.is_admin(who) or (self.may_create_datasets(who) and self._owns(who, doc))

    def check_owner_change(self, who: Identity, before: Doc, after: Doc) -> None:
        """Raise a 403 when ``who`` gives a document to a group that is not theirs."""
        if before.get("ownerGroup") != after.get("ownerGroup") and not (self.is_admin(who) or self._owns(who, after)):
            raise forbidden("Unauthorized to give this to another owner group")

    def check_lifecycle(self, who: Identity, doc: Doc) -> None:
        """Raise a 403 unless ``who`` may change the life cycle."""
        if not (self._in(who, self._settings.lifecycle_groups) or self.may_update_dataset(who, doc)):
            raise forbidden("Unauthorized to update this dataset")

    def check_delete_dataset(self, who: Identity, doc: Doc, *, used: bool) -> None:
        """Raise a 403 unless ``who`` may delete; ``used`` says that another dataset names it as input."""
        if self._in(who, self._settings.delete_groups):
            return
        if self._settings.profile != "scicat-5":
            if self.is_admin(who):
                return
            if self.may_update_dataset(who, doc) and not doc.get("isPublished") and not used:
                return
        raise forbidden()

    # -- parts of datasets --

    def check_delete_part(self, who: Identity, dataset: Doc) -> None:
        """Raise a 403 unless ``who`` may take a block or attachment away from ``dataset``."""
        if self._in(who, self._settings.delete_groups) or self.is_admin(who):
            return
        if self._settings.profile != "scicat-5" and self.may_update_dataset(who, dataset):
            return
        raise forbidden()

    def check_attach(self, who: Identity, doc: Doc) -> None:
        """Raise a 403 unless ``who`` may create or change this attachment (its targets are checked beside)."""
        s = self._settings
        if self.is_admin(who) or self._in(who, s.attachment_privileged_groups):
            return
        if not (self._in(who, s.attachment_groups) and self._owns(who, doc)):
            raise forbidden()

    # -- samples, proposals, instruments --

    def check_write_sample(self, who: Identity, doc: Doc) -> None:
        """Raise a 403 unless ``who`` may create or change this sample."""
        s = self._settings
        if self.is_admin(who) or self._in(who, s.sample_privileged_groups):
            return
        if not (self._in(who, s.sample_groups) and self._owns(who, doc)):
            raise forbidden()

    def check_write_proposal(self, who: Identity) -> None:
        """Raise a 403 unless ``who`` keeps the proposals."""
        if not (self.is_admin(who) or self._in(who, self._settings.proposal_groups)):
            raise forbidden()

    def takes_part(self, who: Identity, proposal: Doc | None) -> bool:
        """Whether ``who`` is of the proposal's own or access groups; that it is published makes nobody take part."""
        if who.signed_in and self._sees_everything(who):
            return True
        if not who.signed_in or proposal is None:
            return False
        return bool(who.groups & {proposal.get("ownerGroup"), *(proposal.get("accessGroups") or [])})

    def check_logbook(self, who: Identity, proposal: Doc | None) -> None:
        """Raise a 403 unless ``who`` takes part in the proposal; one that is not there is the administrators' only.

        Not the dataset's groups: whoever writes a dataset chooses the proposal that it names.
        """
        if not self.takes_part(who, proposal):
            raise forbidden("Unauthorized access")

    def check_scope(self, who: Identity, method: str) -> None:
        """Raise a 403 when a read-only token is used for more than reading."""
        if who.read_only and method != "GET":
            raise forbidden("This token is for reading only")

    def check_admin(self, who: Identity) -> None:
        """Raise a 403 unless ``who`` is an administrator."""
        if not self.is_admin(who):
            raise forbidden()

    def check_delete_other(self, who: Identity) -> None:
        """Raise a 403 unless ``who`` may delete samples, proposals or instruments."""
        if not (self._in(who, self._settings.delete_groups) or self.is_admin(who)):
            raise forbidden()

    # -- jobs --

    def makes_any_job(self, who: Identity) -> bool:
        """Whether ``who`` makes jobs of every type, for everybody and on every dataset."""
        return self.is_admin(who) or self._in(who, self._settings.facility.job_create_privileged_groups)

    def group_of_work(self, who: Identity, datasets: list[Doc]) -> str | None:
        """The group that owns what ``who`` does with ``datasets`` without naming one: theirs, else one of ``who``'s.

        Never one that everybody is in: its members may read a job.
        """
        shared = self._settings.facility.everyones_groups | self._settings.global_groups
        own = who.groups - shared
        return min(own & {dataset.get("ownerGroup") for dataset in datasets} or own, default=None)

    def check_create_job(self, who: Identity, doc: Doc, rule: str, snapshot: Snapshot, datasets: list[Doc]) -> None:
        """Raise a 403 unless ``rule`` of the job's type, or a role, lets ``who`` create it for its owner."""
        if self.makes_any_job(who):
            return
        if who.signed_in:
            own_group = doc.get("ownerGroup") is None or doc["ownerGroup"] in who.groups
            if doc.get("ownerUser") != who.username or not own_group:
                raise forbidden("Invalid job owner. The owner must be yourself and one of your groups")
        elif "ownerUser" in doc or "ownerGroup" in doc:
            raise forbidden("Invalid job owner. A job of an anonymous user has no owner")
        visible = self.visible(who, "dataset")
        allowed = {
            "#all": True,
            "#authenticated": who.signed_in,
            "#datasetPublic": bool(datasets) and all(d.get("isPublished") is True for d in datasets),
            "#datasetAccess": bool(datasets) and all(visible.shows(snapshot, d) for d in datasets),
            "#datasetOwner": bool(datasets) and all(self._owns(who, d) for d in datasets),
        }.get(rule, self._named(who, rule))
        if not allowed:
            raise forbidden()

    def check_update_job(self, who: Identity, doc: Doc, rule: str) -> None:
        """Raise a 403 unless ``rule`` of the job's type, or a role, lets ``who`` change its state."""
        if self.is_admin(who) or self._in(who, self._settings.facility.job_update_privileged_groups):
            return
        allowed = {
            # Not anonymous callers, who could end anybody's jobs by guessing ids.
            "#all": who.signed_in,
            "#jobOwnerUser": who.signed_in and doc.get("ownerUser") == who.username,
            "#jobOwnerGroup": self._owns(who, doc),
        }.get(rule, self._named(who, rule))
        if not allowed:
            raise forbidden()

    @staticmethod
    def _named(who: Identity, rule: str) -> bool:
        """A rule that names one user, or ``@group``."""
        if rule.startswith("#"):
            return False
        return who.signed_in and (rule[1:] in who.groups if rule.startswith("@") else rule == who.username)

    def check_delete_job(self, who: Identity) -> None:
        """Raise a 403 unless ``who`` may delete jobs."""
        own = self._settings.profile != "scicat-5" and self.is_admin(who)
        if not (own or self._in(who, self._settings.facility.job_delete_groups)):
            raise forbidden()

    # -- publications, policies, history --

    def check_change_publication(self, who: Identity, doc: Doc) -> None:
        """Raise a 403 unless ``who`` may change or delete this publication: its creator until it is registered."""
        mine = who.signed_in and doc.get("createdBy") == who.username
        if not self.is_admin(who) and not (mine and doc.get("status") in ("private", "public")):
            raise forbidden("Unauthorized to change this publication")

    def check_publish(self, who: Identity, doc: Doc, datasets: list[Doc]) -> None:
        """Raise a 403 unless ``who`` made the publication and may change every dataset of it."""
        if self.is_admin(who):
            return
        if not who.signed_in or doc.get("createdBy") != who.username:
            raise forbidden("Unauthorized to change this publication")
        for dataset in datasets:
            self.check_update_dataset(who, dataset)

    def check_write_policy(self, who: Identity) -> None:
        """Raise a 403 unless ``who`` keeps the policies."""
        if not (self.is_admin(who) or self._in(who, self._settings.facility.policy_groups)):
            raise forbidden()

    def check_history(self, who: Identity, subsystem: str | None) -> None:
        """Raise a 403 unless ``who`` may read the history of something, or of ``subsystem``."""
        if self.is_admin(who):
            return
        groups = self._settings.facility.history_groups
        wanted = groups if subsystem is None else {subsystem}
        if not any(self._in(who, groups.get(name, frozenset())) for name in wanted):
            raise forbidden()

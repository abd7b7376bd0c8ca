"""What creating, reading and changing datasets share: their forms, their life cycle, what is wrong with a body."""

from __future__ import annotations

from typing import Any

import msgspec

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.errors import Refused, bad_request
from jupyter_shinecat.catalog.store.documents import Doc

from . import dataset_fields as fields
from .as_scicat import with_raw_id
from .common import Manager, Parts, shown
from .validate import Problem, messages, normalise_dates, require


class DatasetForms(Manager):
    """Base of what is done with datasets."""

    kind = "dataset"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._started = dates.now()

    @property
    def _strict(self) -> bool:
        """Whether the real server's odd results are wanted too."""
        return self.settings.profile == "scicat-5"

    def _form(self, doc: Doc, version: int) -> Doc:
        return shown(doc if version == 4 else fields.to_v3(doc), doc["pid"])

    def _alone(self, form: Doc, version: int) -> Doc:
        """The form of a dataset that is an answer by itself."""
        return with_raw_id(form) if self._strict and version == 4 else form

    @staticmethod
    def _lifecycle(sent: Any) -> Doc:
        if sent is None:
            return {}
        changes = require(sent, fields.LIFECYCLE, partial=True)
        normalise_dates(changes, fields.LIFECYCLE)
        changes.pop("id", None)
        return changes


def invalid(found: list[Problem], version: int) -> Refused:
    """The 400 of a body with these problems, as the API's ``version`` words it."""
    if version == 4:
        return bad_request(messages(found))
    text = msgspec.json.encode([problem.as_json for problem in found]).decode()
    return Refused(400, messages(found), body={"status": 400, "message": text})

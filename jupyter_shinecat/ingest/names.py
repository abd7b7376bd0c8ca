"""What the names of folders and files tell: proposal, run, sample, and the fields of a station's list-mode files."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

_EDGE, _END = r"(?:^|[\W_])", r"(?=$|[\W_])"
_PROPOSAL = re.compile(rf"{_EDGE}(?:p|prop|proposal)[-_ ]?0*(?P<id>[1-9]\d{{2,9}}){_END}", re.I)
_RUN = re.compile(rf"{_EDGE}(?:r|run)[-_ ]?0*(?P<id>\d{{1,7}}){_END}", re.I)
_SAMPLE = re.compile(rf"{_EDGE}(?:sample|样品)[-_ :=]*(?P<name>[^\W_][\w.+()-]{{0,60}})", re.I)
_DATE = re.compile(r"(?<!\d)(?P<date>(?:19|20)\d{2}[01]\d[0-3]\d)(?!\d)")
# test_eledetector_20200828_100 1700 17501 1800 15 27_laser-trigger4.lmf
_LIST_MODE = re.compile(
    r"^(?P<head>.+?)_(?P<date>(?:19|20)\d{6})_(?P<numbers>\d+(?:\.\d+)?(?: \d+(?:\.\d+)?)*)(?:_(?P<tail>.+))?$"
)


@dataclass(slots=True)
class FromNames:
    """Fields found in a path; None where it tells nothing."""

    proposal: str | None = None
    run: str | None = None
    sample: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def read_names(path: str) -> FromNames:
    """Fields of a path; what is nearer to the file wins.

    Parameters
    ----------
    path
        Relative to the scanned folder, with ``/`` or ``\\``.

    Examples
    --------
    >>> read_names("SHINE/p2345/r0017/frames.h5").run
    '17'
    """
    parts = [part for part in re.split(r"[/\\]", path) if part]
    found = FromNames()
    for number, part in enumerate(reversed(parts)):
        stem = part.rsplit(".", 1)[0] if number == 0 else part
        found.proposal = found.proposal or _group(_PROPOSAL, stem, "id")
        found.run = found.run or _number(_group(_RUN, stem, "id"))
        found.sample = found.sample or _group(_SAMPLE, stem, "name")
    if parts and parts[-1].lower().endswith(".lmf"):
        found.metadata = _list_mode(parts[-1].rsplit(".", 1)[0])
    elif parts:
        date = _date(_group(_DATE, parts[-1], "date"))
        if date:
            found.metadata = {"date_in_name": date}
    return found


def _list_mode(stem: str) -> dict[str, Any]:
    """Fields of a list-mode file's name: what was measured, when, the station's settings in order, the trigger."""
    match = _LIST_MODE.match(stem)
    if match is None:
        return {}
    numbers = [float(word) if "." in word else int(word) for word in match["numbers"].split()]
    fields: dict[str, Any] = {"settings": numbers}
    purpose, _, detector = match["head"].rpartition("_")
    fields["detector"] = detector
    if purpose:
        fields["purpose"] = purpose
    date = _date(match["date"])
    if date:
        fields["date"] = date
    if match["tail"]:
        fields["trigger"] = match["tail"]
    return {"name_fields": fields}


def _group(pattern: re.Pattern[str], words: str, name: str) -> str | None:
    match = pattern.search(words)
    return match[name] if match else None


def _number(digits: str | None) -> str | None:
    return str(int(digits)) if digits else None


def _date(digits: str | None) -> str | None:
    if digits is None:
        return None
    try:
        return dt.datetime.strptime(digits, "%Y%m%d").date().isoformat()
    except ValueError:
        return None

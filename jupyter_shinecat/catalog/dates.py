"""Dates as SciCat writes them: ISO 8601, UTC, milliseconds, ``Z``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(moment: datetime) -> str:
    """``moment`` as ``2026-05-01T10:00:00.000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def from_ms(milliseconds: float) -> str:
    """The stored form of a number of milliseconds since 1970."""
    return iso(_EPOCH + timedelta(milliseconds=milliseconds))


def now() -> str:
    """The present moment."""
    return iso(datetime.now(UTC))


def parse(value: object) -> datetime | None:
    """A date text (with or without zone: none means UTC) or milliseconds since 1970; None when it is neither."""
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value / 1000, UTC)
        if isinstance(value, str) and len(value) <= 40 and value[:4].isdigit():
            moment = datetime.fromisoformat(value.strip())
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def normal(value: object) -> str | None:
    """``value`` in the stored form, or None when it is no date."""
    moment = parse(value)
    # strftime does not pad years below 1000 everywhere; such dates are typing errors.
    return iso(moment) if moment is not None and moment.year >= 1000 else None

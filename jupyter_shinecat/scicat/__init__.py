"""SciCat's vocabulary and protocol: models, query, REST client, secrets, errors.

Everything that talks to a catalog, real or embedded, talks through this room.
"""

from __future__ import annotations

from . import operations
from .client import AsyncCatalogClient, CatalogClient
from .conditions import Condition, parse_conditions
from .errors import (
    AccessDenied,
    BadRequest,
    CatalogError,
    CatalogUnavailable,
    Conflict,
    NotFound,
    SignInRequired,
    TooManyRequests,
)
from .models import DataFile, Dataset, Health, Identity, Login
from .pid import quote_pid
from .query import Query, QueryError, parse_query
from .secret import Secret

__all__ = [
    "AccessDenied",
    "AsyncCatalogClient",
    "BadRequest",
    "CatalogClient",
    "CatalogError",
    "CatalogUnavailable",
    "Condition",
    "Conflict",
    "DataFile",
    "Dataset",
    "Health",
    "Identity",
    "Login",
    "NotFound",
    "Query",
    "QueryError",
    "Secret",
    "SignInRequired",
    "TooManyRequests",
    "operations",
    "parse_conditions",
    "parse_query",
    "quote_pid",
]

"""What a request for an endpoint comes with, and what it gets."""

import json
from dataclasses import dataclass
from datetime import datetime

from exporter.demo.organization import Organization
from exporter.demo.parameters import Query

ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be answered."""

    organization: Organization
    query: Query
    now: datetime
    version: str
    workspace_id: str = ""
    betas: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reply:
    """One good answer: its JSON, the number of the page in its walk, and the cursor to what follows it."""

    body: bytes
    page: int = 1
    onward: str | None = None


def encoded(document: object) -> bytes:
    """Return JSON as the API sends it: compact, UTF-8."""
    return ENCODER.encode(document).encode()

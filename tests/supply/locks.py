"""The lock files: what they pin."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock", "requirements-release.lock")

_HASH = re.compile(r" --hash=sha256:[0-9a-f]{64}")


class Pin(NamedTuple):
    """One package of a lock file, on which platforms it is wanted, and how many files of it are known."""

    name: str
    version: Version
    marker: Marker | None
    hashes: int


def pins(text: str) -> Iterator[Pin]:
    """What the text of a lock file pins. Raises ValueError for a line that is no exactly pinned package."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line and not line.startswith("#"):
            bare, hashes = _HASH.subn("", line)
            requirement = Requirement(bare)
            exact = re.fullmatch(r"==([^*]+)", str(requirement.specifier))
            if requirement.url or not exact:
                raise ValueError(f"not pinned: {bare}")
            yield Pin(canonicalize_name(requirement.name), Version(exact[1]), requirement.marker, hashes)

"""Known vulnerabilities of pinned packages, from a file: OSV's export of all advisories about packages of PyPI.

https://ossf.github.io/osv-schema/: an advisory names versions one by one, or by ranges of events. No tool that reads
this file runs without a network or comes from PyPI, and what it takes is little: versions are compared by `packaging`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tests.supply.locks import Pin

Advisory = Mapping[str, Any]

_BEGINNING = Version("0.dev0")
"""What `introduced: "0"` means: before every version."""


class NoAdvisoriesError(Exception):
    """There is no file of advisories, or it is none."""


class Finding(NamedTuple):
    """A package, the names of an advisory about it, and the versions that are said to mend it."""

    pin: Pin
    names: tuple[str, ...]
    mended: tuple[str, ...]
    summary: str

    def __str__(self) -> str:
        mended = f"mended in {', '.join(self.mended)}" if self.mended else "not mended yet"
        return f"{self.pin.name} {self.pin.version}: {', '.join(self.names)}: {mended}. {self.summary}".rstrip()


def read(path: Path) -> list[Advisory]:
    """The advisories of an export. Raises NoAdvisoriesError."""
    try:
        with ZipFile(path) as export:
            names = [name for name in export.namelist() if name.endswith(".json")]
            advisories = [json.loads(export.read(name)) for name in names]
    except (OSError, BadZipFile, ValueError) as error:
        raise NoAdvisoriesError(f"{path} cannot be read: {error}") from None
    if not any(True for advisory in advisories for _ in _of_pypi(advisory)):
        raise NoAdvisoriesError(f"{path} holds no advisories about packages of PyPI")
    return advisories


def findings(pins: Iterable[Pin], advisories: Iterable[Advisory]) -> list[Finding]:
    """What is known about these packages, in their order; once, where two advisories name each other."""
    about: dict[str, list[tuple[Advisory, Mapping[str, Any]]]] = {}
    for advisory in advisories:
        for name, affected in _of_pypi(advisory):
            about.setdefault(name, []).append((advisory, affected))
    found = []
    seen: set[tuple[str, str]] = set()
    for pin in pins:
        for advisory, affected in about.get(pin.name, ()):
            names = (advisory["id"], *advisory.get("aliases", ()))
            ours = {(pin.name, name) for name in names}
            if seen.isdisjoint(ours) and _affects(affected, pin.version):
                seen |= ours
                mended = [event["fixed"] for events in _ranges(affected) for event in events if "fixed" in event]
                found.append(Finding(pin, names, tuple(mended), advisory.get("summary", "")))
    return found


def newest(advisories: Iterable[Advisory]) -> str:
    """The day on which the youngest of them was written or changed: how old a file is."""
    return max(str(advisory.get("modified", "")) for advisory in advisories)[:10]


def _of_pypi(advisory: Advisory) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Its parts about packages of PyPI, with their names; none if it was withdrawn."""
    for affected in () if advisory.get("withdrawn") else advisory.get("affected", ()):
        package = affected.get("package", {})
        if package.get("ecosystem") == "PyPI":
            yield canonicalize_name(package["name"]), affected


def _ranges(affected: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    """The events of each range of versions; those of a repository's commits say nothing about releases."""
    return [one["events"] for one in affected.get("ranges", ()) if one["type"] == "ECOSYSTEM"]


def _affects(affected: Mapping[str, Any], version: Version) -> bool:
    listed = any(_is(text, version) for text in affected.get("versions", ()))
    return listed or any(_within(events, version) for events in _ranges(affected))


def _is(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:  # from before versions had rules: none that is pinned
        return False


def _within(events: Iterable[Mapping[str, str]], version: Version) -> bool:
    """Whether a range holds `version`; one whose ends cannot be compared does, for somebody to look at it."""
    try:
        steps = [(_BEGINNING if text == "0" else Version(text), kind) for one in events for kind, text in one.items()]
    except InvalidVersion:
        return True
    inside = False
    for at, kind in sorted(steps):
        if kind == "introduced":
            inside = inside or version >= at
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            inside = False
    return inside

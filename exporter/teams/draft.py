"""What a teams file has said so far, and what is wrong with it. Knows the rules of teams, but not of YAML or CSV."""

import re
from typing import NamedTuple

from exporter.errors import SettingsError
from exporter.labels import label
from exporter.teams.rules import UNASSIGNED, Form, Kind, form_of
from exporter.teams.teams import Teams

_MOST_PROBLEMS = 10
_MOST_GLOBS = 1000
_LONGEST_PATTERN = 512
_LONGEST_SHOWN = 80
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WILD = re.compile(r"[*?\[@]")
_RESERVED = {
    UNASSIGNED: "it stands for what no pattern matches",
    "small": "it stands for teams that are merged because they are small",
    "other": "it stands for actors that are merged because they are many",
}


class _Given(NamedTuple):
    """A pattern as the file has it."""

    text: str
    team: str
    line: int


class Draft:
    """Teams in the making. Every problem names its line; the first ten are told together."""

    def __init__(self, source: str) -> None:
        """`source` names the file in errors."""
        self._source = source
        self._problems: list[str] = []
        self._cost_centers: dict[str, tuple[str, int]] = {}
        self._patterns: dict[Kind, dict[str, _Given]] = {kind: {} for kind in Kind}
        self._globs = dict.fromkeys(Kind, 0)

    def problem(self, line: int | None, text: str) -> None:
        """Note what is wrong. Raises SettingsError when it is enough."""
        self._problems.append(f"{self._source}, line {line}: {text}" if line else f"{self._source}: {text}")
        if len(self._problems) >= _MOST_PROBLEMS:
            self._raise()

    def team(self, line: int, name: str, cost_center: str = "") -> str | None:
        """Add a team, or more about it. Its name as it is exported, None if it cannot be used."""
        name, cost_center = name.strip(), cost_center.strip()
        wrong = _wrong_text(name) or _RESERVED.get(name.casefold(), "")
        if wrong:
            self.problem(line, f"{shown(name)} cannot be the name of a team: {wrong}")
            return None
        if cost_center and (wrong := _wrong_text(cost_center)):
            self.problem(line, f"{shown(cost_center)} cannot be a cost centre: {wrong}")
        name, cost_center = label(name), label(cost_center)
        known, where = self._cost_centers.setdefault(name, (cost_center, line))
        if not known:
            self._cost_centers[name] = (cost_center, line)
        elif cost_center not in {"", known}:
            both = f"{shown(known)} (line {where}) and {shown(cost_center)}"
            self.problem(line, f"team {shown(name)} has two cost centres: {both}")
        return name

    def pattern(self, line: int, kind: Kind, text: str, team: str) -> None:
        """Add a pattern of a team."""
        text = text.strip()
        wrong = _wrong_text(text) or _wrong_length(text) or _wrong_domain(kind, text)
        if wrong:
            self.problem(line, f"{kind}: {shown(text)} cannot be a pattern: {wrong}")
            return
        first = self._patterns[kind].get(text.casefold())
        if first is None:
            self._patterns[kind][text.casefold()] = _Given(text, team, line)
            self._count(line, kind, text)
        elif first.team != team:
            both = f"{shown(first.team)} (line {first.line}) and {shown(team)}"
            self.problem(line, f"{kind}: {shown(text)} is given to two teams: {both}")

    def _count(self, line: int, kind: Kind, text: str) -> None:
        """Every name may have to be compared with every glob, so that these have a limit."""
        self._globs[kind] += form_of(kind, text) is Form.GLOB
        if self._globs[kind] > _MOST_GLOBS:
            self.problem(line, f"{kind}: more than {_MOST_GLOBS:,} globs are too many")
            self._raise()

    def finish(self) -> Teams:
        """The teams of the whole file. Raises SettingsError with all problems."""
        if not self._cost_centers and not self._problems:
            self.problem(None, "there is no team in it")
        if self._problems:
            self._raise()
        actors, api_keys, workspaces = (
            {given.text: given.team for given in self._patterns[kind].values()}
            for kind in (Kind.ACTORS, Kind.API_KEYS, Kind.WORKSPACES)
        )
        cost_centers = {team: cost_center for team, (cost_center, _) in self._cost_centers.items()}
        return Teams(cost_centers, actors=actors, api_keys=api_keys, workspaces=workspaces)

    def _raise(self) -> None:
        raise SettingsError("\n".join(self._problems))


def _wrong_text(text: str) -> str:
    if not text:
        return "it is empty"
    return "it holds control characters" if _CONTROL.search(text) else ""


def _wrong_length(text: str) -> str:
    return f"it is longer than {_LONGEST_PATTERN} characters" if len(text) > _LONGEST_PATTERN else ""


def _wrong_domain(kind: Kind, text: str) -> str:
    """Why `@…` is no domain: with a wildcard in it, it would match nothing in silence."""
    if kind is not Kind.ACTORS or not text.startswith("@") or (len(text) > 1 and not _WILD.search(text[1:])):
        return ""
    return "behind @ stands one domain, such as @example.com; a glob begins differently, such as *@*.example.com"


def shown(text: str) -> str:
    """`text` in quotes, cut where it is long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")

"""The patterns of a teams file.

A pattern is an exact name, a glob, or for actors `@` and a domain. Everything is compared case-folded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum, StrEnum
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

UNASSIGNED = "unassigned"

_CACHED_NAMES = 16 * 1024
_LONGEST_CACHED = 1024
_WILDCARD = re.compile(r"[*?]|\[!?+.[^\]]*\]", re.DOTALL)


class Kind(StrEnum):
    """What a pattern is about; the words are those of the file."""

    ACTORS = "actors"
    API_KEYS = "api-keys"
    WORKSPACES = "workspaces"


class Form(IntEnum):
    """How a pattern is written. What comes first wins."""

    EXACT = 0
    GLOB = 1
    DOMAIN = 2


class Rule(NamedTuple):
    """A pattern and its team. The smallest of those that match a name wins."""

    form: Form
    place: int
    pattern: str
    team: str


class _Glob(NamedTuple):
    """A rule made ready. Few names hold `text`, and to look for it is five times faster than to match."""

    text: str
    regex: re.Pattern[str]
    rule: Rule


def _longest_text(pattern: str) -> str:
    """The longest part of a glob that means itself."""
    return max(_WILDCARD.split(pattern), key=len)


def form_of(kind: Kind, pattern: str) -> Form:
    """How `pattern` is to be understood. A `[` that is never closed means itself."""
    if kind is Kind.ACTORS and pattern.startswith("@"):
        return Form.DOMAIN
    return Form.GLOB if _WILDCARD.search(pattern) else Form.EXACT


class Rules:
    """The patterns of one kind."""

    def __init__(self, kind: Kind, patterns: Mapping[str, str]) -> None:
        """`patterns` holds the team of each, in the file's order."""
        self.all = tuple(
            Rule(form_of(kind, pattern), place, pattern, team) for place, (pattern, team) in enumerate(patterns.items())
        )
        self._named: dict[Form, dict[str, Rule]] = {Form.EXACT: {}, Form.DOMAIN: {}}
        self._globs: list[_Glob] = []
        for rule in self.all:
            folded = rule.pattern.casefold()
            if rule.form is Form.GLOB:
                self._globs.append(_Glob(_longest_text(folded), re.compile(translate(folded)), rule))
            else:
                self._named[rule.form].setdefault(folded, rule)
        self._cached_team = lru_cache(_CACHED_NAMES)(self._team)

    def team(self, *names: str) -> str:
        """The team of what has these names: a name and an id, say."""
        short = sum(map(len, names)) <= _LONGEST_CACHED
        return self._cached_team(names) if short else self._team(names)

    def _team(self, names: tuple[str, ...]) -> str:
        rule = next(self.matching(names), None)
        return rule.team if rule else UNASSIGNED

    def matching(self, names: Iterable[str]) -> Iterator[Rule]:
        """All rules that match one of `names`, best first. An empty name is none."""
        folded = [name.casefold() for name in names if name]
        yield from self._look_up(Form.EXACT, folded)
        for text, regex, rule in self._globs:
            for name in folded:
                if text in name and regex.match(name):
                    yield rule
                    break
        yield from self._look_up(Form.DOMAIN, [name[name.rfind("@") :] for name in folded])

    def _look_up(self, form: Form, folded: Iterable[str]) -> list[Rule]:
        named = self._named[form]
        return sorted({named[name] for name in folded if name in named})

"""What a person should know about a teams file: patterns that match nothing, or that compete for a name."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from exporter.teams.rules import Kind, Rule, Rules

_MOST_SENTENCES = 20
_MOST_NAMES = 3
_LONGEST_NAME = 80
_NOTHING = {Kind.ACTORS: "nobody", Kind.API_KEYS: "no API key", Kind.WORKSPACES: "no workspace"}

Names = tuple[str, ...]


@dataclass
class _Overlap:
    """The names that two patterns of different teams compete for."""

    count: int = 0
    names: list[Names] = field(default_factory=list)

    def add(self, names: Names) -> None:
        self.count += 1
        if len(self.names) < _MOST_NAMES:
            self.names.append(names)


class _Survey:
    """What the rules of one kind do to the names that exist."""

    def __init__(self, rules: Rules, existing: Iterable[Names]) -> None:
        self.used: set[Rule] = set()
        self.teams: set[str] = set()
        self.overlaps: defaultdict[tuple[Rule, Rule], _Overlap] = defaultdict(_Overlap)
        for names in sorted(set(existing)):
            self._add(names, list(rules.matching(names)))

    def _add(self, names: Names, matching: Sequence[Rule]) -> None:
        self.used.update(matching)
        for winner in matching[:1]:
            self.teams.add(winner.team)
            for rule in matching:
                if rule.team != winner.team:
                    self.overlaps[winner, rule].add(names)


def findings(
    rules: Mapping[Kind, Rules],
    teams: Iterable[str],
    names: Mapping[Kind, Iterable[Names]],
    unnamed: Collection[Kind] = (),
) -> list[str]:
    """What there is to say about `rules`, given all `names` that exist.

    About a kind whose names are not known nothing is said, and then no team is called empty. Names of `unnamed` kinds
    are counted instead.
    """
    surveys = {kind: _Survey(rules[kind], existing) for kind, existing in names.items()}
    found: list[str] = []
    for kind, survey in surveys.items():
        found += _few(kind, "patterns that match nothing", _dead(kind, rules[kind], survey))
        found += _few(kind, "patterns that compete", _competing(kind, survey, named=kind not in unnamed))
    if len(surveys) == len(Kind):
        occupied = {team for survey in surveys.values() for team in survey.teams}
        empty = [team for team in teams if team not in occupied]
        found += _few("teams", "empty ones", [f"teams: nothing belongs to {_shown(team)}" for team in empty])
    return found


def existing(
    actors: Iterable[tuple[str, str]] | None,
    api_keys: Iterable[tuple[str, str]] | None,
    workspaces: Iterable[tuple[str, str]] | None,
) -> dict[Kind, set[Names]]:
    """All names by kind, without the kinds that are not known. A key that is known as an actor only has no id."""
    found: dict[Kind, set[Names]] = {}
    who = set(actors or ())
    if actors is not None:
        found[Kind.ACTORS] = {(name,) for name, actor_type in who if actor_type != "api_key"}
    if api_keys is not None:
        keys = set(api_keys)
        listed = {name for _, name in keys}
        acting = {(name,) for name, actor_type in who if actor_type == "api_key" and name not in listed}
        found[Kind.API_KEYS] = keys | acting
    if workspaces is not None:
        found[Kind.WORKSPACES] = set(workspaces)
    return found


def _dead(kind: Kind, rules: Rules, survey: _Survey) -> list[str]:
    return [
        f"{kind}: {_rule(rule)} matches {_NOTHING[kind]}"
        + ("; a [ that is part of a name is written [[]" if "[" in rule.pattern else "")
        for rule in rules.all
        if rule not in survey.used
    ]


def _competing(kind: Kind, survey: _Survey, *, named: bool) -> list[str]:
    """Those first that only their order in the file decides."""
    ordered = sorted(survey.overlaps.items(), key=lambda item: (item[0][0].form != item[0][1].form, item[0]))
    who = _names if named else _count
    return [
        f"{kind}: {who(overlap)} matched by {_rule(winner)} and {_rule(loser)}: {_shown(winner.team)} is used"
        for (winner, loser), overlap in ordered
    ]


def _count(overlap: _Overlap) -> str:
    return "one is" if overlap.count == 1 else f"{overlap.count} are"


def _names(overlap: _Overlap) -> str:
    shown = [_name(names) for names in overlap.names]
    if more := overlap.count - len(shown):
        shown.append(f"{more} more")
    if len(shown) == 1:
        return f"{shown[0]} is"
    return f"{', '.join(shown[:-1])} and {shown[-1]} are"


def _name(names: Names) -> str:
    first, *others = [_shown(name) for name in reversed(names) if name]
    return f"{first} ({others[0]})" if others else first


def _rule(rule: Rule) -> str:
    return f"{_shown(rule.pattern)} ({_shown(rule.team)})"


def _shown(text: str) -> str:
    short = text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
    return "".join(character if character.isprintable() else "\ufffd" for character in short)


def _few(heading: str, what: str, sentences: Sequence[str]) -> Iterator[str]:
    yield from sentences[:_MOST_SENTENCES]
    if (more := len(sentences) - _MOST_SENTENCES) > 0:
        yield f"{heading}: and {more:,} more {what}"

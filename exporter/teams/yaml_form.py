"""Teams as YAML: an entry per team.

    teams:
      - team: platform
        cost-center: "4711"
        actors: [ann@example.com]

Read from the tree of nodes instead of Python values: it knows the line of everything and the digits of every number,
and a key that is there twice is still there twice.
"""

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from exporter.errors import nearest
from exporter.teams.draft import Draft, shown
from exporter.teams.rules import Kind

_TAG = "tag:yaml.org,2002:"
_TEXT = frozenset({f"{_TAG}str"})
_NUMBERS = frozenset({f"{_TAG}int", f"{_TAG}float"})
_NULL = f"{_TAG}null"
_ENTRY = ("team", "cost-center", *Kind)
_EXAMPLE = "teams: [{team: platform, actors: [ann@example.com]}]"


def read_yaml(text: str, draft: Draft) -> None:
    """Add what `text` says to `draft`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        draft.problem(error.problem_mark.line + 1 if error.problem_mark else None, f"not YAML: {_trouble(error)}")
    except yaml.YAMLError as error:
        draft.problem(None, f"not YAML: {' '.join(str(error).split())}")
    except (ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF" in quotes
        draft.problem(None, f"not YAML: {error}")
    except RecursionError:
        draft.problem(None, f"too deeply nested; it must hold teams such as {_EXAMPLE}")
    else:
        _Reader(draft).read(root)


def _trouble(error: yaml.MarkedYAMLError) -> str:
    text = ", ".join(part for part in (error.context, error.problem) if part)
    unquoted = "alias" in text or "'@'" in text
    return text[:200] + ("; a pattern that begins with * or @ needs quotes" if unquoted else "")


class _Reader:
    """Walks the nodes of one file."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._seen: set[int] = set()

    def read(self, root: Node | None) -> None:
        fields = self._fields(root, ("teams",), f"teams such as {_EXAMPLE}") or {}
        for entry in self._items(fields.get("teams"), "teams"):
            self._entry(entry)

    def _entry(self, node: Node) -> None:
        fields = self._fields(node, _ENTRY, "a team such as {team: platform, actors: [ann@example.com]}")
        if fields is None:
            return
        if "team" not in fields:
            self._problem(node, "an entry without team")
            return
        name = self._text(fields["team"], "team", _TEXT)
        cost_center = self._cost_center(fields.get("cost-center"))
        team = None if name is None else self._draft.team(_line(fields["team"]), name, cost_center)
        for kind in Kind:
            for item in self._items(fields.get(kind), kind):
                pattern = self._text(item, kind, _TEXT)
                if pattern is not None and team is not None:
                    self._draft.pattern(_line(item), kind, pattern, team)

    def _cost_center(self, node: Node | None) -> str:
        if node is None or node.tag == _NULL:
            return ""
        return self._text(node, "cost-center", _TEXT | _NUMBERS) or ""

    def _fields(self, node: Node | None, known: tuple[str, ...], what: str) -> dict[str, Node] | None:
        if not isinstance(node, MappingNode):
            self._problem(node, f"here must be {what}")
            return None
        if self._is_alias(node):
            return None
        fields: dict[str, Node] = {}
        for key, value in node.value:
            name = key.value.replace("_", "-") if isinstance(key, ScalarNode) else "a list or a mapping"
            if name not in known:
                self._problem(key, f"no such key: {shown(name)}{nearest(name[:80], known)}")
            elif name in fields:
                self._problem(key, f"{name} is given twice")
            else:
                fields[name] = value
        return fields

    def _items(self, node: Node | None, name: str) -> list[Node]:
        """The items of a list; none where there is no list, or nothing in it but comments."""
        if node is None or node.tag == _NULL:
            return []
        if not isinstance(node, SequenceNode):
            self._problem(node, f"{name} must be a list, such as {name}: [...]")
            return []
        return [] if self._is_alias(node) else list(node.value)

    def _is_alias(self, node: Node) -> bool:
        """Whether `node` was there before: with aliases of lists, a few lines could stand for millions."""
        if id(node) in self._seen:
            self._problem(node, "aliases of this are not read: write it out each time")
            return True
        self._seen.add(id(node))
        return False

    def _text(self, node: Node, name: str, tags: frozenset[str]) -> str | None:
        if isinstance(node, ScalarNode) and node.tag in tags:
            return str(node.value)
        if isinstance(node, ScalarNode):
            self._problem(node, f"{name}: {shown(node.value)} is not text in YAML: write it in quotes")
        else:
            self._problem(node, f"{name}: here must be text")
        return None

    def _problem(self, node: Node | None, text: str) -> None:
        self._draft.problem(_line(node) if node else None, text)


def _line(node: Node) -> int:
    return node.start_mark.line + 1

"""YAML as plain values: every scalar is the text that stands there, as Go takes it where text is wanted.

Read from the tree of nodes: a key that is there twice is still there twice, and is refused.
"""

import re

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_NULL = "tag:yaml.org,2002:null"
_QUOTED = re.compile("'.*'|\".*\"", re.DOTALL)


def values(text: str) -> object:
    """Mappings, lists, texts and None. Raises ValueError with the line, and nothing of what stands there."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if root is None else _value(root, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"{where}not YAML: {_QUOTED.sub('…', error.problem or '')}") from None
    except yaml.YAMLError:  # a character that YAML does not know
        raise ValueError("not YAML: it has a character that YAML does not allow") from None
    except (OverflowError, RecursionError):
        raise ValueError("not YAML: nested too deeply, or an escape stands for no character") from None


def _value(node: Node, seen: set[int]) -> object:
    if isinstance(node, ScalarNode):
        return None if node.tag == _NULL else str(node.value)
    if id(node) in seen:  # with aliases of mappings and lists, a few lines could stand for millions
        raise _problem(node, "aliases of this are not read: write it out each time")
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        return [_value(item, seen) for item in node.value]
    found: dict[str, object] = {}
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if not isinstance(key, ScalarNode):
            raise _problem(key, "a list or a mapping cannot be a key")
        if key.value in found:
            raise _problem(key, "this key is there twice")
        found[key.value] = _value(value, seen)
    return found


def _problem(node: Node, text: str) -> ValueError:
    return ValueError(f"line {node.start_mark.line + 1}: {text}")

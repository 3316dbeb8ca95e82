"""The table of values in the chart's README: values.yaml, with the comment above each value."""

from collections.abc import Iterator

import yaml
from yaml.nodes import MappingNode, Node

from exporter.tables import table
from tests.helm.chart import CHART


def values_table() -> str:
    """Every value with its default and the comment above it, as a Markdown table."""
    text = (CHART / "values.yaml").read_text()
    lines = text.splitlines()
    rows: list[tuple[str, ...]] = []
    root = yaml.compose(text)
    assert isinstance(root, MappingNode)
    for name, key, value in _leaves(root, lines):
        rows.append((f"`{name}`", _default(value), _comment(key, lines)))
    return table(("value", "default", "meaning"), rows)


def _default(node: Node) -> str:
    """It on one line, as one would write it; nothing for an empty text."""
    text = yaml.safe_dump(yaml.safe_load(yaml.serialize(node)), default_flow_style=True, width=1000)
    text = text.removesuffix("...\n").strip()
    return "" if text == "''" else f"`{text}`"


def _leaves(node: MappingNode, lines: list[str], path: str = "") -> Iterator[tuple[str, Node, Node]]:
    """The values that a comment is about, in order. A mapping is one value if what is in it has no comments."""
    for key, value in node.value:
        within = value.value if isinstance(value, MappingNode) else []
        if any(_comment(one, lines) for one, _ in within if one.start_mark.line > key.start_mark.line):
            yield from _leaves(value, lines, f"{path}{key.value}.")
        else:
            yield f"{path}{key.value}", key, value


def _comment(node: Node, lines: list[str]) -> str:
    above = lines[node.start_mark.line - 1].strip() if node.start_mark.line else ""
    return above.removeprefix("# ") if above.startswith("# ") else ""

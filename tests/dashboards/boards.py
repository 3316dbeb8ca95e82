"""The dashboards as Grafana reads them: their panels, variables and queries."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grafana.__main__ import FOLDER

BOARDS: dict[str, Any] = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


@dataclass(frozen=True, eq=False)
class Query:
    """One query of a panel."""

    board: str
    panel: Mapping[str, Any]
    target: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Of its panel."""
        return str(self.panel["title"])

    @property
    def expression(self) -> str:
        """PromQL, with variables in it."""
        return str(self.target["expr"])

    def __str__(self) -> str:
        return f"{self.board}: {self.title}: {self.target['refId']}"


def panels(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels, those of rows too, without the rows."""
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels") or ()
        else:
            yield panel


def variables(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = board["templating"]["list"]
    return found


QUERIES = [
    Query(name, panel, target)
    for name, board in BOARDS.items()
    for panel in panels(board)
    for target in panel.get("targets") or ()
]

"""Teams as CSV: a line per pattern.

kind,pattern,team,cost_center
actor,ann@example.com,platform,4711
"""

import csv
import re
from collections.abc import Iterator

from exporter.errors import nearest
from exporter.teams.draft import Draft, shown
from exporter.teams.rules import Kind

_KINDS = {"actor": Kind.ACTORS, "api_key": Kind.API_KEYS, "workspace": Kind.WORKSPACES}
_REQUIRED = ("kind", "pattern", "team")
_COLUMNS = (*_REQUIRED, "cost_center")
_NEWLINE = re.compile("\r\n|\n|\r")

_Line = tuple[int, list[str]]


def read_csv(text: str, draft: Draft) -> None:
    """Add what `text` says to `draft`."""
    lines = _lines(text, draft)
    header = next(lines, None)
    if header is None:
        draft.problem(None, f"it is empty; it begins with {','.join(_COLUMNS)}")
        return
    number, columns = header[0], [_word(name) for name in header[1]]
    if _is_header(number, columns, draft):
        for line, fields in lines:
            if len(fields) == len(columns):
                _add(line, dict(zip(columns, fields, strict=True)), draft)
            else:
                draft.problem(line, f"{len(fields)} fields where the header has {len(columns)}")


def _lines(text: str, draft: Draft) -> Iterator[_Line]:
    """The fields of each line that says something. No field may hold a line break, so each line stands alone."""
    for number, line in enumerate(_NEWLINE.split(text), 1):
        if line.lstrip().startswith("#"):
            continue
        try:
            fields = next(csv.reader([line], strict=True, skipinitialspace=True), [])
        except csv.Error as error:
            draft.problem(number, f"not CSV: {error}")
            continue
        if any(field.strip() for field in fields):
            yield number, fields


def _word(text: str) -> str:
    return text.strip().casefold().replace("-", "_")


def _is_header(number: int, columns: list[str], draft: Draft) -> bool:
    problems = [
        f"no such column: {shown(name)}{nearest(name[:80], _COLUMNS)}" for name in columns if name not in _COLUMNS
    ]
    problems += [f"no column {name}" for name in _REQUIRED if name not in columns]
    problems += [f"two columns {name}" for name in _COLUMNS if columns.count(name) > 1]
    if problems:
        hint = f"the first line is {','.join(_COLUMNS)}, in any order, with commas"
        draft.problem(number, f"{'; '.join(problems[:4])} ({hint})")
    return not problems


def _add(line: int, row: dict[str, str], draft: Draft) -> None:
    kind = _KINDS.get(_word(row["kind"]))
    if kind is None:
        draft.problem(line, f"no such kind: {shown(row['kind'])}{nearest(_word(row['kind'])[:80], _KINDS)}")
    team = draft.team(line, row["team"], row.get("cost_center", ""))
    if kind is not None and team is not None:
        draft.pattern(line, kind, row["pattern"], team)

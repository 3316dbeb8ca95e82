"""What the API's words mean: dollars, people, days. No HTTP and no Prometheus here.

What there are ten thousands of is a msgspec struct that the garbage collector need not look at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

_MOST_CENTS = Decimal(10) ** 18


def dollars(cents: Decimal) -> Decimal:
    """US dollars of an amount in cents, exactly: the API states every amount in cents.

    Raises ValueError for what can be no amount.
    """
    if not cents.is_finite() or abs(cents) >= _MOST_CENTS:
        raise ValueError("an amount beyond all bounds")
    return cents.scaleb(-2)


class Who(NamedTuple):
    """Whose Claude Code activity it is, and from where. What the API left out is empty."""

    actor: str
    actor_type: str
    customer_type: str
    subscription_type: str
    terminal: str
    remote: str


class ModelUse(Struct, gc=False):
    """Tokens of one model, and their estimated cost in US dollars where the API states one."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_creation: int = 0
    cost: Decimal | None = None


class Activity(Struct, gc=False):
    """Sums of Claude Code activity. `tools` holds proposals by tool: accepted, rejected."""

    sessions: int = 0
    lines_added: int = 0
    lines_removed: int = 0
    commits: int = 0
    pull_requests: int = 0
    tools: dict[str, list[int]] = {}
    models: dict[str, ModelUse] = {}


@dataclass(frozen=True, eq=False)
class ClaudeCodeDay:
    """What an organization did with Claude Code on one UTC day, or so far."""

    day: date
    by: dict[Who, Activity]


@dataclass(frozen=True)
class Workspace:
    """A workspace. `id` is `default` for the default one."""

    id: str
    name: str
    archived: bool


@dataclass(frozen=True)
class Workspaces:
    """All workspaces, and the real id of the default one where the API tells it."""

    all: tuple[Workspace, ...]
    default_id: str | None

    def label(self, workspace_id: str) -> str:
        """`workspace_id` as it is exported."""
        return DEFAULT_WORKSPACE if workspace_id == self.default_id else workspace_id

    def ids_named(self, name: str) -> frozenset[str]:
        """The ids of the workspaces of this name."""
        return frozenset(workspace.id for workspace in self.all if workspace.name == name)


DEFAULT_WORKSPACE = "default"
ORGANIZATION_SCOPE = "organization"


def active(workspaces: Iterable[Workspace]) -> list[Workspace]:
    """Those that are not archived."""
    return [workspace for workspace in workspaces if not workspace.archived]

"""What the API's words mean: dollars, people, days. No HTTP and no Prometheus here.

What there are ten thousands of is a msgspec struct that the garbage collector need not look at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, Literal, NamedTuple, TypeVar

from msgspec import Struct

from exporter.api.wire import ApiKey, User
from exporter.windows import Days

Key = TypeVar("Key")
Value = TypeVar("Value")
Sum = TypeVar("Sum", "ModelUse", "Proposals")

_MOST_DIGITS = 18


def dollars(cents: Decimal) -> Decimal:
    """US dollars of an amount in cents, exactly: the API states every amount in cents.

    Raises ValueError for what can be no amount.
    """
    # By its exponent: to compare what has one of nine digits overflows.
    if not cents.is_finite() or cents.adjusted() >= _MOST_DIGITS:
        raise ValueError("an amount beyond all bounds")
    return cents.scaleb(-2)


class Who(NamedTuple):
    """Whose Claude Code activity it is, and from where. What the API left out is empty, what is not exported None.

    `team` is None unless it was looked up when the row was read. `part` tells rows apart where costs and activity are
    exported under different names.
    """

    actor: str
    actor_type: str
    customer_type: str | None
    subscription_type: str | None
    terminal: str | None
    remote: str | None
    team: str | None = None
    part: Literal["", "costs", "activity"] = ""


class Spender(NamedTuple):
    """Who spends what windows of Claude Code add up. `team` as in `Who`."""

    actor: str
    actor_type: str
    customer_type: str | None
    team: str | None = None


class ModelUse(Struct, gc=False, array_like=True):
    """Tokens of one model, and their estimated cost in US dollars where the API states one."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_creation: int = 0
    cost: Decimal | None = None

    def __add__(self, other: "ModelUse") -> "ModelUse":
        """Both together."""
        cost = other.cost if self.cost is None else self.cost + (other.cost or 0)
        return ModelUse(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_creation + other.cache_creation,
            cost,
        )


class Proposals(Struct, gc=False, array_like=True):
    """What a tool proposed: how often it was accepted, and how often rejected."""

    accepted: int = 0
    rejected: int = 0

    def __add__(self, other: "Proposals") -> "Proposals":
        """Both together."""
        return Proposals(self.accepted + other.accepted, self.rejected + other.rejected)


class Activity(Struct, gc=False, array_like=True):
    """Sums of Claude Code activity."""

    sessions: int = 0
    lines_added: int = 0
    lines_removed: int = 0
    commits: int = 0
    pull_requests: int = 0
    tools: dict[str, Proposals] = {}
    models: dict[str, ModelUse] = {}

    def __add__(self, other: "Activity") -> "Activity":
        """Both together, in sums of their own."""
        return Activity(
            self.sessions + other.sessions,
            self.lines_added + other.lines_added,
            self.lines_removed + other.lines_removed,
            self.commits + other.commits,
            self.pull_requests + other.pull_requests,
            _merged(self.tools, other.tools),
            _merged(self.models, other.models),
        )


def add(sums: dict[str, Sum], name: str, one: Sum) -> None:
    """Add `one` to what there is under this name."""
    before = sums.get(name)
    sums[name] = one if before is None else before + one


def _merged(some: Mapping[str, Sum], others: Mapping[str, Sum]) -> dict[str, Sum]:
    both = dict(some)
    for name, one in others.items():
        add(both, name, one)
    return both


class Tokens(Struct, gc=False, array_like=True):
    """Tokens of the Messages API by type, and web searches, which are paid one by one."""

    uncached_input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_creation_5m: int = 0
    cache_creation_1h: int = 0
    web_search_requests: int = 0


class Billed(NamedTuple):
    """What was paid for. `token_type` is written as in `Tokens`; what the API left out is empty."""

    workspace_id: str
    cost_type: str
    model: str
    token_type: str
    service_tier: str
    context_window: str
    description: str


@dataclass(frozen=True, eq=False)
class Day(Generic[Key, Value]):
    """What one report says about one UTC day, or of a running one so far. Rows with equal keys are summed."""

    day: date
    by: dict[Key, Value]


@dataclass(frozen=True, eq=False)
class ClaudeCodeDay(Day[Who, Activity]):
    """What an organization did with Claude Code.

    `people`: dollars by spender under names that are not exported, so not kept either; None where `by` has the names,
    and for a kept day.
    """

    people: Mapping[Spender, Decimal] | None = None


class UsageDay(Day[tuple[str, ...], Tokens]):
    """Tokens of the Messages API by the dimensions that were asked for, in their order."""


class CostDay(Day[Billed, Decimal]):
    """Billed cost in US dollars."""


@dataclass(frozen=True, eq=False)
class Open(Generic[Key, Value]):
    """The days that are not complete yet, oldest first: the running one, and until it has settled the one before."""

    days: tuple[Day[Key, Value], ...]

    @property
    def running(self) -> Day[Key, Value]:
        """The running day."""
        return self.days[-1]


class ClaudeCodeOpen(Open[Who, Activity]):
    """Claude Code on open days."""


class UsageOpen(Open[tuple[str, ...], Tokens]):
    """Tokens of the Messages API on open days."""


class CostOpen(Open[Billed, Decimal]):
    """Billed cost of open days."""


class ClaudeCodeDays(Days[Mapping[Spender, Decimal]]):
    """Estimated cost by spender; whoever did anything is in it."""


class UsageDays(Days[Mapping[str, None]]):
    """Which API keys were used; nothing where usage is not grouped by key."""


class CostDays(Days[Mapping[str, Decimal]]):
    """Billed cost by workspace, as the API names them: `default` where it gives null."""


@dataclass(frozen=True)
class Members:
    """All members: users, as the API describes them, as of `read_at`."""

    all: tuple[User, ...]
    read_at: datetime = field(compare=False)


@dataclass(frozen=True)
class RolesSince:
    """By user id: since when a member has been seen in the role that it has."""

    since: dict[str, datetime]


@dataclass(frozen=True)
class ApiKeys:
    """All API keys."""

    all: tuple[ApiKey, ...]


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

    @property
    def names(self) -> dict[str, str]:
        """The names by id."""
        return {workspace.id: workspace.name for workspace in self.all}

    def has(self, text: str) -> bool:
        """Whether one of them has this id or this name."""
        return any(text in (workspace.id, workspace.name) for workspace in self.all)

    def ids_named(self, name: str) -> frozenset[str]:
        """The ids of the workspaces of this name."""
        return frozenset(workspace.id for workspace in self.all if workspace.name == name)


DEFAULT_WORKSPACE = "default"
ORGANIZATION_SCOPE = "organization"


def active(workspaces: Iterable[Workspace]) -> list[Workspace]:
    """Those that are not archived."""
    return [workspace for workspace in workspaces if not workspace.archived]

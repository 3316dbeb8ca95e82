"""What the Admin API says, field by field, as far as we read it.

Unknown fields are ignored and open sets (roles, statuses, terminals, models, tools) stay plain strings. A field
has a default only where the reference says that it may be missing; `| None` where it may be null, and for counts,
where null can only mean none.
Admin API reference: docs.claude.com/en/api/admin-api, docs.claude.com/en/api/claude-code-analytics-api,
docs.claude.com/en/api/usage-cost-api.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, field

Row = TypeVar("Row")
Time = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, le=2**53)] | None
"""No more than a number of Prometheus holds exactly; one that is no number there costs the whole scrape."""


@dataclass(frozen=True)
class Endpoint(Generic[Row]):
    """A list of the API: its path below `/v1/organizations/` and the type of its rows.

    `rows_have_ids`: pages follow each other by `after_id`; otherwise by an opaque `page`. `limit` is the largest there
    is; of reports by buckets it counts these. `beta` names what the header `anthropic-beta` has to ask for.
    """

    path: str
    row: type[Row]
    rows_have_ids: bool = True
    limit: int = 1000
    beta: str = ""


def _expect_utc(instant: datetime) -> None:
    """Raise ValueError for a time that no datetime holds in UTC: whoever decodes it finds a wrong type."""
    try:
        instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time beyond all bounds") from None


class Page(Struct, Generic[Row], gc=False):
    """The envelope of both paging families."""

    data: list[Row]
    has_more: bool | None = None
    next_page: str | None = None
    last_id: str | None = None


class ErrorText(Struct):
    """The inner part of an error body."""

    type: str = ""
    message: str = ""


class ErrorBody(Struct):
    """An error body."""

    error: ErrorText
    request_id: str | None = None


class Organization(Struct, frozen=True):
    """GET /me."""

    id: str
    name: str


class User(Struct, frozen=True, gc=False):
    """GET /users."""

    id: str
    email: str | None
    role: str
    added_at: Time

    def __post_init__(self) -> None:
        _expect_utc(self.added_at)


class Invite(Struct, frozen=True, gc=False):
    """GET /invites. Old ones stay in the list."""

    id: str
    role: str
    status: str
    expires_at: Time


class Workspace(Struct, frozen=True, gc=False):
    """GET /workspaces."""

    id: str
    name: str
    archived_at: Time | None = None


class WorkspaceMember(Struct, frozen=True, gc=False):
    """GET /workspaces/{workspace_id}/members."""

    workspace_role: str
    id: str = field(name="user_id")


class Scope(Struct, frozen=True, gc=False):
    """What an API key is good for: one workspace, or the organization."""

    type: str
    workspace_id: str | None = None


class Creator(Struct, frozen=True, gc=False):
    """Who made an API key: a user or a service account."""

    id: str
    type: str


class ApiKey(Struct, frozen=True, gc=False):
    """GET /api_keys. The key hint is not read: what we do not hold we cannot leak."""

    id: str
    name: str | None
    status: str
    created_at: Time
    expires_at: Time | None = None
    created_by: Creator | None = None
    workspace_id: str | UnsetType | None = UNSET
    scope: Scope | None = None


class Actor(Struct, gc=False):
    """A person by e-mail, or an API key by name."""

    type: str
    email_address: str | None = None
    api_key_name: str | None = None


class Lines(Struct, gc=False):
    """Lines of code."""

    added: Count
    removed: Count


class CoreMetrics(Struct, gc=False):
    """Counts of one record."""

    num_sessions: Count
    lines_of_code: Lines | None
    commits_by_claude_code: Count
    pull_requests_by_claude_code: Count


class ToolActions(Struct, gc=False):
    """Proposals of one tool."""

    accepted: Count
    rejected: Count


class ModelTokens(Struct, gc=False):
    """Tokens of one model. `cache_creation` is one number here, unlike in the usage report."""

    input: Count
    output: Count
    cache_read: Count
    cache_creation: Count


class Money(Struct, gc=False):
    """An amount in **cents** of `currency`."""

    amount: Decimal
    currency: str


class ModelBreakdown(Struct, gc=False):
    """One model's part of a record."""

    model: str
    tokens: ModelTokens | None
    estimated_cost: Money | None


class ClaudeCodeRecord(Struct, gc=False):
    """GET /usage_report/claude_code. Several rows for one actor and day are normal: sum them."""

    date: str
    actor: Actor
    core_metrics: CoreMetrics | None
    tool_actions: dict[str, ToolActions | None] | None
    model_breakdown: list[ModelBreakdown] | None
    customer_type: str | None = None
    subscription_type: str | None = None
    terminal_type: str | None = None
    is_remote: bool | None = None


class Bucket(Struct, Generic[Row]):
    """A UTC day of a report. The rows carry no time of their own; a day without any is there all the same."""

    starting_at: Time
    results: list[Row]

    def __post_init__(self) -> None:
        _expect_utc(self.starting_at)


class CacheCreation(Struct, gc=False):
    """Tokens written to the cache, by how long they are kept there."""

    ephemeral_5m_input_tokens: Count = 0
    ephemeral_1h_input_tokens: Count = 0


class ServerToolUse(Struct, gc=False):
    """Uses of tools that run on the API's side."""

    web_search_requests: Count = 0


class UsageRow(Struct, gc=False):
    """GET /usage_report/messages, one row of a bucket. A dimension is null where it is not grouped by, too."""

    uncached_input_tokens: Count
    output_tokens: Count
    cache_read_input_tokens: Count
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerToolUse | None = None
    account_id: str | None = None
    api_key_id: str | None = None
    context_window: str | None = None
    inference_geo: str | None = None
    model: str | None = None
    service_account_id: str | None = None
    service_tier: str | None = None
    speed: str | None = None
    workspace_id: str | None = None


class CostRow(Struct, gc=False):
    """GET /cost_report, one row of a bucket. `amount` is in **cents**, a decimal text with many decimals."""

    amount: Decimal
    currency: str
    context_window: str | None = None
    cost_type: str | None = None
    description: str | None = None
    model: str | None = None
    service_tier: str | None = None
    token_type: str | None = None
    workspace_id: str | None = None


USERS = Endpoint("users", User)
INVITES = Endpoint("invites", Invite)
WORKSPACES = Endpoint("workspaces", Workspace)
WORKSPACE_MEMBERS = Endpoint("workspaces/{workspace_id}/members", WorkspaceMember)
API_KEYS = Endpoint("api_keys", ApiKey)
CLAUDE_CODE = Endpoint("usage_report/claude_code", ClaudeCodeRecord, rows_have_ids=False)
USAGE = Endpoint("usage_report/messages", Bucket[UsageRow], rows_have_ids=False, limit=31)
COST = Endpoint("cost_report", Bucket[CostRow], rows_have_ids=False, limit=31)

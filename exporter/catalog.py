"""Every metric we export: name, type, labels, help and where the number comes from.

The README's table and the dashboards are checked against this list. A name that leaves it, or changes
its labels, breaks somebody's dashboard: see CHANGELOG.md.
"""

from dataclasses import dataclass
from typing import Literal

BASE = "GET /v1/organizations/"


@dataclass(frozen=True)
class Metric:
    """One metric family. `labels` come after `organization`, in the order in which they are written."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    source: str = "the exporter"
    type: Literal["gauge", "counter", "histogram"] = "gauge"
    organization: bool = True

    @property
    def all_labels(self) -> tuple[str, ...]:
        """The labels as a user sees them."""
        return (("organization",) if self.organization else ()) + self.labels


_TODAY_LABELS = ("actor", "actor_type", "customer_type")
_ACTOR_LABELS = ("actor", "actor_type", "customer_type", "subscription_type", "terminal", "remote")
_CLAUDE_CODE = BASE + "usage_report/claude_code"


def _claude_code(name: str, text: str, field: str, *more: str) -> Metric:
    return Metric(f"anthropic_claude_code_{name}", text, (*_ACTOR_LABELS, *more), f"{_CLAUDE_CODE}, {field}")


# Claude Code: the report day.
SESSIONS = _claude_code("sessions", "Claude Code sessions on the report day.", "core_metrics.num_sessions")
LINES = _claude_code(
    "lines_of_code",
    "Lines of code added or removed by Claude Code on the report day.",
    "core_metrics.lines_of_code",
    "change",
)
COMMITS = _claude_code(
    "commits", "Git commits made by Claude Code on the report day.", "core_metrics.commits_by_claude_code"
)
PULL_REQUESTS = _claude_code(
    "pull_requests",
    "Pull requests made by Claude Code on the report day.",
    "core_metrics.pull_requests_by_claude_code",
)
TOOL_ACTIONS = _claude_code(
    "tool_actions",
    "Proposals of Claude Code tools that people accepted or rejected on the report day.",
    "tool_actions",
    "tool",
    "decision",
)
TOKENS = _claude_code(
    "tokens", "Tokens used by Claude Code on the report day.", "model_breakdown[].tokens", "model", "token_type"
)
ESTIMATED_COST = _claude_code(
    "estimated_cost_usd",
    "Estimated cost of Claude Code on the report day in US dollars. An estimate at list prices: not the bill.",
    "model_breakdown[].estimated_cost",
    "model",
)
CLAUDE_CODE_REPORT_DAY = Metric(
    "anthropic_claude_code_report_day_timestamp_seconds",
    "Start of the report day: the newest UTC day whose Claude Code numbers are complete.",
    (),
    _CLAUDE_CODE,
)

# Claude Code: the running day.
TODAY_SESSIONS = Metric(
    "anthropic_claude_code_today_sessions",
    "Claude Code sessions of the running UTC day, so far.",
    _TODAY_LABELS,
    f"{_CLAUDE_CODE}, core_metrics.num_sessions",
)
TODAY_ESTIMATED_COST = Metric(
    "anthropic_claude_code_today_estimated_cost_usd",
    "Estimated cost of Claude Code of the running UTC day, so far, in US dollars.",
    (*_TODAY_LABELS, "model"),
    f"{_CLAUDE_CODE}, model_breakdown[].estimated_cost",
)

# The organization.
ORGANIZATION_INFO = Metric(
    "anthropic_organization_info", "The organization of the credential.", ("organization_id", "name"), BASE + "me"
)
MEMBERS = Metric("anthropic_members", "Members of the organization.", ("role",), BASE + "users")
MEMBER_INFO = Metric("anthropic_member_info", "A member.", ("user_id", "email", "role"), BASE + "users")
MEMBER_ADDED = Metric(
    "anthropic_member_added_timestamp_seconds", "When a member was added.", ("user_id",), BASE + "users, added_at"
)
INVITES = Metric(
    "anthropic_invites", "Invitations, past ones included: look at the status.", ("status", "role"), BASE + "invites"
)
INVITE_EXPIRES = Metric(
    "anthropic_invite_expires_timestamp_seconds",
    "When a pending invitation expires.",
    ("invite_id", "role"),
    BASE + "invites, expires_at",
)
WORKSPACES = Metric("anthropic_workspaces", "Workspaces, the default one included.", ("state",), BASE + "workspaces")
WORKSPACE_INFO = Metric(
    "anthropic_workspace_info", "A workspace.", ("workspace_id", "name", "state"), BASE + "workspaces"
)
WORKSPACE_MEMBERS = Metric(
    "anthropic_workspace_members",
    "Members of an active workspace. The default workspace has no list of members.",
    ("workspace_id", "role"),
    BASE + "workspaces/{workspace_id}/members",
)
API_KEYS = Metric("anthropic_api_keys", "API keys.", ("status", "workspace_id"), BASE + "api_keys")
API_KEY_INFO = Metric(
    "anthropic_api_key_info",
    "An API key. Names are neither unique nor fixed: join on api_key_id.",
    ("api_key_id", "name", "workspace_id", "scope", "status", "created_by_id", "created_by_type", "kind"),
    BASE + "api_keys",
)
API_KEY_CREATED = Metric(
    "anthropic_api_key_created_timestamp_seconds",
    "When an API key was created.",
    ("api_key_id",),
    BASE + "api_keys, created_at",
)
API_KEY_EXPIRES = Metric(
    "anthropic_api_key_expires_timestamp_seconds",
    "When an API key expires; absent for keys that never do.",
    ("api_key_id",),
    BASE + "api_keys, expires_at",
)

API_METRICS = (
    SESSIONS,
    LINES,
    COMMITS,
    PULL_REQUESTS,
    TOOL_ACTIONS,
    TOKENS,
    ESTIMATED_COST,
    CLAUDE_CODE_REPORT_DAY,
    TODAY_SESSIONS,
    TODAY_ESTIMATED_COST,
    ORGANIZATION_INFO,
    MEMBERS,
    MEMBER_INFO,
    MEMBER_ADDED,
    INVITES,
    INVITE_EXPIRES,
    WORKSPACES,
    WORKSPACE_INFO,
    WORKSPACE_MEMBERS,
    API_KEYS,
    API_KEY_INFO,
    API_KEY_CREATED,
    API_KEY_EXPIRES,
)

# The exporter itself.
BUILD_INFO = Metric(
    "anthropic_exporter_build_info", "The running exporter.", ("version", "revision"), organization=False
)
POLL_SUCCESS = Metric("anthropic_exporter_poll_success", "Whether the last poll succeeded.", ("poll",))
POLLS = Metric("anthropic_exporter_polls_total", "Polls that ended, well or not.", ("poll",), type="counter")
POLL_FAILURES = Metric(
    "anthropic_exporter_poll_failures_total", "Polls that failed.", ("poll", "reason"), type="counter"
)
POLL_DURATION = Metric("anthropic_exporter_poll_duration_seconds", "How long the last poll took.", ("poll",))
POLL_INTERVAL = Metric("anthropic_exporter_poll_interval_seconds", "How often a poll is due.", ("poll",))
LAST_SUCCESS = Metric(
    "anthropic_exporter_last_success_timestamp_seconds", "When a poll last succeeded; absent if never.", ("poll",)
)
NEXT_POLL = Metric("anthropic_exporter_next_poll_timestamp_seconds", "When a poll is due next.", ("poll",))
WITHDRAWN = Metric(
    "anthropic_exporter_snapshot_withdrawn",
    "Whether the series of a poll are not exported any more, because its last success is too old.",
    ("poll",),
)
ROWS = Metric("anthropic_exporter_rows", "Rows that the API gave to the last successful poll.", ("poll",))
SERIES = Metric("anthropic_exporter_series", "Series made from the last successful poll.", ("poll",))
SKIPPED_ROWS = Metric(
    "anthropic_exporter_skipped_rows",
    "Rows of the last poll that were left out: of a wrong type, or an amount in another currency.",
    ("poll", "cause"),
)
API_REQUESTS = Metric(
    "anthropic_exporter_api_requests_total",
    "Requests to the Admin API by HTTP status; none where no answer came.",
    ("endpoint", "code"),
    type="counter",
)
API_REQUEST_DURATION = Metric(
    "anthropic_exporter_api_request_duration_seconds",
    "How long requests to the Admin API took.",
    ("endpoint",),
    type="histogram",
)

EXPORTER_METRICS = (
    BUILD_INFO,
    POLL_SUCCESS,
    POLLS,
    POLL_FAILURES,
    POLL_DURATION,
    POLL_INTERVAL,
    LAST_SUCCESS,
    NEXT_POLL,
    WITHDRAWN,
    ROWS,
    SERIES,
    SKIPPED_ROWS,
    API_REQUESTS,
    API_REQUEST_DURATION,
)

METRICS = API_METRICS + EXPORTER_METRICS

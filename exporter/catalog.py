"""Every metric we export: name, type, labels, help and where the number comes from.

The README's table and the dashboards are checked against this list. A name that leaves it, or changes
its labels, breaks somebody's dashboard: see CHANGELOG.md.
"""

from dataclasses import dataclass, replace
from typing import Literal

BASE = "GET /v1/organizations/"


@dataclass(frozen=True)
class Metric:
    """One metric family. `labels` come after `organization`, in the order in which they are written.

    `team` is there only where a teams file is given.
    """

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


_TODAY_LABELS = ("actor", "actor_type", "team", "customer_type")
_ACTOR_LABELS = (*_TODAY_LABELS, "subscription_type", "terminal", "remote")
_CLAUDE_CODE = BASE + "usage_report/claude_code"
_USAGE = BASE + "usage_report/messages"
_COST = BASE + "cost_report"


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

# Claude Code: several days.
ACTIVE_ACTORS = Metric(
    "anthropic_claude_code_active_actors",
    "People and API keys that used Claude Code in the window.",
    ("window", "team", "actor_type"),
    _CLAUDE_CODE,
)
WINDOW_ESTIMATED_COST = Metric(
    "anthropic_claude_code_window_estimated_cost_usd",
    "Estimated cost of Claude Code in the window in US dollars.",
    (*_TODAY_LABELS, "window"),
    f"{_CLAUDE_CODE}, model_breakdown[].estimated_cost",
)
NOT_MEMBERS = Metric(
    "anthropic_claude_code_actors_not_members",
    "People who used Claude Code on the report day and are no members now.",
    (),
    f"{_CLAUDE_CODE}; {BASE}users",
)

# Usage. Its dimensions are those of polls.usage.group-by.
USAGE_DIMENSIONS = ("workspace_id", "api_key_id", "model", "service_tier", "context_window")
USAGE_TOKENS = Metric(
    "anthropic_usage_tokens",
    "Tokens of the Messages API on the report day.",
    (*USAGE_DIMENSIONS, "token_type"),
    f"{_USAGE}, data[].results[]",
)
USAGE_SEARCHES = Metric(
    "anthropic_usage_web_search_requests",
    "Web searches of the Messages API on the report day.",
    USAGE_DIMENSIONS,
    f"{_USAGE}, server_tool_use.web_search_requests",
)
USAGE_TODAY_TOKENS = Metric(
    "anthropic_usage_today_tokens",
    "Tokens of the Messages API of the running UTC day, so far.",
    USAGE_TOKENS.labels,
    USAGE_TOKENS.source,
)
USAGE_TODAY_SEARCHES = Metric(
    "anthropic_usage_today_web_search_requests",
    "Web searches of the Messages API of the running UTC day, so far.",
    USAGE_DIMENSIONS,
    USAGE_SEARCHES.source,
)
USAGE_REPORT_DAY = Metric(
    "anthropic_usage_report_day_timestamp_seconds",
    "Start of the report day: the newest UTC day whose usage is complete.",
    (),
    _USAGE,
)

# Billed cost.
COST = Metric(
    "anthropic_cost_usd",
    "Billed cost of the report day in US dollars, before credits and tax.",
    ("workspace_id", "cost_type", "model", "token_type", "service_tier", "context_window", "description"),
    f"{_COST}, data[].results[].amount",
)
COST_TODAY = Metric(
    "anthropic_cost_today_usd",
    "Billed cost of the running UTC day, so far, in US dollars.",
    COST.labels,
    COST.source,
)
COST_WINDOW = Metric(
    "anthropic_cost_window_usd",
    "Billed cost of the window in US dollars.",
    ("window", "workspace_id"),
    COST.source,
)
COST_REPORT_DAY = Metric(
    "anthropic_cost_report_day_timestamp_seconds",
    "Start of the report day: the newest UTC day whose cost is complete.",
    (),
    _COST,
)
WINDOW_DAYS = Metric(
    "anthropic_window_days",
    "Days that a window really holds: fewer than its name says while days are being read.",
    ("window", "source"),
    f"{_CLAUDE_CODE}; {_USAGE}; {_COST}",
)
WINDOW_ACTIVE_DAYS = Metric(
    "anthropic_window_active_days",
    "Days of a window on which anybody used Claude Code, or anything was billed: what a usual day is an average of.",
    ("window", "source"),
    f"{_CLAUDE_CODE}; {_COST}",
)

# Budgets.
BUDGET = Metric(
    "anthropic_budget_usd", "Budget of a month in US dollars.", ("budget", "scope"), "the setting `budgets`"
)
BUDGET_SPENT = Metric(
    "anthropic_budget_spent_usd",
    "Spent of the budget in the current UTC month so far, in US dollars.",
    BUDGET.labels,
    f"{_COST} for organization and workspace; {_CLAUDE_CODE} for team and actor",
)
BUDGET_FORECAST = Metric(
    "anthropic_budget_forecast_usd",
    "What will be spent of the budget by the end of the current UTC month if days go on like the last 28.",
    BUDGET.labels,
    BUDGET_SPENT.source,
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
MEMBER_ROLE_SINCE = Metric(
    "anthropic_member_role_since_timestamp_seconds",
    "Since when a member has been seen in its role; for a role never seen to change, when the member was added.",
    ("user_id", "role"),
    BASE + "users, role",
)
MEMBER_LAST_ACTIVE = Metric(
    "anthropic_member_last_active_day_timestamp_seconds",
    "Start of the newest settled day on which a member used Claude Code; absent if on none that is kept.",
    ("user_id",),
    f"{BASE}users; {_CLAUDE_CODE}",
)
TEAM_INFO = Metric("anthropic_team_info", "A team of the teams file.", ("team", "cost_center"), "the teams file")
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
    "anthropic_workspace_info", "A workspace.", ("workspace_id", "name", "state", "team"), BASE + "workspaces"
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
    ("api_key_id", "name", "workspace_id", "scope", "status", "created_by_id", "created_by_type", "kind", "team"),
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

API_KEY_LAST_USED = Metric(
    "anthropic_api_key_last_used_day_timestamp_seconds",
    "Start of the newest settled day on which an API key was used; absent if on none that is kept.",
    ("api_key_id",),
    _USAGE,
)
API_KEY_ORPHANED = Metric(
    "anthropic_api_key_orphaned",
    "Whether the user who made an API key is no member any more; only for keys made by users.",
    ("api_key_id",),
    f"{BASE}api_keys, created_by; {BASE}users",
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
    ACTIVE_ACTORS,
    WINDOW_ESTIMATED_COST,
    NOT_MEMBERS,
    USAGE_TOKENS,
    USAGE_SEARCHES,
    USAGE_REPORT_DAY,
    USAGE_TODAY_TOKENS,
    USAGE_TODAY_SEARCHES,
    COST,
    COST_REPORT_DAY,
    COST_TODAY,
    COST_WINDOW,
    WINDOW_DAYS,
    WINDOW_ACTIVE_DAYS,
    BUDGET,
    BUDGET_SPENT,
    BUDGET_FORECAST,
    ORGANIZATION_INFO,
    TEAM_INFO,
    MEMBERS,
    MEMBER_INFO,
    MEMBER_ADDED,
    MEMBER_ROLE_SINCE,
    MEMBER_LAST_ACTIVE,
    INVITES,
    INVITE_EXPIRES,
    WORKSPACES,
    WORKSPACE_INFO,
    WORKSPACE_MEMBERS,
    API_KEYS,
    API_KEY_INFO,
    API_KEY_CREATED,
    API_KEY_EXPIRES,
    API_KEY_LAST_USED,
    API_KEY_ORPHANED,
)


def daily(metric: Metric) -> Metric:
    """The twin of a metric of the report day: a sample for every settled day, stamped with the day's start."""
    name = metric.name.replace("anthropic_", "anthropic_daily_", 1)
    text = metric.help.replace("the report day", "the day that begins at the timestamp")
    return replace(metric, name=name, help=text)


DAILY_METRICS = tuple(
    daily(metric)
    for metric in (
        SESSIONS,
        LINES,
        COMMITS,
        PULL_REQUESTS,
        TOOL_ACTIONS,
        TOKENS,
        ESTIMATED_COST,
        USAGE_TOKENS,
        USAGE_SEARCHES,
        COST,
    )
)
"""Not on /metrics: they go to a file or to a receiver of remote write."""

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
CREDENTIAL_EXPIRES = Metric(
    "anthropic_exporter_credential_expires_timestamp_seconds",
    "When the exporter's own key expires, as api.key-expires says; absent without it.",
)
FOLDED_ACTORS = Metric(
    "anthropic_exporter_folded_actors",
    "Actors of the last 30 days that are summed up as other, because there are more than limits.actors.",
)
LEDGER_PERSISTENT = Metric(
    "anthropic_exporter_ledger_persistent",
    "Whether settled days are kept in a file; 0 without storage.path, and where its file cannot be used.",
)
TEAMS_FILE_SUCCESS = Metric(
    "anthropic_exporter_teams_file_success",
    "Whether the teams file could be read the last time it changed; absent without one.",
)
WEB_CONFIG_SUCCESS = Metric(
    "anthropic_exporter_web_config_success",
    "Whether the web configuration and the files it names could be used when they last changed; absent without one.",
)
HISTORY_PENDING = Metric(
    "anthropic_exporter_history_pending",
    "Settled days that are held, can no longer change and have not been pushed; absent without a receiver.",
    ("source",),
)
HISTORY_LAST_DAY = Metric(
    "anthropic_exporter_history_last_pushed_day_timestamp_seconds",
    "Start of the newest day that was pushed; absent if none was.",
    ("source",),
)
HISTORY_SAMPLES = Metric(
    "anthropic_exporter_history_pushed_samples_total", "Samples that the receiver took.", ("source",), type="counter"
)
HISTORY_REFUSED = Metric(
    "anthropic_exporter_history_refused_samples_total",
    "Samples that the receiver refused, one by one; the log names them.",
    ("source",),
    type="counter",
)
HISTORY_CHANGED = Metric(
    "anthropic_exporter_history_changed_total",
    "Days that the API corrected after they were pushed: raise history.restate-days.",
    ("source",),
    type="counter",
)
HISTORY_FAILURES = Metric(
    "anthropic_exporter_history_push_failures_total", "Pushes of a day that failed.", ("reason",), type="counter"
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
    FOLDED_ACTORS,
    CREDENTIAL_EXPIRES,
    LEDGER_PERSISTENT,
    TEAMS_FILE_SUCCESS,
    WEB_CONFIG_SUCCESS,
    HISTORY_PENDING,
    HISTORY_LAST_DAY,
    HISTORY_SAMPLES,
    HISTORY_REFUSED,
    HISTORY_CHANGED,
    HISTORY_FAILURES,
    API_REQUESTS,
    API_REQUEST_DURATION,
)

METRICS = API_METRICS + DAILY_METRICS + EXPORTER_METRICS

"""PromQL that all dashboards share. Metrics are those of the catalogue, so that no name can be wrong."""

from exporter import catalog
from exporter.catalog import Metric, daily

TWINS = "instance, pod, container, endpoint, node, job, namespace, service"
"""What tells two scraped exporters of one organization apart, or a pod from the one that it replaced."""

BILLED = "organization_model:anthropic_cost_usd:sum"
BILLED_BY_WORKSPACE = "organization_workspace:anthropic_cost_usd:sum"
BILLED_BY_TYPE = "organization_cost_type:anthropic_cost_usd:sum"
USUAL = "organization:anthropic_cost_usd:usual"
ESTIMATED = "organization_team_model:anthropic_claude_code_estimated_cost_usd:sum"
SESSIONS = "organization_team:anthropic_claude_code_sessions:sum"
LINES = "organization_team:anthropic_claude_code_lines_of_code:sum"
COMMITS = "organization_team:anthropic_claude_code_commits:sum"
PULL_REQUESTS = "organization_team:anthropic_claude_code_pull_requests:sum"
ACTIONS = "organization_team_tool:anthropic_claude_code_tool_actions:sum"
TOKENS = "organization_model:anthropic_usage_tokens:sum"
"""Recording rules of deploy/prometheus/recording.yml, by what they add up."""

_REPORT_DAYS = {
    "anthropic_claude_code": catalog.CLAUDE_CODE_REPORT_DAY,
    "anthropic_usage": catalog.USAGE_REPORT_DAY,
    "anthropic_cost": catalog.COST_REPORT_DAY,
}
_FROM_VARIABLES = {"organization": 'organization=~"$organization"', "team": 'team=~"$team"'}


def selector(name: str, labels: tuple[str, ...], *matchers: str) -> str:
    """A selector of `name` for what the dashboard's variables choose; `matchers` replace those of their label."""
    own = {matcher.split("=")[0].rstrip("!") for matcher in matchers}
    chosen = [text for label, text in _FROM_VARIABLES.items() if label in labels and label not in own]
    return f"{name}{{{', '.join((*chosen, *matchers))}}}"


def one(metric: Metric, *matchers: str, end: bool = False) -> str:
    """The samples of a metric, each once however many exporters of an organization are scraped.

    Over time those of each instant, or always those of the `end` of the time range.
    """
    series = selector(metric.name, metric.all_labels, *matchers)
    return f"max without ({TWINS}) ({series}{' @ end()' if end else ''})"


def total(metric: Metric, *matchers: str, by: str = "", end: bool = False) -> str:
    """The sum of a metric, by the labels `by`."""
    return f"sum{_by(by)}({one(metric, *matchers, end=end)})"


def recorded(rule: str, *matchers: str) -> str:
    """The samples of a recording rule such as `organization_team:anthropic_claude_code_commits:sum`."""
    level = rule.partition(":")[0]
    return selector(rule, tuple(level.split("_")), *matchers)


def bars(metric: Metric, rule: str, *matchers: str, by: str = "") -> str:
    """A sum for each UTC day, at the instant at which the day begins; for a range query with a step of one day.

    From the daily series of `metric` where they exist, else from its recording `rule`.
    """
    keep = _with_organization(by)
    scraped = on_its_day(f"sum by ({keep}) ({recorded(rule, *matchers)})", report_day(metric))
    return f"sum{_by(by)}({exact(metric, *matchers, by=keep)} or on (organization) {scraped})"


def exact(metric: Metric, *matchers: str, by: str) -> str:
    """The sums of a day that history has, at the instant at which it begins."""
    return f"sum by ({by}) ({of_the_day(metric, *matchers)})"


def of_the_day(metric: Metric, *matchers: str) -> str:
    """The samples of a day that history has, at the instant at which it begins.

    A second later, because a range holds one or both of its ends, by the version of what answers: so it holds one day.
    """
    twin = daily(metric)
    return f"sum_over_time({selector(twin.name, twin.all_labels, *matchers)}[1d] offset -1s)"


def report_day(metric: Metric) -> Metric:
    """The report day that `metric` speaks of."""
    return next(day for name, day in _REPORT_DAYS.items() if metric.name.startswith(name))


def developers(*matchers: str) -> str:
    """How many people used Claude Code on each UTC day; for a range query with a step of one day."""
    users = ('actor_type="user"', *matchers)
    people = f"count by (organization) (count by (organization, actor) ({of_the_day(catalog.SESSIONS, *users)}))"
    scraped = total(catalog.ACTIVE_ACTORS, 'window="1d"', *users, by="organization")
    return f"sum({people} or on (organization) {on_its_day(scraped, catalog.CLAUDE_CODE_REPORT_DAY)})"


def on_its_day(scraped: str, day: Metric) -> str:
    """What was scraped of a report day on the day after it, moved to the instant at which it begins.

    That is what held as long as the recorded report `day` was the one in question; a day on which nothing was scraped
    is a gap. `scraped` has the label `organization` and few series.
    """
    current = f"organization:{day.name}:max == time() - time() % 86400 - 86400"
    return f"last_over_time(({scraped} and on (organization) {current})[24h:30m] offset -48h)"


def week(metric: Metric, rule: str, *matchers: str, ago: int = 0) -> str:
    """The sum of seven days that end with yesterday, or so many weeks `ago`: midnights of `bars`, added up."""
    return f"sum_over_time(({bars(metric, rule, *matchers)})[7d:1d] offset {1 + 7 * ago}d)"


def share(part: str, whole: str) -> str:
    """`part` of `whole`, nothing where there is no whole."""
    return f"{part} / ({whole} > 0)"


def named(expression: str, label: str, name: str) -> str:
    """Series without a `label` get one: a legend cannot be empty."""
    return f'label_replace({expression}, "{label}", "{name}", "{label}", "")'


def with_name(expression: str) -> str:
    """Series by `workspace_id` with the workspace's name of today as the label `name`; the id where it has none."""
    names = one(catalog.WORKSPACE_INFO, 'team=~".*"', end=True)
    ids = f'label_replace({expression}, "name", "$1", "workspace_id", "(.*)")'
    by = "organization, workspace_id"
    return f"({expression}) * on ({by}) group_left (name) {names} or on ({by}) {ids}"


def _with_organization(by: str) -> str:
    return by if "organization" in by else f"organization, {by}".removesuffix(", ")


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else " "

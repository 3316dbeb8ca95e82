"""For team leads and platform engineers: what Claude Code did, by team, tool, model and actor; and one actor's page.

`$actor` is everybody or some. Everybody's numbers over time are those of the recording rules, which do not know actors:
there may be thousands. Those of some actors are added up from what was scraped of them.
"""

from collections.abc import Iterator

from grafana_foundation_sdk.builders.common import VizTextDisplayOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import BarGaugeNamePlacement, BarGaugeSizing

from exporter import catalog
from exporter.catalog import Metric
from grafana.panels import (
    BELOW_ZERO,
    BLUE,
    COUNT,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RATIO,
    USD,
    Column,
    Panel,
    board,
    days,
    drawn,
    filled,
    listing,
    note,
    now,
    number,
    over_time,
    paint,
    ranking,
    rows_of,
    variable,
)
from grafana.queries import (
    ACTIONS,
    COMMITS,
    ESTIMATED,
    LINES,
    PULL_REQUESTS,
    SESSIONS,
    TWINS,
    exact,
    named,
    on_its_day,
    one,
    recorded,
    selector,
    share,
    total,
)

_ACTOR = 'actor=~"$actor"'
_IF_ALL = ('organization=~"$organization"', 'organization=~"$actor"')
"""Everything where all actors are chosen, for then the variable is `.*`, and nothing where some are."""
_IF_SOME = ('organization=~"$organization"', 'organization!~"$actor"', _ACTOR)
"""The other way round."""
_ESTIMATED_BY_ACTOR = "organization_team_actor:anthropic_claude_code_estimated_cost_usd:sum"
_DAY = catalog.CLAUDE_CODE_REPORT_DAY
_RECORDED_DAY = f"organization:{_DAY.name}:max"
_NEWEST = f"organization_instance:{_DAY.name}:newest"
_MONTH = 'window="30d"'
_ADDED, _REMOVED, _ACCEPTED = 'change="added"', 'change="removed"', 'decision="accepted"'
_QUARTER = (6, 8)
_MOST = 7
"""So many of a kind have a colour or a bar of their own."""

_ESTIMATE = "The API's estimate at list prices, also for those who use it by subscription: not the bill."
_SEEN = (
    "Of the 30 complete UTC days that end with the report day, those that Prometheus has scraped or that were pushed as"
    " history: fewer in the first month."
)
_WEEK = "Of the seven UTC days that end with the report day, as Prometheus has scraped them: fewer in the first week."
_QUIET = "nothing in these days"
_HIDDEN = (
    "Where labels.actor is hash, names are hashes; where it hides people, there is one row for each team, or just one."
)
_CARE = """\
What Claude Code did for each person or API key, **not what anybody is worth**: lines, commits and cost say nothing of
the quality, difficulty or value of work, and much good work leaves no trace here. The API is known to leave out some
who use Claude Code by subscription: who is missing may be using it. Click on an actor to see the actor's days."""


def dashboard() -> Dashboard:
    """The dashboard."""
    made = board(
        "anthropic-developers",
        "What Claude Code did and what it cost, by team, tool, model and actor. Choose an actor for a page of one.",
    )
    actors = selector(catalog.WINDOW_ESTIMATED_COST.name, catalog.WINDOW_ESTIMATED_COST.all_labels, _MONTH)
    made.with_variable(variable("actor", "Actor", actors))
    careful = note("How to read these numbers", _CARE, size=(24, 3))
    rows = {
        "Day by day": (*_days(), *_work()),
        "Teams, tools, terminals": (_teams(), _tools(), _terminals()),
        "Everybody": (careful, _everybody()),
    }
    return filled(made, _numbers(), rows=rows)


def _numbers() -> Iterator[Panel]:
    size = (3, 4)
    yield number(
        "Estimated, 30 days",
        f"Estimated cost of Claude Code in the 30 days that end with the report day. {_ESTIMATE}",
        USD,
        now(total(catalog.WINDOW_ESTIMATED_COST, _MONTH, _ACTOR)),
        size=size,
        decimals=1,
        empty="not used",
    )
    yield number(
        "Per session, 30 days",
        f"Estimated cost by sessions. {_SEEN}",
        USD,
        now(share(_month(_cost()), _month(_sessions()))),
        size=size,
        decimals=2,
        empty="no sessions",
    )
    yield number(
        "Active, 30 days",
        "People and API keys that used Claude Code in the 30 days that end with the report day.",
        COUNT,
        now(f"sum({_active('organization')})"),
        size=size,
        decimals=0,
        empty="none",
    )
    for title, text, expression in (
        ("Sessions, 30 days", "Claude Code sessions.", _sessions()),
        ("Lines added, 30 days", "Lines of code that Claude Code added.", _trend(catalog.LINES, LINES, _ADDED)),
        ("Commits, 30 days", "Git commits that Claude Code made.", _trend(catalog.COMMITS, COMMITS)),
        (
            "Pull requests, 30 days",
            "Pull requests that Claude Code made.",
            _trend(catalog.PULL_REQUESTS, PULL_REQUESTS),
        ),
    ):
        yield number(title, f"{text} {_SEEN}", COUNT, now(_month(expression)), size=size, empty="none")
    yield number(
        "Accepted, 30 days",
        f"Of the edits that Claude Code proposed, those that people accepted. {_SEEN}",
        RATIO,
        now(share(_month(_actions(_ACCEPTED)), _month(_actions()))),
        size=size,
        decimals=0,
        empty="none",
    )


def _days() -> Iterator[Panel]:
    teams = _greatest(
        "team",
        named(_sessions(by="team"), "team", "everybody"),
        named(total(catalog.WINDOW_ESTIMATED_COST, _MONTH, _ACTOR, by="team", end=True), "team", "everybody"),
    )
    models = _greatest(
        "model",
        named(_cost(by="model"), "model", "unknown"),
        # On a first day no midnight has been recorded yet.
        f"sum by (model) (sum_over_time({recorded(ESTIMATED)}[30d:1d] @ end()) or {recorded(ESTIMATED)} @ end())",
    )
    most = f"the {_MOST} %s of the greatest cost, and all others together"
    for title, why, unit, queries, width in (
        (
            "Sessions by team",
            f"Sessions of each UTC day; {most % 'teams'}. Without a teams file everybody is one team.",
            COUNT,
            teams,
            10,
        ),
        ("Estimated cost by model", f"Of each UTC day; {most % 'models'}. {_ESTIMATE}", USD, models, 14),
    ):
        made = days(title, why, unit, *queries, size=(width, 9))
        yield paint(made, **{"all others": GREY}).no_value(_QUIET)


def _work() -> Iterator[Panel]:
    lines = days(
        "Lines of code",
        "Lines that Claude Code added on each UTC day, and below zero those that it removed.",
        COUNT,
        over_time(_trend(catalog.LINES, LINES, by="change"), "{{change}}"),
        size=_QUARTER,
        stacked=False,
    )
    yield drawn(paint(lines, added=GREEN, removed=ORANGE), "removed", **BELOW_ZERO).no_value(_QUIET)
    results = days(
        "Commits and pull requests",
        "Made by Claude Code on each UTC day.",
        COUNT,
        over_time(_trend(catalog.COMMITS, COMMITS), "commits"),
        over_time(_trend(catalog.PULL_REQUESTS, PULL_REQUESTS), "pull requests"),
        size=_QUARTER,
        stacked=False,
    )
    yield paint(results, commits=BLUE, **{"pull requests": PURPLE}).no_value(_QUIET)
    # Bars, not steps: an actor may work a day here and there, and a step has no end where the next day is empty.
    accepted = days(
        "Proposals accepted",
        "Of the edits that Claude Code proposed on each UTC day, those that people accepted.",
        RATIO,
        over_time(share(_actions(_ACCEPTED), _actions()), "accepted"),
        size=_QUARTER,
        stacked=False,
        legend=("mean", "lastNotNull"),
    )
    yield accepted.max(1).no_value(_QUIET)
    cost = days(
        "Cost per session",
        f"Estimated cost of each UTC day by its sessions. {_ESTIMATE}",
        USD,
        over_time(share(_cost(), _sessions()), "dollars"),
        size=_QUARTER,
        stacked=False,
        legend=("mean", "lastNotNull"),
    )
    yield paint(cost, dollars=BLUE).decimals(2).no_value(_QUIET)


def _teams() -> Panel:
    sessions, cost = _sessions(by="team"), _cost(by="team")
    accepted, actions = _actions(_ACCEPTED, by="team"), _actions(by="team")
    columns = (
        total(catalog.WINDOW_ESTIMATED_COST, _MONTH, _ACTOR, by="team"),
        share(_month(cost), _month(sessions)),
        f"sum by (team) ({_active('organization, team')})",
        _month(sessions),
        _month(_trend(catalog.LINES, LINES, _ADDED, by="team")),
        _month(_trend(catalog.COMMITS, COMMITS, by="team")),
        _month(_trend(catalog.PULL_REQUESTS, PULL_REQUESTS, by="team")),
        share(_month(accepted), _month(actions)),
    )
    return listing(
        "Teams, 30 days",
        f"Sessions and what came of them: {_SEEN} Without a teams file everybody is one team. {_ESTIMATE}",
        (
            Column("team", "Team"),
            Column("Value #A", "Estimated", USD, width=120, decimals=2),
            Column("Value #B", "Per session", USD, width=120, decimals=2),
            Column("Value #C", "Active", COUNT, width=90, decimals=0),
            Column("Value #D", "Sessions", COUNT, width=105),
            Column("Value #E", "Lines added", COUNT, width=120),
            Column("Value #F", "Commits", COUNT, width=105),
            Column("Value #G", "Pull requests", COUNT, width=130),
            Column("Value #H", "Accepted", RATIO, width=110, decimals=0),
        ),
        *(rows_of(named(column, "team", "everybody")) for column in columns),
        join="team",
        sort=("Estimated", "down"),
        size=(14, 9),
    ).no_value(_QUIET)


def _tools() -> Panel:
    proposed = _month(_actions(by="tool"))
    return listing(
        "Proposals by tool, 30 days",
        f"Edits that Claude Code proposed, by its tool, and how many of them people accepted. {_SEEN}",
        (
            Column("tool", "Tool", width=130),
            Column("Value #A", "Proposed", COUNT, width=118),
            Column("Value #B", "Accepted", RATIO, width=108, decimals=0),
        ),
        rows_of(proposed),
        rows_of(share(_month(_actions(_ACCEPTED, by="tool")), proposed)),
        join="tool",
        sort=("Proposed", "down"),
        size=(5, 9),
    ).no_value(_QUIET)


def _terminals() -> Panel:
    sessions = _week(catalog.SESSIONS, by="organization, terminal")
    # The API passes on what a terminal calls itself, however long.
    short = f'label_replace({sessions}, "terminal", "$1…", "terminal", "(.{{23}}).{{2,}}")'
    by_terminal = f"sum by (terminal) ({short})"
    most = f"topk({_MOST}, {by_terminal})"
    made = ranking(
        "Terminals, sessions in 7 days",
        f"Where Claude Code ran: the {_MOST} terminals with the most sessions, and all others together. {_WEEK}",
        COUNT,
        now(f"sort_desc({most})", "{{terminal}}"),
        now(f"sum({by_terminal} unless {most})", "all others"),
        size=(5, 9),
    )
    made.sizing(BarGaugeSizing.MANUAL).max_viz_height(30).name_placement(BarGaugeNamePlacement.LEFT)
    made.text(VizTextDisplayOptions().title_size(12).value_size(16))
    return made.no_value(_QUIET)


def _everybody() -> Panel:
    spent = _row(one(catalog.WINDOW_ESTIMATED_COST, _MONTH, _ACTOR))
    none = f"0 * sum by (row) ({spent})"
    sessions, cost = _of_actors(catalog.SESSIONS), _of_actors(catalog.ESTIMATED_COST, _ESTIMATED_BY_ACTOR)
    columns = (
        f"sum by (row) ({_row(recorded(_ESTIMATED_BY_ACTOR, _ACTOR))}) or {none}",
        share(cost, sessions),
        f"{sessions} or {none}",
        f"{_of_actors(catalog.LINES, matcher=_ADDED)} or {none}",
        f"{_of_actors(catalog.LINES, matcher=_REMOVED)} or {none}",
        f"{_of_actors(catalog.COMMITS)} or {none}",
        f"{_of_actors(catalog.PULL_REQUESTS)} or {none}",
        share(_of_actors(catalog.TOOL_ACTIONS, matcher=_ACCEPTED), _of_actors(catalog.TOOL_ACTIONS)),
        _last_active(),
    )
    return listing(
        "What Claude Code did in 7 days, by actor",
        "People and API keys that used Claude Code in 30 days, by their estimated cost. Sessions, what they cost and"
        f" what came of them: {_WEEK} The last active day is known of members only. {_HIDDEN}",
        (
            Column("actor", "Actor", link=_PAGE),
            Column("actor_type", "Type", width=95, words={"user": "person", "api_key": "API key"}),
            Column("team", "Team", width=140),
            Column("Value #A", "Estimated, 30 days", USD, width=180, decimals=2),
            Column("Value #B", "Report day", USD, width=115, decimals=2),
            Column("Value #C", "Per session", USD, width=115, decimals=2),
            Column("Value #D", "Sessions", COUNT, width=105),
            Column("Value #E", "Lines added", COUNT, width=125),
            Column("Value #F", "Lines removed", COUNT, width=140),
            Column("Value #G", "Commits", COUNT, width=105),
            Column("Value #H", "Pull requests", COUNT, width=130),
            Column("Value #I", "Accepted", RATIO, width=105, decimals=0),
            Column("Value #J", "Last active", "time:YYYY-MM-DD", width=120),
        ),
        rows_of(f"sum by (organization, team, actor, actor_type, row) ({spent})"),
        *(rows_of(f"({column}) and on (row) {spent}") for column in columns),
        join="row",
        sort=("Estimated, 30 days", "down"),
        size=(24, 18),
    ).no_value("-")


_PAGE = (
    "/d/anthropic-developers?${datasource:queryparam}&${organization:queryparam}&var-actor=${__value.raw:percentencode}"
    "&${__url_time_range}"
)


def _sessions(by: str = "") -> str:
    return _trend(catalog.SESSIONS, SESSIONS, by=by)


def _cost(by: str = "") -> str:
    return _trend(catalog.ESTIMATED_COST, ESTIMATED, by=by)


def _actions(*matchers: str, by: str = "") -> str:
    return _trend(catalog.TOOL_ACTIONS, ACTIONS, *matchers, by=by)


def _active(by: str) -> str:
    """How many people and keys were active in 30 days; only of chosen ones must they be counted one by one."""
    everybody = f"sum by ({by}) ({one(catalog.ACTIVE_ACTORS, _MONTH, *_IF_ALL)})"
    chosen = f"group by ({by}, actor, actor_type) ({one(catalog.WINDOW_ESTIMATED_COST, _MONTH, *_IF_SOME)})"
    return f"{everybody} or count by ({by}) ({chosen})"


def _trend(metric: Metric, rule: str, *matchers: str, by: str = "") -> str:
    """As `queries.bars`, of the chosen actors."""
    keep = f"organization, {by}" if by else "organization"
    everybody = f"sum by ({keep}) ({recorded(rule, *_IF_ALL, *matchers)})"
    chosen = f"sum by ({keep}) ({_scraped(metric, *_IF_SOME, *matchers)})"
    found = on_its_day(f"({everybody} or {chosen})", _DAY)
    return (
        f"sum{f' by ({by}) ' if by else ''}({exact(metric, _ACTOR, *matchers, by=keep)} or on (organization) {found})"
    )


def _month(expression: str) -> str:
    """The sum of a trend over 30 days that end with yesterday."""
    return f"sum_over_time(({expression})[30d:1d] offset 1d)"


def _week(metric: Metric, *matchers: str, by: str, rule: str = "") -> str:
    """The sum of the seven days that end with yesterday, of thousands of actors: looks at each day only once.

    What a midnight knows is of the day before yesterday, so there are six such days, and the one that is known now.
    """
    scraped = recorded(rule, _ACTOR) if rule else _scraped(metric, _ACTOR, *matchers)
    then, newest = (
        f"sum by ({by}) ({scraped}) and on (organization) {_RECORDED_DAY} == time() - {ago}"
        for ago in ("2 * 86400", "time() % 86400 - 86400")
    )
    before = f'label_replace(sum_over_time(({then})[6d:1d]), "part", "before", "", "")'
    return f"sum by ({by}) ({before} or {newest})"


def _scraped(metric: Metric, *matchers: str) -> str:
    """As the recording rules take it: only from exporters that have the newest report day."""
    newest = f"and on (organization, instance) {_NEWEST}"
    return f"max without ({TWINS}) ({selector(*_labels(metric), *matchers)} {newest})"


def _labels(metric: Metric) -> tuple[str, tuple[str, ...]]:
    return metric.name, metric.all_labels


def _of_actors(metric: Metric, rule: str = "", matcher: str = "") -> str:
    matchers = (matcher,) if matcher else ()
    return f"sum by (row) ({_row(_week(metric, *matchers, by='organization, team, actor, actor_type', rule=rule))})"


def _row(expression: str) -> str:
    """What tables are joined by: the actor, and where actors are hidden, the team. An actor may change teams."""
    return _joined(f'label_replace({expression}, "of", "$1", "team", "(.*)")')


def _joined(expression: str) -> str:
    known = f'label_replace({expression}, "of", "", "actor", ".+")'
    return f'label_join({known}, "row", "/", "organization", "actor_type", "of", "actor")'


def _last_active() -> str:
    """In milliseconds, as Grafana wants dates. An e-mail or a role that just changed may be there twice."""
    emails = f"max by (organization, user_id, email) ({one(catalog.MEMBER_INFO)})"
    day = f"{emails} * on (organization, user_id) group_left () {one(catalog.MEMBER_LAST_ACTIVE)}"
    member = f'label_replace(label_replace({day}, "actor", "$1", "email", "(.*)"), "actor_type", "user", "", "")'
    return f"1000 * max by (row) ({_joined(member)})"


def _greatest(label: str, shown: str, order: str) -> tuple[Dataquery, Dataquery]:
    """Those that are greatest by `order`, and all others together: more colours than that nobody can tell apart."""
    most = f"on ({label}) topk({_MOST}, {order})"
    return over_time(f"{shown} and {most}", f"{{{{{label}}}}}"), over_time(f"sum({shown} unless {most})", "all others")

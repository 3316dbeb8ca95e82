"""For security: which keys exist, whose, how old, unused or orphaned, and who may do what in the organization."""

from collections.abc import Iterator
from urllib.parse import quote

from grafana_foundation_sdk.builders.dashboard import CustomVariable, Dashboard, DashboardLink
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import dashboard as model

from exporter import catalog
from exporter.catalog import Metric
from grafana.panels import (
    BLUE,
    COUNT,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    YELLOW,
    Column,
    Panel,
    Steps,
    board,
    filled,
    lines,
    listing,
    now,
    number,
    over_time,
    paint,
    ranking,
    rows_of,
    variable,
)
from grafana.queries import one, selector, total

_KEY = "organization, api_key_id"
_MEMBER = "organization, user_id"
_DAY = 86400
_DATE = "time:YYYY-MM-DD"
_DAYS = "suffix: d"
_DARK_YELLOW = "dark-yellow"
"""Words in yellow cannot be read on white."""
_NEVER = "253402214400000"
"""Where keys that never expire are sorted: the last day of the year 9999, in milliseconds."""
_STANDARD = 'kind!="claude_code"'
_CHOSEN = 'kind=~"$kind"'
_ADMINS = 'role=~"admin|owner|primary_owner|membership_admin"'
_ADMINS_AND_BILLING = 'role=~"admin|owner|primary_owner|membership_admin|billing"'
_HIDDEN = "Empty where labels.actor is team or none: then nothing is exported about single members."
_NO_TEAM = "Members have no team in this sense: the variable does not matter here."
_NO_MINTED = "Keys that Claude Code minted for people who signed in are not counted."


def dashboard() -> Dashboard:
    """The dashboard."""
    made = board("anthropic-keys", "Which API keys exist and which of them need care; who is an admin, new, invited.")
    kinds = variable("kind", "Kind of key", selector(catalog.API_KEY_INFO.name, ("organization",)))
    made.with_variable(kinds.current(model.VariableOption(selected=True, text=["standard"], value=["standard"])))
    made.with_variable(_findings_variable())
    return filled(made, _numbers(), [_table()], rows={"All keys": _distributions(), "Members": _members()})


def _findings_variable() -> CustomVariable:
    """Its values are regular expressions of the label `finding`, which a key without findings has not."""
    choices = {"all keys": ".*", "keys with findings": ".+", **{name: name for name in _findings()}}
    values = ",".join(f"{text} : {value}" for text, value in choices.items())
    options = [model.VariableOption(selected=value == ".*", text=text, value=value) for text, value in choices.items()]
    return CustomVariable("finding").label("Finding").values(values).options(options).current(options[0])


# What of a key, by organization and api_key_id.


def _of_key(metric: Metric, *matchers: str) -> str:
    return f"max by ({_KEY}) ({selector(metric.name, metric.all_labels, *matchers)})"


def _active() -> str:
    """The keys that findings speak of, which are those of the alerts: active, and made on purpose."""
    return _of_key(catalog.API_KEY_INFO, 'status="active"', _STANDARD)


def _report_day() -> str:
    day = catalog.USAGE_REPORT_DAY
    return f"max by (organization) ({selector(day.name, day.all_labels)})"


def _used_within(days: int) -> str:
    """Keys that were used on one of so many days that end with the report day."""
    used = _of_key(catalog.API_KEY_LAST_USED)
    return f"({used} >= on (organization) group_left () ({_report_day()} - {days - 1} * {_DAY}))"


def _orphaned() -> str:
    return f"{_of_key(catalog.API_KEY_ORPHANED)} == 1 and on ({_KEY}) {_active()}"


def _expired_used() -> str:
    alive = _of_key(catalog.API_KEY_INFO, _STANDARD, 'status!~"archived|inactive"')
    return (
        f"{_of_key(catalog.API_KEY_EXPIRES)} < time()"
        f" and on ({_KEY}) time() - {_of_key(catalog.API_KEY_LAST_USED)} < 7 * {_DAY}"
        f" and on ({_KEY}) {alive}"
    )


def _expiring() -> str:
    return f"{_of_key(catalog.API_KEY_EXPIRES)} - time() > 0 < 7 * {_DAY} and on ({_KEY}) {_active()}"


def _without_expiry() -> str:
    return (
        f"{_active()} and on ({_KEY}) time() - {_of_key(catalog.API_KEY_CREATED)} > 180 * {_DAY}"
        f" unless on ({_KEY}) {_of_key(catalog.API_KEY_EXPIRES)}"
    )


def _unused() -> str:
    created = _of_key(catalog.API_KEY_CREATED)
    old = f"({created} < on (organization) group_left () ({_report_day()} - 29 * {_DAY}))"
    return f"{_active()} and on ({_KEY}) {old} unless on ({_KEY}) {_used_within(30)} and on (organization) {_judged()}"


def _judged() -> str:
    """Organizations of which usage is held for all of 30 days, by key."""
    days, used = catalog.WINDOW_DAYS, catalog.API_KEY_LAST_USED
    whole = selector(days.name, days.all_labels, 'window="30d"', 'source="usage"')
    return f"({whole} >= 30 and on (organization) {selector(used.name, used.all_labels)})"


def _findings() -> dict[str, tuple[int, str]]:
    """What may be found about a key: a bit of the sum by which keys are sorted, the worst first, and its query."""
    return {
        "orphaned": (16, _orphaned()),
        "expired but used": (8, _expired_used()),
        "expiring": (4, _expiring()),
        "no expiry": (2, _without_expiry()),
        "unused": (1, _unused()),
    }


def _words() -> dict[str, str]:
    """The names of all sums of findings."""
    bits = {bit: name for name, (bit, _) in _findings().items()}
    return {
        str(found): ", ".join(name for bit, name in bits.items() if found & bit) or "none"
        for found in range(2 * max(bits))
    }


def _some(keys: str, whole: str) -> str:
    """How many keys; 0 only where `whole` is known."""
    return f"count({keys}) or 0 * count({whole})"


# The panels.


def _numbers() -> Iterator[Panel]:
    yield _found(
        "Active keys",
        f"API keys that can be used now. {_NO_MINTED} The same keys are judged by the numbers to the right and by the"
        " alerts.",
        now(f"count({_active()})"),
        finding=".*",
        empty="none",
    )
    yield _found(
        "Orphaned",
        "Active keys of people who are no members any more: nobody answers for them. Empty while members or keys"
        " cannot be read.",
        now(_some(_orphaned(), _of_key(catalog.API_KEY_ORPHANED))),
        finding="orphaned",
        colours=((None, GREEN), (1, RED)),
    )
    yield _found(
        "Expired but used",
        "Keys whose time is over and that were used in the last seven days: what used them is likely to fail now.",
        now(_some(_expired_used(), _of_key(catalog.API_KEY_INFO, _STANDARD))),
        finding="expired but used",
        colours=((None, GREEN), (1, ORANGE)),
    )
    yield _found(
        "Expiring in 7 days",
        "Active keys that end within seven days: replace them before what uses them fails.",
        now(_some(_expiring(), _active())),
        finding="expiring",
        colours=((None, GREEN), (1, ORANGE)),
    )
    yield _found(
        "Old, without expiry",
        "Active keys that were made more than 180 days ago and never expire.",
        now(_some(_without_expiry(), _active())),
        finding="no expiry",
        colours=((None, GREEN), (1, YELLOW)),
    )
    yield _found(
        "Unused for 30 days",
        "Active keys older than 30 days that were used on none of the 30 days that end with the report day. Empty"
        " until the exporter holds all of these days, and where usage is not read by key.",
        now(_some(_unused(), f"{_active()} and on (organization) {_judged()}")),
        finding="unused",
        colours=((None, GREEN), (1, YELLOW)),
    )
    yield number(
        "Admins",
        "Members who are an admin, owner or membership admin: they can make keys and let others in."
        f" Who, says the table below. {_NO_TEAM}",
        COUNT,
        now(total(catalog.MEMBERS, _ADMINS)),
        size=(3, 4),
        decimals=0,
        empty="unknown",
    )
    pending = total(catalog.INVITES, 'status="pending"')
    yield number(
        "Pending invitations",
        f"Invitations that nobody has accepted yet and that have not expired. {_NO_TEAM}",
        COUNT,
        now(f"{pending} or 0 * {total(catalog.MEMBERS)}"),
        size=(3, 4),
        decimals=0,
        empty="unknown",
    )


def _found(
    title: str, why: str, keys: Dataquery, *, finding: str, colours: Steps = ((None, BLUE),), empty: str = "unknown"
) -> Panel:
    """How many keys there are of a `finding`; a click shows them in the table."""
    kept = "${datasource:queryparam}&${organization:queryparam}&${team:queryparam}&${__url_time_range}"
    link = DashboardLink("Show these keys").url(f"/d/anthropic-keys?var-finding={quote(finding)}&{kept}")
    why = f"{why} A click shows them in the table."
    made = number(title, why, COUNT, keys, size=(3, 4), colours=colours, decimals=0, empty=empty)
    return made.data_links([link])


def _table() -> Panel:
    info = one(catalog.API_KEY_INFO, _CHOSEN)
    known = f"max by (api_key_id) ({info})"
    day = f"{_of_key(catalog.API_KEY_LAST_USED)} * 1000"
    made = listing(
        "Keys",
        "One row for each key, those with findings first; the variables above choose the finding, the kind and the"
        " team, and a click on the funnel of a column filters it. Findings: orphaned (who made it is no member any"
        " more), expired but used (in the last 7 days), expiring (within 7 days), no expiry (and older than 180 days),"
        " unused (for 30 days). They are about active keys that people made on purpose, not about those that Claude"
        " Code minted, whose kind is claude_code. Creator is the e-mail of a member (a hash, or the user's id, where"
        " labels.actor hides e-mails), else an id. Last used is a UTC day; the exporter looks 62 days back, or as"
        " many as storage.days says. Empty if no key is as chosen.",
        (
            Column("name", "Name", width=210),
            Column(
                "Value #A",
                "Findings",
                width=215,
                colours=((None, GREY), (1, _DARK_YELLOW), (4, ORANGE), (16, RED)),
                words=_words(),
                align="left",
            ),
            Column("status", "Status", width=90),
            Column("workspace", "Workspace", width=145),
            Column("creator", "Creator", width=275),
            Column("Value #D", "Created", _DATE, width=100),
            Column("Value #E", "Age", _DAYS, width=95, decimals=0),
            Column("Value #F", "Expires", _DATE, width=100, words={_NEVER: "never"}),
            Column("Value #G", "Last used", _DATE, width=150, words={"0": "not within 62 days"}, empty="not read"),
            Column("team", "Team", width=105),
            Column("kind", "Kind", width=105),
            Column("api_key_id", "Key id"),
        ),
        rows_of(_keys(info)),
        rows_of(f"max by (api_key_id, workspace) ({_with_workspace(info)})"),
        rows_of(f"max by (api_key_id, creator) ({_with_creator(info)})"),
        rows_of(f"max by (api_key_id) ({_of_key(catalog.API_KEY_CREATED)}) * 1000"),
        rows_of(f"(time() - max by (api_key_id) ({_of_key(catalog.API_KEY_CREATED)})) / {_DAY}"),
        rows_of(f"max by (api_key_id) ({_of_key(catalog.API_KEY_EXPIRES)}) * 1000 or {_NEVER} * {known}"),
        rows_of(
            f"max by (api_key_id) ({day} or 0 * {_of_key(catalog.API_KEY_INFO, _CHOSEN)} and on (organization) {day})"
        ),
        only="Value #A",
        join="api_key_id",
        sort=("Findings", "down"),
        size=(24, 14),
    )
    return made.no_value("No such key.")


def _keys(info: str) -> str:
    """Keys with the sum of their findings, of the variable's finding."""
    bits = [
        f'label_replace({bit} * group by ({_KEY}) ({keys}), "finding", "{name}", "", "")'
        for name, (bit, keys) in _findings().items()
    ]
    known = f"0 * {_of_key(catalog.API_KEY_INFO)}"
    findings = " or ".join((*bits, known))
    chosen = (
        f'label_replace({findings}, "chosen", "yes", "finding", "$finding")'
        ' and on (chosen) label_replace(vector(1), "chosen", "yes", "", "")'
    )
    found = f"sum by ({_KEY}) ({findings}) and on ({_KEY}) ({chosen})"
    return f"topk by ({_KEY}) (1, {info}) * on ({_KEY}) group_left () ({found})"


def _with_workspace(info: str) -> str:
    """Keys with the name of their workspace; else, and for keys of the whole organization, with its id."""
    workspaces = one(catalog.WORKSPACE_INFO, 'team=~".*"')
    name = f"topk by (organization, workspace_id) (1, {workspaces})"
    return _joined(info, f'label_replace({name}, "workspace", "$1", "name", "(.*)")', "workspace_id", "workspace")


def _with_creator(info: str) -> str:
    """Keys with the e-mail of the member who made them, else with an id."""
    member = f"topk by ({_MEMBER}) (1, {one(catalog.MEMBER_INFO)})"
    made = f'label_replace({member}, "created_by_id", "$1", "user_id", "(.*)")'
    return _joined(info, f'label_replace({made}, "creator", "$1", "email", "(.*)")', "created_by_id", "creator")


def _joined(info: str, other: str, by: str, label: str) -> str:
    """`info` with a `label` of `other`, of the same `by`; where there is none, `by` stands for it."""
    found = f"{info} * on (organization, {by}) group_left ({label}) {other}"
    return f'{found} or label_replace({info}, "{label}", "$1", "{by}", "(.*)") unless on (organization, {by}) {other}'


def _distributions() -> Iterator[Panel]:
    status = f"count by (status) (topk by ({_KEY}) (1, {one(catalog.API_KEY_INFO, _CHOSEN)}))"
    yield paint(
        lines(
            "Keys by status",
            "How many keys there were, of the kind that is chosen above. An archived key is gone for good; one that is"
            " inactive can be switched on again. Empty if there is none.",
            COUNT,
            over_time(status, "{{status}}"),
            size=(9, 8),
            legend=("lastNotNull",),
        ).no_value("No such key."),
        active=GREEN,
        inactive=YELLOW,
        expired=ORANGE,
        archived=PURPLE,
        suspended=RED,
    )
    age = f"time() - {_of_key(catalog.API_KEY_CREATED)}"
    yield _parts(
        "Age",
        "Active keys by the time since they were made.",
        {
            "under 30 days": f"{age} < {30 * _DAY}",
            "30 to 90 days": f"{age} >= {30 * _DAY} < {90 * _DAY}",
            "90 to 180 days": f"{age} >= {90 * _DAY} < {180 * _DAY}",
            "180 days to a year": f"{age} >= {180 * _DAY} < {365 * _DAY}",
            "over a year": f"{age} >= {365 * _DAY}",
        },
    )
    left = f"{_of_key(catalog.API_KEY_EXPIRES)} - time()"
    yield _parts(
        "Expiry",
        "Active keys by the time until they expire.",
        {
            "within 7 days": f"{left} < {7 * _DAY}",
            "7 to 30 days": f"{left} >= {7 * _DAY} < {30 * _DAY}",
            "30 to 90 days": f"{left} >= {30 * _DAY} < {90 * _DAY}",
            "later": f"{left} >= {90 * _DAY}",
            "never": f"({_of_key(catalog.API_KEY_INFO)} unless on ({_KEY}) {_of_key(catalog.API_KEY_EXPIRES)})",
        },
    )
    known = f"{_of_key(catalog.API_KEY_INFO)} and on (organization) {_of_key(catalog.API_KEY_LAST_USED)}"
    yield _parts(
        "Last use",
        "Active keys by the newest day on which they were used, counted back from the report day. New keys that nobody"
        " has used yet are among the last ones.",
        {
            "within 7 days": _used_within(7),
            "8 to 30 days": f"({_used_within(30)} unless on ({_KEY}) {_used_within(7)})",
            "31 to 62 days": f"({_used_within(62)} unless on ({_KEY}) {_used_within(30)})",
            "not within 62 days": f"({known} unless on ({_KEY}) {_used_within(62)})",
        },
    )


def _parts(title: str, why: str, parts: dict[str, str]) -> Panel:
    """How many active keys are in each part."""
    queries = [now(_some(f"{_active()} and on ({_KEY}) {keys}", _active()), name) for name, keys in parts.items()]
    return ranking(title, f"{why} {_NO_MINTED}", COUNT, *queries, size=(5, 8)).decimals(0)


def _members() -> Iterator[Panel]:
    since = one(catalog.MEMBER_ROLE_SINCE, _ADMINS_AND_BILLING)
    email = f"max by (user_id, email) ({one(catalog.MEMBER_INFO)})"
    added = one(catalog.MEMBER_ADDED)
    active = one(catalog.MEMBER_LAST_ACTIVE)
    yield listing(
        "Admins and billing",
        "Members who can make keys, let others in or see the bill, the newest first. Since when: when the exporter"
        " first saw the role, or when the member was added if it never changed. Active: the last UTC day in Claude"
        f" Code. {_HIDDEN} {_NO_TEAM}",
        (
            Column("email", "E-mail", width=260),
            Column("role", "Role", width=160),
            Column("Value #A", "Since", _DATE, width=110),
            Column("Value #C", "For", _DAYS, width=110, decimals=0, colours=((None, ORANGE), (7, GREY))),
            Column("Value #D", "Active", _DATE, width=110, empty="not seen"),
            Column("user_id", "User id"),
        ),
        rows_of(f"topk by ({_MEMBER}) (1, {since}) * 1000"),
        rows_of(email),
        rows_of(f"(time() - max by (user_id) ({since})) / {_DAY}"),
        rows_of(f"max by (user_id) ({active}) * 1000"),
        only="Value #A",
        join="user_id",
        sort=("Since", "down"),
        size=(14, 9),
    ).no_value("Nobody is named: see labels.actor.")
    yield listing(
        "New members",
        f"Members who were added within 30 days, the newest first. Empty if there are none. {_HIDDEN} {_NO_TEAM}",
        (
            Column("email", "E-mail", width=270),
            Column("role", "Role", width=160),
            Column("Value #A", "Added", _DATE, width=110),
            Column("Value #C", "Ago", _DAYS, decimals=0),
        ),
        rows_of(f"max by (user_id) ({added} > time() - 30 * {_DAY}) * 1000"),
        rows_of(f"max by (user_id, email, role) ({one(catalog.MEMBER_INFO)})"),
        rows_of(f"(time() - max by (user_id) ({added})) / {_DAY}"),
        only="Value #A",
        join="user_id",
        sort=("Added", "down"),
        size=(10, 9),
    ).no_value("Nobody within 30 days.")
    yield from _roles()


def _roles() -> Iterator[Panel]:
    yield listing(
        "Members by role",
        f"How many members have each role now. Empty while members cannot be read. {_NO_TEAM}",
        (Column("role", "Role", width=190), Column("Value", "Members", COUNT, decimals=0, bar=BLUE)),
        rows_of(total(catalog.MEMBERS, by="role")),
        sort=("Members", "down"),
        size=(7, 9),
    ).no_value("Members cannot be read.")
    yield lines(
        "Admins and billing over time",
        "How many members have a role that can make keys, let others in or see the bill. Empty while members cannot be"
        f" read. {_NO_TEAM}",
        COUNT,
        over_time(total(catalog.MEMBERS, _ADMINS_AND_BILLING, by="role"), "{{role}}"),
        size=(7, 9),
        legend=("lastNotNull",),
    ).no_value("Members cannot be read.")
    expires = one(catalog.INVITE_EXPIRES)
    yield listing(
        "Pending invitations",
        "Invitations that nobody has accepted yet, the next to expire first. Whom they invite is not exported: look the"
        f" id up in the Console. Empty if there are none. {_NO_TEAM}",
        (
            Column("role", "Role", width=150),
            Column("Value #A", "Expires", _DATE, width=110),
            Column("Value #B", "In", _DAYS, width=100, decimals=0, colours=((None, ORANGE), (3, GREY))),
            Column("invite_id", "Invitation id"),
        ),
        rows_of(f"max by (invite_id, role) ({expires}) * 1000"),
        rows_of(f"(max by (invite_id) ({expires}) - time()) / {_DAY}"),
        only="Value #A",
        join="invite_id",
        sort=("Expires", "up"),
        size=(10, 9),
    ).no_value("No invitation is pending.")

"""Forty-five days with one of each anomaly: each raises its own alert in time, and every panel shows something."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exporter.demo.incidents import Incident
from exporter.demo.options import Options
from tests.dashboards.boards import QUERIES
from tests.weeks import stored
from tests.weeks.asking import VARIABLES, answer, values
from tests.weeks.firing import fire
from tests.weeks.replay import THURSDAY, recorded

END = THURSDAY + timedelta(days=45, hours=-1)


def at(day: int, hour: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


PLANTED = {
    "key-never-expires": at(15, month=10),
    "unused-key": at(4),
    "key-created": at(25, month=10),
    "key-expiring": at(27, month=10),
    "orphaned-key": at(28, month=10),
    "expired-key-used": at(30, month=10),
    "admin-added": at(31, month=10),
    "invite-expiring": at(1),
    "keys-jump": at(2),
    "pipeline-still": at(3),
    "actors-halved": at(6),
    "actor-day": at(9),
    "cost-day": at(10),
    "cache-drop": at(11),
    "model-takeover": at(12),
}
DUE = {
    "AnthropicKeysWithoutExpiry": THURSDAY,
    "AnthropicKeysUnused": at(6, 2, month=10),  # the thirtieth day without use has settled
    "AnthropicKeyExpiring": at(22, 12, month=10),  # seven days before it expires
    "AnthropicKeyCreated": at(25, 10, month=10),
    "AnthropicKeysOrphaned": at(28, 10, month=10),
    "AnthropicExpiredKeyUsed": at(30, 12, month=10),
    "AnthropicAdminAdded": at(31, 10, month=10),
    "AnthropicInvitesExpiring": at(31, 12, month=10),  # three days before
    "AnthropicKeysJumped": at(2, 11),
    "AnthropicWeekdayWithoutRows": at(4, 2),
    "AnthropicActorsHalved": at(7, 2),
    "AnthropicActorCostHigh": at(10, 2),
    "AnthropicCostTodayHigh": at(10),
    "AnthropicCostDayHigh": at(11, 2),
    "AnthropicCacheHitsDropped": at(12, 2),
    "AnthropicModelTakeover": at(13, 2),
}
"""From when on an alert could know."""
SOON = timedelta(hours=6)
"""The longest interval of a poll here. A day as it goes on has until its end."""
TEAMS = Path("deploy/demo/teams.yml")
BUDGETS = [
    {"name": "everything", "usd": 10**6},
    {"name": "platform", "usd": 10**6, "scope": "team", "of": "platform"},
]
OF_EACH_PROCESS = {"Exporters", "Memory", "CPU", "Requests by process", "Samples of a scrape"}
"""Panels in which two processes are two."""
EMPTY = {
    "all others": "so few have a colour each",
    "failing": "all is well",
    "stale": "all is well",
    "never read": "all is well",
    "{{reason}}": "nothing failed",
    "health: Sources: B": "nothing failed",
}
"""Queries and legends that an organization of this size in good health leaves empty, and why."""


@pytest.fixture(scope="module")
def planted(tool, tmp_path_factory):
    """What was scraped, and a Prometheus that has all of it, and history."""
    options = Options(
        people=60,
        days=120,
        quiet=True,
        incidents=tuple(Incident(kind, day.date()) for kind, day in PLANTED.items()),
    )
    with stored.prometheus(tool, tmp_path_factory.mktemp("prometheus")) as url:
        receiver = {"remote_write": {"url": f"{url}/api/v1/write"}}
        expires = {"key_expires": (END + timedelta(days=90)).date()}
        recording = recorded(options, THURSDAY, END, api=expires, teams_file=TEAMS, budgets=BUDGETS, history=receiver)
        stored.write(url, stored.scraped(recording))
        stored.record(url, THURSDAY, END)
        yield recording, url


@pytest.fixture(scope="module")
def pair(planted, tool, tmp_path_factory):
    """A Prometheus that has scraped two instances of the same organization, and has no history."""
    recording, _ = planted
    with stored.prometheus(tool, tmp_path_factory.mktemp("pair")) as url:
        for number in "12":
            target = {"instance": f"10.0.0.{number}:10204", "pod": f"exporter-{number}", "namespace": f"space-{number}"}
            stored.write(url, stored.scraped(recording, **target))
        stored.record(url, THURSDAY, END)
        yield url


def test_each_anomaly_raises_its_own_alert_in_time_and_no_other(tool, tmp_path, planted):
    late = {"AnthropicCostTodayHigh": timedelta(days=1)}
    due = {name: (at_, at_ + late.get(name, SOON)) for name, at_ in DUE.items()}
    assert fire(tool("promtool"), planted[0], tmp_path, due) == ""


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_every_query_of_every_panel_has_data(planted, query):
    _, url = planted
    if not {str(query), query.target.get("legendFormat")} & EMPTY.keys():
        assert answer(url, query, END)


@pytest.mark.parametrize("variable", VARIABLES, ids=str)
def test_every_variable_has_values(planted, variable):
    _, url = planted
    assert values(url, variable, END)


@pytest.mark.parametrize("query", [query for query in QUERIES if query.title not in OF_EACH_PROCESS], ids=str)
def test_two_instances_instead_of_one_and_no_history_change_no_panel(planted, pair, query):
    _, url = planted
    if query.title == "Where days come from":
        assert answer(url, query, END) != answer(pair, query, END)
        return
    alone, twice = answer(url, query, END), answer(pair, query, END)
    assert twice == pytest.approx(alone, rel=1e-9)

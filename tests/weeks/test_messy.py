"""A large organization with years of old keys, in which somebody's work ran away: nobody drowns."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from exporter.demo.options import Options
from tests.promql_names import uses
from tests.rules.cases import rules
from tests.weeks import stored
from tests.weeks.replay import THURSDAY, recorded

STEP = timedelta(hours=3)
"""Longer than any alert waits: what is there twice in a row fires."""
END = THURSDAY + timedelta(days=7, hours=-3)
"""A Wednesday. The simulated runaway is three days before it."""
A_DOZEN = 12


@pytest.fixture(scope="module")
def fired(tool, tmp_path_factory) -> Counter[str]:
    """What fires in all the time, by its name: as often as there are different labels, which is how people get it."""
    everything = rules("recording.yml") + rules("alerts.yml")
    names = {use.metric for rule in everything for use in uses(rule["expr"])}
    recording = recorded(Options(people=2000, days=70), THURSDAY, END, STEP, storage={"days": 31})
    found = Counter[str]()
    with stored.prometheus(tool, tmp_path_factory.mktemp("prometheus"), lookback=STEP) as url:
        stored.write(url, (one for one in stored.scraped(recording) if one[0]["__name__"] in names))
        stored.record(url, THURSDAY, END, STEP)
        for rule in everything:
            if "alert" in rule:
                for _, points in stored.query_range(url, rule["expr"], THURSDAY, END, STEP):
                    times = [at for at, _ in points]
                    if any(at - before == STEP.total_seconds() for before, at in pairwise(times)):
                        found[rule["alert"]] += 1
    return found


def test_at_most_a_dozen_alerts_fire_in_a_week(fired):
    assert fired.total() <= A_DOZEN


def test_a_finding_is_one_alert_however_many_keys_it_is_about(fired):
    findings = {name: times for name, times in fired.items() if "Key" in name}
    assert {"AnthropicKeysWithoutExpiry", "AnthropicKeysUnused", "AnthropicKeysOrphaned"} <= findings.keys()
    assert set(findings.values()) == {1}


def test_the_runaway_of_one_person_among_two_thousand_is_found(fired):
    assert fired["AnthropicActorCostHigh"]

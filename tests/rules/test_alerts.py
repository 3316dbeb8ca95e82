"""Each alert fires when it should, and not when it nearly should: with the real promtool, old and new."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.rules import cost_cases, exporter_cases, key_cases
from tests.rules.cases import HOUR, MINUTE, rules, write

HOURS = cost_cases.HOURS + key_cases.HOURS + exporter_cases.HOURS
DAYS = exporter_cases.DAYS
WEEKS = cost_cases.WEEKS + exporter_cases.WEEKS
CASES = HOURS + DAYS + WEEKS
PROMTOOLS = ["promtool", "promtool3"]


@pytest.mark.parametrize("program", PROMTOOLS)
@pytest.mark.parametrize(
    ("cases", "step"), [(HOURS, 2 * MINUTE), (DAYS, HOUR), (WEEKS, 6 * HOUR)], ids=["hours", "days", "weeks"]
)
def test_alerts_fire_when_they_should_and_only_then(tool, tmp_path, program, cases, step):
    def run(file):
        return subprocess.run(
            [promtool, "test", "rules", file], check=False, cwd=tmp_path, capture_output=True, text=True
        )

    promtool = tool(program)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ran = list(pool.map(run, write(tmp_path, cases, step)))
    failures = "".join(one.stdout + one.stderr for one in ran if one.returncode)
    assert not failures, failures


@pytest.mark.parametrize("rule", rules("alerts.yml"), ids=lambda rule: rule["alert"])
def test_every_alert_has_a_case_that_fires_and_a_near_miss(rule):
    cases = [case for case in CASES if case.alert == rule["alert"]]
    assert {bool(case.fires) for case in cases} == {True, False}

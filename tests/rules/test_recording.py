"""What is recorded of one instance is recorded of two, also while a third one still has the day before."""

import subprocess

import pytest
import yaml

from tests.rules import cost_cases, exporter_cases, key_cases
from tests.rules.cases import DAY, HOUR, RULES, Values, groups, notation, rules, value_at
from tests.rules.cost_cases import report_day

AT = 23 * DAY + 12 * HOUR
STEP = 6 * HOUR
ACTOR = 'actor="ann",actor_type="user",team="a"'
OF_A_DAY = {
    f'anthropic_claude_code_sessions{{{ACTOR},terminal="t"}}': 4,
    f'anthropic_claude_code_sessions{{{ACTOR},terminal="u"}}': 5,
    f'anthropic_claude_code_lines_of_code{{{ACTOR},change="added"}}': 40,
    f"anthropic_claude_code_commits{{{ACTOR}}}": 2,
    f"anthropic_claude_code_pull_requests{{{ACTOR}}}": 1,
    f'anthropic_claude_code_tool_actions{{{ACTOR},tool="edit",decision="accepted"}}': 6,
    f'anthropic_claude_code_tool_actions{{{ACTOR},tool="edit",decision="rejected"}}': 2,
}
EXPECTED = {
    "organization:anthropic_cost_usd:sum": 100,
    "organization:anthropic_cost_usd:usual": 100,
    "organization:anthropic_cost_today_usd:sum": 70,
    "organization_team:anthropic_claude_code_sessions:sum": 9,
    "organization_team:anthropic_claude_code_acceptance:ratio": 0.75,
    "organization_team_actor:anthropic_claude_code_estimated_cost_usd:sum": 12,
    "organization_team_actor:anthropic_claude_code_estimated_cost_usd:usual": 12,
    "organization:anthropic_claude_code_active_actors:usual": 40,
    "organization_poll:anthropic_exporter_rows:usual": 40,
    "organization:anthropic_usage_cache_read:ratio": 0.25,
    "organization:anthropic_api_key_info:active": 2,
}


def scraped(organization: str, instance: str) -> dict[str, Values]:
    """Everything that the rules look at, from one instance."""
    series: dict[str, Values] = {
        **{name.replace("{", f"{{{cost_cases.ACME},"): value for name, value in OF_A_DAY.items()},
        **cost_cases.mix(20, 80),
        **cost_cases.cache(25e6),
        **cost_cases.actor(dict.fromkeys(range(30), 12.0), more=',team="a"'),
        **cost_cases.today(70),
        **exporter_cases.weekly(lambda _: 40),
        **exporter_cases.poll("users", fails_from=DAY, reason="forbidden"),
        **key_cases.key("k1"),
        **key_cases.key("k2"),
        **key_cases.key("k3", kind="claude_code"),
    }
    return {
        name.replace("Acme", organization).replace("}", f',instance="{instance}",pod="p{instance}"}}'): values
        for name, values in series.items()
    }


def behind(organization: str, instance: str) -> dict[str, Values]:
    """The same from an instance that stands at the day before, where everything was ten times as much."""
    series = {
        name: values
        for name, values in scraped(organization, instance).items()
        if not any(part in name for part in ("_api_key_", "today", "failures", "poll"))
    }

    def older(name: str, values: Values) -> Values:
        factor = 1 if "_days" in name else 10
        return lambda time: (
            report_day(time) - DAY if "report_day" in name else (value_at(values, time - DAY) or 0) * factor
        )

    return {name: older(name, values) for name, values in series.items()}


@pytest.mark.parametrize("program", ["promtool", "promtool3"])
def test_neither_a_second_instance_nor_one_that_is_behind_changes_what_is_recorded(tool, tmp_path, program):
    series = scraped("One", "a") | scraped("Two", "b") | scraped("Two", "c") | behind("Two", "d")
    records = sorted({rule["record"] for rule in rules("recording.yml")})
    same = [
        f'(count({name}{{organization="One"}} == ignoring (organization) {name}{{organization="Two"}})'
        f' == bool count({name}{{organization="One"}}))'
        f' * (count({name}{{organization="One"}}) == bool count({name}{{organization="Two"}}))'
        for name in records
        if not name.startswith("organization_instance:") and not name.endswith("failures:recent")
    ]
    known = {f'sum(round({name}{{organization="Two"}}, 0.01))': value for name, value in EXPECTED.items()}
    expected = dict.fromkeys(same, 1) | known
    content = {
        "rule_files": [str(RULES / "recording.yml")],
        "evaluation_interval": f"{STEP}s",
        "group_eval_order": [group["name"] for group in groups("recording.yml")],
        "tests": [
            {
                "interval": f"{STEP}s",
                "input_series": [
                    {"series": name, "values": notation(values, AT, STEP)} for name, values in series.items()
                ],
                "promql_expr_test": [
                    {"expr": expression, "eval_time": f"{AT}s", "exp_samples": [{"labels": "{}", "value": value}]}
                    for expression, value in expected.items()
                ],
            }
        ],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(content, width=1000))
    command = [tool(program), "test", "rules", "tests.yml"]
    ran = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr

"""The rules over replayed weeks, by `promtool test rules`.

promtool's clock begins in 1970 and cannot be set: times are moved there by whole weeks, so that weekdays stay.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from tests.rules.cases import RULES, groups
from tests.weeks.replay import Recording, Run

FILES = [RULES / "recording.yml", RULES / "alerts.yml"]


EVALUATED = timedelta(hours=2)
"""How often rules are evaluated: often enough, and half the work of every scrape."""


def fire(promtool: str, recording: Recording, folder: Path, due: Mapping[str, tuple[datetime, datetime]]) -> str:
    """Nothing if just the alerts in `due` fire, each for the first time between two instants; else what is wrong."""
    step = recording.step.total_seconds()
    assert recording.start.timestamp() % timedelta(weeks=1).total_seconds() == 0, "does not begin with a week of 1970"
    every = f"{EVALUATED.total_seconds():.0f}s"
    whole = f"{recording.moments * step:.0f}s"
    checks = [
        {
            "expr": f'group by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{whole}]))',
            "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in due],
        }
    ]
    for name, instants in due.items():
        earliest, latest = ((at - recording.start).total_seconds() for at in instants)
        firing = f'timestamp(ALERTS{{alertname="{name}", alertstate="firing"}})'
        first = f"min(min_over_time({firing}[{whole}:{every}]))"
        checks.append(
            {"expr": f"({first} >= {earliest}) <= bool {latest}", "exp_samples": [{"labels": "{}", "value": 1}]}
        )
    end = f"{(recording.moments - 1) * step:.0f}s"
    test = {
        "interval": f"{step:.0f}s",
        "input_series": [{"series": series, "values": values} for series, values in _input(recording)],
        "promql_expr_test": [{"eval_time": end, **one} for one in checks],
    }
    order = [group["name"] for file in FILES for group in groups(file.name)]
    document = {
        "rule_files": [str(file) for file in FILES],
        "evaluation_interval": every,
        "group_eval_order": order,  # else in any order, and what a rule needs may be of an hour ago
        "tests": [test],
    }
    file = folder / "weeks.yml"
    file.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True))
    result = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def _input(recording: Recording) -> Iterator[tuple[str, str]]:
    """What the rules look at, as promtool writes series."""
    used = set(re.findall(r"\banthropic_\w+", "".join(file.read_text() for file in FILES)))
    moved = recording.start.timestamp()
    target = 'job="anthropic-exporter",instance="127.0.0.1:10204"'
    yield f"up{{{target}}}", f"1x{recording.moments - 1}"
    for series, runs in recording.runs():
        name, _, labels = series.partition("{")
        if name in used:
            move = moved if name.endswith("_timestamp_seconds") else 0
            yield f"{name}{{{target},{labels or '}'}", _values(runs, move)


def _values(runs: list[Run], move: float) -> str:
    parts, reached = [], 0
    for first, last, value in runs:
        if first > reached:
            parts.append(f"_x{first - reached}")
        parts.append(f"{value - move!r}x{last - first}")
        reached = last + 1
    return " ".join(parts)

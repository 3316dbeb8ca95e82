"""Checks of deploy/compose: up, full, and down again. Grafana is left out: its files are checked elsewhere."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import yaml

from exporter.demo.options import Options
from exporter.settings import HistorySection, StorageSection
from tests.container.docker import NETWORK, docker, tried
from tests.promql import free_port
from tests.service import ask, get, samples, until

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose" / "compose.yml"
RULES = ROOT / "deploy" / "prometheus"
SERVICES = ("exporter", "prometheus", "alertmanager")
FAMILIES = ("anthropic_daily_claude_code_sessions", "anthropic_daily_usage_tokens", "anthropic_daily_cost_usd")
PUSHED_DAYS = StorageSection().days - HistorySection().restate_days
PATIENCE = 240
DAY = timedelta(days=1)


class Stack:
    """The stack while it is up."""

    def __init__(self, ports: dict[str, int], compose: tuple[str, ...], variables: dict[str, str]) -> None:
        self.exporter, self.prometheus, self.alertmanager = (f"http://127.0.0.1:{ports[name]}" for name in SERVICES)
        self._compose, self._variables = compose, variables
        self.began = time.monotonic()

    def compose(self, *arguments: str) -> str:
        """What a compose command prints."""
        return docker(*self._compose, *arguments, **self._variables)

    def ask(self, path: str, **parameters: object) -> Any:
        """What Prometheus answers."""
        return ask(f"{self.prometheus}/api/v1/{path}?{urlencode(parameters)}")["data"]

    def seconds(self) -> int:
        """Since it was told to come up."""
        return round(time.monotonic() - self.began)


@contextmanager
def up(image: str, override: str, **variables: str) -> Iterator[Stack]:
    """The stack with `image`, at ports of its own, gone at the end with all it kept."""
    ports = {name: free_port() for name in SERVICES}
    variables |= {f"{name.upper()}_PORT": str(port) for name, port in ports.items()} | {"IMAGE": image}
    files = ("-f", str(COMPOSE), "-f", str(Path(__file__).with_name(override)))
    compose = ("compose", "-p", NETWORK, *files)
    stack = Stack(ports, compose, variables)
    try:
        stack.compose("up", "--detach", *SERVICES)
        yield stack
    finally:
        tried(*compose, "down", "--volumes", **variables)


def demo(image: str) -> str:
    """Without a key: the target is up, rules run, the past is there, alerts have where to go."""
    with up(image, "demo.yml") as stack:
        return full(stack)


def live(image: str) -> str:
    """With a key, of a simulated API: the same, the ledger is in a volume, and the key in no variable."""
    with key_file() as path, up(image, "live.yml", ADMIN_KEY_FILE=path) as stack:
        said = full(stack)
        text = get(f"{stack.exporter}/metrics")
        assert 'anthropic_exporter_ledger_persistent{organization="Simulated Organization"} 1.0' in text
        checked = stack.compose("exec", "exporter", "anthropic-exporter", "check")
        assert "receiver           ok" in checked, checked
        assert "as it should be beside a service that runs" in checked, checked
        assert Options.key not in docker(*("container", "inspect", stack.compose("ps", "-q", "exporter")))
        return said


@contextmanager
def key_file() -> Iterator[str]:
    """A file that all may read, in a folder that nobody else may enter."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "admin-key"
        path.write_text(f"{Options.key}\n")
        path.chmod(0o644)
        yield str(path)


def full(stack: Stack) -> str:
    """How long each part took."""
    found = {
        "all of history": lambda: history_is_there(stack),
        "the target up": lambda: [one["health"] for one in stack.ask("targets")["activeTargets"]] == ["up"],
        "rules without an error": lambda: rules_run(stack),
        "Alertmanager known": lambda: stack.ask("alertmanagers")["activeAlertmanagers"],
        "Alertmanager reachable": lambda: reachable(stack, "http://alertmanager:9093/-/ready"),
    }
    took = []
    for what, condition in found.items():
        until(condition, what, PATIENCE)
        took.append(f"{what} {stack.seconds()} s")
    return ", ".join(took)


def history_is_there(stack: Stack) -> bool:
    """Whether every family has a value on each day that can no longer change."""
    pending = [
        value for name, value in samples(get(f"{stack.exporter}/metrics")).items() if "_history_pending{" in name
    ]
    if not pending or any(pending):
        return False
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    times = {"start": (today - StorageSection().days * DAY).timestamp(), "end": today.timestamp(), "step": "1d"}
    for family in FAMILIES:
        found = stack.ask("query_range", query=f"sum(sum_over_time({family}[1d] offset -1s))", **times)["result"]
        if not found or len(found[0]["values"]) < PUSHED_DAYS:
            return False
    return True


def rules_run(stack: Stack) -> bool:
    """Whether all rules there are have been evaluated. A wrong one is an AssertionError."""
    groups = stack.ask("rules")["groups"]
    written = [
        group
        for name in ("recording", "alerts")
        for group in yaml.safe_load((RULES / f"{name}.yml").read_text())["groups"]
    ]
    assert sorted(one["name"] for one in groups) == sorted(one["name"] for one in written)
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == sum(len(group["rules"]) for group in written)
    assert not (errors := [rule["lastError"] for rule in rules if rule.get("lastError")]), errors
    return {rule["health"] for rule in rules} == {"ok"}


def reachable(stack: Stack, url: str) -> bool:
    """Whether something in the stack's network is found there by its name."""
    code = f"import urllib.request as u; u.urlopen({json.dumps(url)}, timeout=5)"
    stack.compose("exec", "exporter", "python3", "-c", code)
    return True

"""The usual exporter: prometheus_client gauges of the same families, behind prometheus_client's own server."""

import gzip
import json
import time
from multiprocessing.connection import Connection

from prometheus_client import REGISTRY, Gauge, generate_latest, start_http_server

from exporter import catalog
from exporter.catalog import Metric
from tests.bench.memory import growth
from tests.bench.records import pages

ORGANIZATION = "Acme"
TOKEN_TYPES = ("input", "output", "cache_read", "cache_creation")


def _gauge(metric: Metric) -> Gauge:
    return Gauge(metric.name, metric.help, [label for label in metric.all_labels if label != "team"])


class Theirs:
    """Gauges in the default registry, filled from `bodies`."""

    def __init__(self, bodies):
        self.bodies = bodies
        self._sessions = _gauge(catalog.SESSIONS)
        self._lines = _gauge(catalog.LINES)
        self._commits = _gauge(catalog.COMMITS)
        self._pull_requests = _gauge(catalog.PULL_REQUESTS)
        self._tool_actions = _gauge(catalog.TOOL_ACTIONS)
        self._tokens = _gauge(catalog.TOKENS)
        self._costs = _gauge(catalog.ESTIMATED_COST)

    def fill(self):
        """Set every gauge anew; who is not in the pages any more is not exported any more."""
        every = (self._sessions, self._lines, self._commits, self._pull_requests)
        for gauge in (*every, self._tool_actions, self._tokens, self._costs):
            gauge.clear()
        for body in self.bodies:
            for record in json.loads(body)["data"]:
                self._set(record)

    def _set(self, record):
        who = (
            ORGANIZATION,
            record["actor"]["email_address"],
            "user",
            record["customer_type"],
            record["subscription_type"] or "",
            record["terminal_type"],
            str(record["is_remote"]).lower(),
        )
        core = record["core_metrics"]
        self._sessions.labels(*who).set(core["num_sessions"])
        for change, count in core["lines_of_code"].items():
            self._lines.labels(*who, change).set(count)
        self._commits.labels(*who).set(core["commits_by_claude_code"])
        self._pull_requests.labels(*who).set(core["pull_requests_by_claude_code"])
        for tool, actions in record["tool_actions"].items():
            for decision, count in actions.items():
                self._tool_actions.labels(*who, tool.removesuffix("_tool"), decision).set(count)
        for used in record["model_breakdown"]:
            for token_type in TOKEN_TYPES:
                self._tokens.labels(*who, used["model"], token_type).set(used["tokens"][token_type])
            self._costs.labels(*who, used["model"]).set(used["estimated_cost"]["amount"] / 100)

    def poll(self):
        """From pages to bytes that are ready to send."""
        self.fill()
        return gzip.compress(generate_latest(REGISTRY))


def run(pipe: Connection, bodies: list[bytes]) -> None:
    """Serve, and do what `pipe` says, until it says None."""
    theirs = Theirs(pages(1))
    theirs.poll()
    theirs.bodies = bodies
    with growth() as kept:
        theirs.fill()
    server, _ = start_http_server(0, "127.0.0.1")
    pipe.send((server.server_port, kept()))
    while command := pipe.recv():
        pipe.send(time.process_time() if command == "cpu" else _seconds(theirs))


def _seconds(theirs: Theirs) -> float:
    started = time.perf_counter()
    theirs.poll()
    return time.perf_counter() - started

"""How the tests ask the simulation: in memory, or over a loopback socket; and a naive reader of its JSON."""

import asyncio
import contextlib
import json
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import uvicorn

from exporter.demo.options import Options
from exporter.demo.server import build_app

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)  # a Friday
SETTLED = "2026-11-18"
KEY = {"x-api-key": Options.key}
VERSION = {"anthropic-version": "2023-06-01"}
REPORT = "usage_report/claude_code"
USAGE = "usage_report/messages"
COST = "cost_report"
FAST = {"anthropic-beta": "fast-mode-2026-02-01"}
TOKENS = {
    "uncached_input": lambda row: row["uncached_input_tokens"],
    "output": lambda row: row["output_tokens"],
    "cache_read": lambda row: row["cache_read_input_tokens"],
    "cache_creation_5m": lambda row: row["cache_creation"]["ephemeral_5m_input_tokens"],
    "cache_creation_1h": lambda row: row["cache_creation"]["ephemeral_1h_input_tokens"],
}


def one_day(day=SETTLED):
    """The range of the reports of use and cost that is one day."""
    return {"starting_at": day, "ending_at": (date.fromisoformat(day) + timedelta(days=1)).isoformat()}


class Api:
    """The application and its clock; every question is one request in memory."""

    def __init__(self, now=NOW, **options):
        self.now = now
        self.options = Options(**options)
        self.app = build_app(self.options, lambda: self.now)

    def ask(self, path, params=None, *, method="GET", headers=None, **request):
        headers = {**KEY, **VERSION} if headers is None else headers
        return asyncio.run(self._ask(method, path, params=params, headers=headers, **request))

    async def _ask(self, method, path, **request):
        transport = httpx.ASGITransport(app=self.app)
        url = path if path.startswith("/") else f"/v1/organizations/{path}"
        async with httpx.AsyncClient(transport=transport, base_url="http://simulated", trust_env=False) as client:
            return await client.request(method, url, **request)

    def get(self, path, params=None, **request):
        answer = self.ask(path, params, **request)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def rows(self, path, params=None, limit=1000, **request):
        return [row for page in self.pages(path, params, limit, **request) for row in page]

    def pages(self, path, params=None, limit=1000, **request):
        """Walk to the end, by cursor or by id."""
        params = {**(params or {}), "limit": limit}
        more: dict[str, str] = {}
        result = []
        while True:
            page = self.get(path, {**params, **more}, **request)
            result.append(page["data"])
            if not page["has_more"]:
                return result
            more = {"page": page["next_page"]} if "next_page" in page else {"after_id": page["last_id"]}

    def buckets(self, path, params=None, limit=31, **request):
        """Walk a report by buckets; without a range it is the settled day's."""
        return self.rows(path, params or one_day(), limit, **request)

    def results(self, path, groups=(), *, day=SETTLED, **request):
        """Return the rows of one day."""
        bucket, *_ = self.buckets(path, {**one_day(day), "group_by[]": list(groups)}, **request)
        return bucket["results"]

    def day(self, day=SETTLED, limit=1000):
        return self.rows(REPORT, {"starting_at": day}, limit)

    def truth(self, day=None):
        return self.get("/simulator/truth", {"day": day} if day else None, headers={})

    def sums(self, since, until):
        return self.get("/simulator/truth", {"since": since, "until": until}, headers={})

    def refused(self, path, params=None, **request):
        """Return status, error type and message of an answer that must have the documented error body."""
        answer = self.ask(path, params, **request)
        body = answer.json()
        assert set(body) == {"type", "error", "request_id"}
        assert body["type"] == "error"
        assert body["request_id"] == answer.headers["request-id"]
        assert body["request_id"].startswith("req_")
        return answer.status_code, body["error"]["type"], body["error"]["message"]


@contextlib.contextmanager
def served(*faults, http="auto", **options):
    """Serve the simulation on a loopback socket by a real uvicorn; gives its base URL."""
    app = Api(**options).app
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http=http, log_config=None, log_level=60, timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={**KEY, **VERSION}, timeout=5) as client:
            if faults:
                assert client.put("/simulator/faults", json=faults).status_code == 200
            yield client
    finally:
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


def read(rows):
    """Sum rows of the Claude Code report as anybody would who has read its documentation once."""
    total: dict[str, Any] = {
        "rows": len(rows),
        "sessions": 0,
        "commits": 0,
        "pull_requests": 0,
        "lines": Counter(added=0, removed=0),
        "tokens": Counter(input=0, output=0, cache_read=0, cache_creation=0),
        "tokens_by_model": defaultdict(Counter),
        "tools_accepted": Counter(),
        "tools_rejected": Counter(),
        "sessions_by_actor": Counter(),
        "cost": Decimal(0),
        "cost_by_model": defaultdict(Decimal),
        "cost_by_actor": defaultdict(Decimal),
    }
    for row in rows:
        actor = row["actor"].get("email_address", "").casefold() or row["actor"]["api_key_name"]
        core = row["core_metrics"]
        total["sessions"] += core["num_sessions"]
        total["sessions_by_actor"][actor] += core["num_sessions"]
        total["cost_by_actor"][actor] += 0
        total["lines"].update({name: core["lines_of_code"][name] for name in ("added", "removed")})
        total["commits"] += core["commits_by_claude_code"]
        total["pull_requests"] += core["pull_requests_by_claude_code"]
        for tool, actions in row["tool_actions"].items():
            total["tools_accepted"][tool.removesuffix("_tool")] += actions["accepted"]
            total["tools_rejected"][tool.removesuffix("_tool")] += actions["rejected"]
        for use in row["model_breakdown"]:
            tokens = {name: use["tokens"][name] for name in ("input", "output", "cache_read", "cache_creation")}
            cost = Decimal(use["estimated_cost"]["amount"]) / 100
            total["tokens"].update(tokens)
            total["tokens_by_model"][use["model"]].update(tokens)
            total["cost"] += cost
            total["cost_by_model"][use["model"]] += cost
            total["cost_by_actor"][actor] += cost
    return total


def used(rows, field=None, name=str):
    """Sum rows of the usage report by one of their fields."""
    total: defaultdict[str, Counter[str]] = defaultdict(lambda: Counter(dict.fromkeys(TOKENS, 0)))
    for row in rows:
        total[name(row[field]) if field else ""].update({kind: read(row) for kind, read in TOKENS.items()})
    return dict(total) if field else total[""]


def billed(rows, field=None, name=str):
    """Sum rows of the cost report, in dollars, by one of their fields."""
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        total[name(row[field]) if field else ""] += Decimal(row["amount"]) / 100
    return dict(total) if field else total[""]

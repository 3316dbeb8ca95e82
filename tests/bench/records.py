"""Pages of /usage_report/claude_code as the API sends them; each record becomes 33 samples."""

import json
from datetime import UTC, date, datetime
from random import Random

DAY = date(2026, 2, 28)
NEXT_DAY = datetime(2026, 3, 1, 2, tzinfo=UTC)  # from now on `DAY` is the report day
SAMPLES_PER_RECORD = 33
PAGE_ROWS = 1000

_MODELS = ("claude-opus-4-6", "claude-sonnet-4-6", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
_TOOLS = ("edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool")
_TERMINALS = ("vscode", "iTerm.app", "tmux", "ghostty", "Apple_Terminal", "WarpTerminal", "cursor", "windows-terminal")
_FIRST = ("ann", "bela", "chidi", "dolores", "emre", "fatima", "gustav", "hana", "ines", "jun")
_LAST = ("okafor", "lindqvist", "yamada", "o'brien", "castellanos", "novak", "haddad")


def pages(records: int, version: int = 0) -> list[bytes]:
    """The bodies of all pages, the cursor of each being its number. The records of fewer are the first of more.

    Another version has the same people with other numbers.
    """
    rows = [_record(number, version) for number in range(records)]
    parts = [rows[start : start + PAGE_ROWS] for start in range(0, records, PAGE_ROWS)]
    return [_page(number, part, len(parts)) for number, part in enumerate(parts, start=1)]


def _page(number: int, rows: list[object], last: int) -> bytes:
    more = number < last
    return json.dumps({"data": rows, "has_more": more, "next_page": str(number + 1) if more else None}).encode()


def _record(number: int, version: int) -> object:
    who, random = Random(number), Random(f"{number} {version}")
    subscription = who.choice((None, "team", "enterprise"))
    return {
        "date": f"{DAY.isoformat()}T00:00:00Z",
        "organization_id": "7c1f5a0e-3c57-4d7c-9a53-0c5a3f0d2b11",
        "actor": {
            "type": "user_actor",
            "email_address": f"{who.choice(_FIRST)}.{who.choice(_LAST)}{number}@example.com",
        },
        "customer_type": "subscription" if subscription else "api",
        "subscription_type": subscription,
        "is_remote": who.random() < 0.1,
        "terminal_type": who.choice(_TERMINALS),
        "core_metrics": {
            "num_sessions": random.randint(1, 12),
            "lines_of_code": {"added": random.randint(0, 4000), "removed": random.randint(0, 1500)},
            "commits_by_claude_code": random.randint(0, 15),
            "pull_requests_by_claude_code": random.randint(0, 4),
        },
        "tool_actions": {
            tool: {"accepted": random.randint(0, 120), "rejected": random.randint(0, 20)} for tool in _TOOLS
        },
        "model_breakdown": [_model(model, random) for model in _MODELS],
    }


def _model(model: str, random: Random) -> object:
    return {
        "model": model,
        "tokens": {
            "input": random.randint(100, 200_000),
            "output": random.randint(100, 90_000),
            "cache_read": random.randint(0, 9_000_000),
            "cache_creation": random.randint(0, 700_000),
        },
        "estimated_cost": {"amount": random.randint(1, 9_000_000) / 10_000, "currency": "USD"},
    }

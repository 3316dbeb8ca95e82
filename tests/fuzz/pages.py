"""A valid answer of every endpoint, and the same with any part of it replaced by any bytes.

Random bytes are hardly ever JSON, and random JSON is hardly ever a page: what is right but for one place goes further.
"""

import json
from itertools import count
from typing import Any

TIME = "2026-01-01T00:00:00Z"
LAST = {"has_more": False, "next_page": None}


def listed(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(rows), "has_more": False, "first_id": None, "last_id": None}


def user(number: int) -> dict[str, Any]:
    return {"id": f"user_{number}", "email": f"u{number}@example.com", "role": "admin", "added_at": TIME}


def workspace(number: int, name: str) -> dict[str, Any]:
    return {"id": f"wrkspc_{number}", "name": name, "archived_at": None}


def key(number: int) -> dict[str, Any]:
    return {
        "id": f"apikey_{number}",
        "name": "ci",
        "status": "active",
        "created_at": TIME,
        "expires_at": TIME,
        "created_by": {"id": "user_1", "type": "user"},
        "workspace_id": None,
        "scope": {"type": "workspace", "workspace_id": "wrkspc_1"},
    }


def record(number: int) -> dict[str, Any]:
    return {
        "date": "DAYT00:00:00Z",
        "actor": {"type": "user_actor", "email_address": f"u{number}@example.com"},
        "customer_type": "api",
        "subscription_type": None,
        "terminal_type": "vscode",
        "is_remote": False,
        "core_metrics": {
            "num_sessions": 1,
            "lines_of_code": {"added": 2, "removed": 3},
            "commits_by_claude_code": 4,
            "pull_requests_by_claude_code": 5,
        },
        "tool_actions": {"edit_tool": {"accepted": 6, "rejected": 7}},
        "model_breakdown": [
            {
                "model": "claude-opus-5-5",
                "tokens": {"input": 8, "output": 9, "cache_read": 10, "cache_creation": 11},
                "estimated_cost": {"amount": 12.5, "currency": "USD"},
            }
        ],
    }


def bucket(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"data": [{"starting_at": "DAYT00:00:00Z", "ending_at": TIME, "results": list(rows)}], **LAST}


def usage(model: str) -> dict[str, Any]:
    return {
        "uncached_input_tokens": 1,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 5},
        "server_tool_use": {"web_search_requests": 6},
        "model": model,
        "api_key_id": "apikey_1",
        "workspace_id": None,
        "service_tier": "standard",
        "context_window": "0-200k",
    }


def cost(description: str) -> dict[str, Any]:
    return {
        "amount": "1234.5",
        "currency": "USD",
        "cost_type": "tokens",
        "description": description,
        "model": None,
        "token_type": "output_tokens",
        "service_tier": "standard",
        "context_window": "0-200k",
        "workspace_id": "wrkspc_1",
    }


PAGES: dict[str, Any] = {
    "me": {"id": "5f0e", "type": "organization", "name": "Acme"},
    "users": listed(user(1), user(2)),
    "invites": listed({"id": "invite_1", "role": "user", "status": "pending", "expires_at": TIME}),
    "workspaces": listed(workspace(1, "Claude Code"), workspace(2, "Two")),
    "workspaces/{workspace_id}/members": listed({"user_id": "user_1", "workspace_role": "workspace_user"}),
    "api_keys": listed(key(1), key(2)),
    "usage_report/claude_code": {"data": [record(1), record(2)], **LAST},
    "usage_report/messages": bucket(usage("claude-opus-5-5"), usage("claude-haiku-5-5")),
    "cost_report": bucket(cost("one"), cost("two")),
    "error": {"type": "error", "error": {"type": "api_error", "message": "words"}, "request_id": "req_1"},
}
"""By the path of the endpoint. DAY stands for the day that is asked for."""


HOSTILE = (
    *rb"""
null true {} [] "" [null] [{}] {"a":{}} 0 -0 -1 1.0 1e3 0.1 1E-999999999 1e18 "page":1,"page":2
NaN Infinity -Infinity "NaN" "Infinity" "sNaN" 1e400 1e999999999 "1e999999999" "1e99999999999999999999" "0E+999999999"
9007199254740992 9007199254740993 9223372036854775808 18446744073709551616 99999999999999999 "-1" "1_0"
"\ud800" "\u0000" "\n\"\\" "." ".." "a/b?c#d" "default" "organization" "user_1" "u1@example.com" "DAYT12:00:00Z"
"0001-01-01T00:00:00+23:59" "9999-12-31T23:59:59-23:59" "2026-02-28T23:59:60Z" "2026-02-28"
""".split(),
    *(b"9" * 400, b"9" * 5000, b"0." + b"9" * 99, b"[" * 100_000, b'{"a":' * 100_000),
    *(b'" 1 "', '"٣"'.encode(), '"İ"'.encode(), '"ß"'.encode(), '"\u2028"'.encode(), b"\xef\xbb\xbf"),
    *(
        b'"\0"',
        b'"\x80"',
        b'"\xed\xa0\x80"',
        b'"%b"' % (b"x" * 512),
        b'"%b"' % (b"x" * 600),
        f'"{"é" * 5000}"'.encode(),
    ),
)
"""What to put where something else belongs."""


def with_parts(page: Any, parts: dict[int, bytes]) -> bytes:
    """The page as JSON, in which the parts of these numbers are these bytes; number 0 is the whole page."""
    return _json(page, parts, count())


def number_of_parts(page: Any) -> int:
    numbers = count()
    _json(page, {}, numbers)
    return next(numbers)


def _json(part: Any, parts: dict[int, bytes], numbers: "count[int]") -> bytes:
    number = next(numbers)
    if number in parts:
        return parts[number]
    if isinstance(part, dict):
        return b"{%b}" % b",".join(
            b"%b:%b" % (_json(k, parts, numbers), _json(v, parts, numbers)) for k, v in part.items()
        )
    if isinstance(part, list):
        return b"[%b]" % b",".join(_json(one, parts, numbers) for one in part)
    return json.dumps(part).encode()


def of_bytes(choice: list[str], data: bytes) -> tuple[str, bytes]:
    """An endpoint of `choice` and a body, as `data` says.

    Its first byte chooses; the rest is what replaces parts of the valid page, a byte with the part's number before each
    and 0xff, which no JSON holds, between them.
    """
    name = choice[data[0] % len(choice)] if data else choice[0]
    page = PAGES[name]
    most = number_of_parts(page)
    return name, with_parts(page, {piece[0] % most: piece[1:] for piece in data[1:].split(b"\xff") if piece})

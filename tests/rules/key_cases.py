"""Cases of the group about keys and members."""

from dataclasses import replace

from tests.rules.cases import DAY, HOUR, Case, Values, fires, seen, silent
from tests.rules.cost_cases import ACME

USED = "anthropic_api_key_last_used_day_timestamp_seconds"


def key(
    name: str = "k1",
    *,
    created: float = -400 * DAY,
    expires: float | None = None,
    used: float | None = None,
    orphaned: float | None = None,
    status: str = "active",
    kind: str = "standard",
    more: str = "",
) -> dict[str, Values]:
    """A key."""
    labels = f'{{{ACME},api_key_id="{name}"{more}'
    about = {"created": created, "expires": expires}
    found: dict[str, Values] = {
        f'anthropic_api_key_info{labels},name="n",status="{status}",kind="{kind}"}}': 1,
        f"{USED}{labels}}}": used,
        f"anthropic_api_key_orphaned{labels}}}": orphaned,
    }
    found |= {f"anthropic_api_key_{what}_timestamp_seconds{labels}}}": at for what, at in about.items()}
    return {name: value for name, value in found.items() if value is not None}


def usage_window(days: int = 30) -> dict[str, Values]:
    """The window of usage, which ends with yesterday."""
    return {
        f'anthropic_window_days{{{ACME},window="30d",source="usage"}}': days,
        f"anthropic_usage_report_day_timestamp_seconds{{{ACME}}}": -DAY,
    }


def admin(since: float, role: str = "admin") -> dict[str, Values]:
    """Two members who have been in the role for a year, and one since then."""
    metric = "anthropic_member_role_since_timestamp_seconds"
    member = f'{metric}{{{ACME},role="{role}",user_id="'
    return {f'{member}a"}}': -365 * DAY, f'{member}b"}}': -365 * DAY, f'{member}c"}}': since}


def invite(expires: float) -> dict[str, Values]:
    """A pending invitation."""
    return {f'anthropic_invite_expires_timestamp_seconds{{{ACME},invite_id="i",role="user"}}': expires}


def many(count: int, since: int, old: int = 20) -> dict[str, Values]:
    """Old keys, and `count` more that were made at `since`."""
    found = {name: value for number in range(old) for name, value in key(f"old{number}").items()}
    for number in range(count):
        found |= seen(key(f"new{number}"), since=since)
    return found


def before(cases: list[Case], alert: str, name: str) -> Case:
    """The case that fires, all of it scraped for the first time half an hour before."""
    (case, *_) = [case for case in cases if case.alert == alert and case.fires]
    return replace(case, name=name, series=seen(case.series, since=case.at - HOUR // 2))


HOURS = [
    fires(
        "AnthropicKeyCreated",
        "20 hours ago",
        key(created=-18 * HOUR) | key("k2"),
        "Acme: 1 API keys created within a day",
    ),
    silent("AnthropicKeyCreated", "25 hours ago", key(created=HOUR - DAY)),
    silent("AnthropicKeyCreated", "by Claude Code", key(created=HOUR, kind="claude_code")),
    fires(
        "AnthropicKeysWithoutExpiry",
        "two keys are one alert, also of two instances",
        key("k1", more=',instance="a"')
        | key("k1", more=',instance="b"')
        | key("k2", created=-181 * DAY, more=',instance="a"')
        | key("k2", created=-181 * DAY, more=',instance="b"'),
        "Acme: 2 active API keys are older than 180 days and never expire",
    ),
    silent(
        "AnthropicKeysWithoutExpiry",
        "younger, or expires, or inactive, or by Claude Code",
        key("k1", created=-179 * DAY)
        | key("k2", expires=300 * DAY)
        | key("k3", status="inactive")
        | key("k4", kind="claude_code"),
    ),
    fires("AnthropicKeyExpiring", "in six days", key(expires=6 * DAY), "Acme: 1 active API keys expire within 7 days"),
    silent(
        "AnthropicKeyExpiring",
        "in eight days, or an hour ago, or by Claude Code",
        key(expires=8 * DAY) | key("k2", expires=HOUR) | key("k3", expires=6 * DAY, kind="claude_code"),
    ),
    fires(
        "AnthropicExpiredKeyUsed",
        "used six days before it expired",
        key(expires=0, used=-6 * DAY, status="expired"),
        "Acme: 1 expired API keys were in use within the last 7 days",
    ),
    silent(
        "AnthropicExpiredKeyUsed",
        "used eight days ago, or not expired, or archived",
        key(expires=0, used=-8 * DAY, status="expired")
        | key("k2", expires=3 * HOUR, used=-DAY)
        | key("k3", expires=0, used=-DAY, status="archived"),
    ),
    silent("AnthropicExpiredKeyUsed", "usage is withdrawn", key(expires=0, status="expired")),
    fires("AnthropicKeysOrphaned", "one", key(orphaned=1), "Acme: 1 active API keys of people who have left"),
    silent("AnthropicKeysOrphaned", "archived", key(orphaned=1, status="archived") | key("k2", orphaned=0)),
    fires(
        "AnthropicKeysUnused",
        "used 31 days before, or never",
        key(used=-31 * DAY) | key("k2", created=-31 * DAY) | key("k3", used=-DAY) | usage_window(),
        "Acme: 2 active API keys were not used for 30 days",
    ),
    silent(
        "AnthropicKeysUnused",
        "used 30 days before, or younger, or by Claude Code",
        key(used=-30 * DAY) | key("k2", created=-30 * DAY) | key("k3", kind="claude_code") | usage_window(),
    ),
    silent("AnthropicKeysUnused", "a window that is not whole", key() | key("k2", used=-DAY) | usage_window(29)),
    silent("AnthropicKeysUnused", "usage is withdrawn", key()),
    silent("AnthropicKeysUnused", "usage is not read by key", key() | usage_window()),
    fires(
        "AnthropicKeysJumped", "by eleven", many(11, HOUR), "Acme: 11 more active API keys than a day ago", at=2 * HOUR
    ),
    silent("AnthropicKeysJumped", "by less than a tenth", many(11, HOUR, old=115)),
    silent("AnthropicKeysJumped", "by ten", many(10, HOUR)),
    silent("AnthropicKeysJumped", "a first start", seen(many(30, 0), since=HOUR)),
    fires(
        "AnthropicAdminAdded",
        "a change of role, 20 hours ago",
        admin(-18 * HOUR),
        "Acme: 1 members became admins within a day",
    ),
    silent("AnthropicAdminAdded", "25 hours ago, and admins of old", admin(HOUR - DAY)),
    silent("AnthropicAdminAdded", "a developer", admin(HOUR, role="developer")),
    silent(
        "AnthropicAdminAdded",
        "a first start, another pod",
        seen(admin(-30 * DAY), since=HOUR),
    ),
    fires(
        "AnthropicInvitesExpiring", "in two days", invite(2 * DAY), "Acme: 1 pending invitations expire within 3 days"
    ),
    silent("AnthropicInvitesExpiring", "in four days", invite(4 * DAY)),
    silent("AnthropicInvitesExpiring", "it has", invite(HOUR)),
]
HOURS.append(before(HOURS, "AnthropicKeysWithoutExpiry", "a first start tells what there is"))

"""Cases of the group about the exporter itself."""

from collections.abc import Callable

from tests.rules.cases import DAY, HOUR, MINUTE, Values, fires, seen, silent
from tests.rules.cost_cases import ACME, CODE_DAY, report_day

UP = 'up{job="anthropic-exporter",instance="a"}'
SUCCESS = "anthropic_exporter_last_success_timestamp_seconds"
TARGET = 'job="anthropic-exporter",instance="a"'


def poll(
    name: str = "cost",
    *,
    interval: int = HOUR,
    fails_from: int = 10**9,
    every: int = 5 * MINUTE,
    reason: str = "server_error",
    more: str = "",
) -> dict[str, Values]:
    """A poll that succeeds at its interval, and from some time on fails whenever it is tried again."""
    labels = f'{{{ACME},poll="{name}"{more}'

    def succeeded(time: int) -> float:
        return min(time, fails_from - 1) // interval * interval

    return {
        f"{SUCCESS}{labels}}}": succeeded,
        f"anthropic_exporter_poll_interval_seconds{labels}}}": interval,
        f"anthropic_exporter_poll_success{labels}}}": lambda time: float(time < fails_from),
        f'anthropic_exporter_poll_failures_total{labels},reason="{reason}"}}': lambda time: (
            0 if time < fails_from else 1 + (time - fails_from) // every
        ),
    }


def never(reason: str, name: str = "cost") -> dict[str, Values]:
    """A poll that has failed since its first try, as if Prometheus had just found it."""
    labels = f'{{{ACME},poll="{name}"'
    return {
        f"anthropic_exporter_poll_interval_seconds{labels}}}": HOUR,
        f"anthropic_exporter_poll_success{labels}}}": 0,
        f'anthropic_exporter_poll_failures_total{labels},reason="{reason}"}}': 1,
    }


def expires(at: float) -> dict[str, Values]:
    """A key that expires then."""
    return {f"anthropic_exporter_credential_expires_timestamp_seconds{{{ACME}}}": at}


def limited(every: int, instances: str = "a") -> dict[str, Values]:
    """An answer 429 every so many seconds, to each instance."""
    metric = "anthropic_exporter_api_requests_total"
    return {
        f'{metric}{{{ACME},code="429",endpoint="users",instance="{instance}"}}': lambda time: time // every
        for instance in instances
    }


def skipped(rows: int) -> dict[str, Values]:
    """Rows that were left out."""
    return {f'anthropic_exporter_skipped_rows{{{ACME},poll="cost",cause="currency"}}': rows}


def folded(actors: int, more: str = "") -> dict[str, Values]:
    """Actors that are summed up."""
    return {f"anthropic_exporter_folded_actors{{{ACME}{more}}}": actors}


def slow(seconds: int) -> dict[str, Values]:
    """A poll that takes so long, every ten minutes."""
    labels = f'{{{ACME},poll="users"}}'
    return {
        f"anthropic_exporter_poll_duration_seconds{labels}": seconds,
        f"anthropic_exporter_poll_interval_seconds{labels}": 600,
    }


def down_at(end: int, more: str = TARGET) -> dict[str, Values]:
    """A target that answered until then."""
    newest = {f'{SUCCESS}{{{ACME},poll="cost",{more}}}': lambda time: time}
    return {f"up{{{more}}}": lambda time: float(time < end)} | seen(newest, until=end)


REFUSED = poll(fails_from=HOUR, reason="unauthorized")
FORBIDDEN = poll(fails_from=HOUR, reason="forbidden", every=HOUR)
OTHER = TARGET.replace('"a"', '"b"')

HOURS = [
    fires(
        "AnthropicExporterDown",
        "for twelve minutes",
        down_at(HOUR),
        "Acme: the exporter does not answer, the newest data are 14m 0s old",
        at=HOUR + 12 * MINUTE,
    ),
    silent("AnthropicExporterDown", "for eight minutes", down_at(HOUR), at=HOUR + 8 * MINUTE),
    silent("AnthropicExporterDown", "one of a pair", down_at(HOUR) | down_at(10**9, OTHER)),
    silent(
        "AnthropicExporterDown",
        "a pod is replaced",
        seen(down_at(HOUR), until=HOUR) | seen(down_at(10**9, OTHER), since=HOUR + 4 * MINUTE),
    ),
    fires(
        "AnthropicExporterDown",
        "a target that is gone, and another organization that is not",
        seen(down_at(HOUR), until=HOUR)
        | {name.replace("Acme", "Beta"): values for name, values in down_at(10**9, OTHER).items()},
        "Acme: the exporter does not answer, the newest data are 1h 2m 0s old",
    ),
    fires(
        "AnthropicExporterDown",
        "a target that has never answered",
        {f"up{{{TARGET}}}": 0},
        "a: the exporter does not answer, and has not for three days or ever",
        organization="",
        job="anthropic-exporter",
        instance="a",
    ),
    fires(
        "AnthropicUnauthorized",
        "for fifteen minutes",
        REFUSED,
        "Acme: the API refuses the key (401), 1 sources are not read",
        at=HOUR + 16 * MINUTE,
    ),
    fires(
        "AnthropicUnauthorized",
        "since the first start",
        {name: values for reason in ("users", "cost") for name, values in never("unauthorized", reason).items()},
        "Acme: the API refuses the key (401), 2 sources are not read",
        at=16 * MINUTE,
    ),
    silent("AnthropicUnauthorized", "for fourteen minutes", REFUSED, at=HOUR + 14 * MINUTE),
    silent("AnthropicUnauthorized", "another reason", poll(fails_from=HOUR)),
    fires(
        "AnthropicCredentialExpiring",
        "in thirteen days",
        expires(13 * DAY + 2 * HOUR),
        "Acme: the Admin key of the exporter expires in 13d 0h 0m 0s",
    ),
    silent("AnthropicCredentialExpiring", "in fifteen days", expires(15 * DAY)),
    fires(
        "AnthropicCredentialExpiresSoon",
        "in two days",
        expires(2 * DAY + 2 * HOUR),
        "Acme: the Admin key of the exporter expires in 2d 0h 0m 0s",
    ),
    silent("AnthropicCredentialExpiresSoon", "in four days", expires(4 * DAY)),
    fires(
        "AnthropicSourceFailing",
        "for two intervals and more",
        poll(fails_from=HOUR),
        "Acme: cost cannot be read, its data are 3h 0m 0s old",
        at=3 * HOUR,
        poll="cost",
    ),
    fires(
        "AnthropicSourceFailing",
        "since the first start",
        never("bad_response"),
        "Acme: cost cannot be read, and never could",
        at=32 * MINUTE,
        poll="cost",
    ),
    silent("AnthropicSourceFailing", "an hour after one success", poll(fails_from=HOUR), at=2 * HOUR + 28 * MINUTE),
    silent("AnthropicSourceFailing", "unauthorized", REFUSED, at=4 * HOUR),
    silent("AnthropicSourceFailing", "forbidden", FORBIDDEN, at=4 * HOUR),
    silent("AnthropicSourceFailing", "rate limited", poll(fails_from=HOUR, reason="rate_limited"), at=4 * HOUR),
    silent(
        "AnthropicSourceFailing",
        "one of a pair",
        poll(fails_from=HOUR, more=',instance="a"') | poll(more=',instance="b"'),
        at=4 * HOUR,
    ),
    fires(
        "AnthropicSourceFailing",
        "another reason since it was forbidden",
        FORBIDDEN
        | {
            f'anthropic_exporter_poll_failures_total{{{ACME},poll="cost",reason="forbidden"}}': lambda t: float(
                t >= HOUR
            ),
            f'anthropic_exporter_poll_failures_total{{{ACME},poll="cost",reason="timeout"}}': lambda t: t // 300,
        },
        "Acme: cost cannot be read, its data are 4h 0m 0s old",
        at=4 * HOUR,
        poll="cost",
    ),
    fires("AnthropicForbidden", "a source", FORBIDDEN, "Acme: the API forbids 1 sources (403)"),
    silent("AnthropicForbidden", "another reason", REFUSED),
    silent(
        "AnthropicForbidden",
        "it was once",
        FORBIDDEN | {f'{"anthropic_exporter_poll_success"}{{{ACME},poll="cost"}}': 1},
    ),
    silent("AnthropicForbidden", "for a short time", FORBIDDEN, at=HOUR + 28 * MINUTE),
    fires(
        "AnthropicRateLimited",
        "twelve times an hour",
        limited(5 * MINUTE),
        "Acme: 12 requests were rate limited (429) within an hour",
    ),
    silent("AnthropicRateLimited", "eight times an hour, two instances", limited(450, "ab")),
    fires(
        "AnthropicDataStale",
        "a poll that hangs",
        poll(fails_from=HOUR) | {f'anthropic_exporter_poll_success{{{ACME},poll="cost"}}': 1},
        "Acme: data of cost are 4h 0m 0s old",
        at=4 * HOUR,
        poll="cost",
    ),
    fires(
        "AnthropicDataStale",
        "three intervals, and ten minutes, and ten more",
        poll(fails_from=HOUR),
        "Acme: data of cost are 3h 24m 0s old",
        at=3 * HOUR + 24 * MINUTE,
        poll="cost",
    ),
    silent("AnthropicDataStale", "until then", poll(fails_from=HOUR), at=3 * HOUR + 18 * MINUTE),
    silent("AnthropicDataStale", "forbidden", FORBIDDEN, at=5 * HOUR),
    silent(
        "AnthropicDataStale",
        "one of a pair",
        poll(fails_from=HOUR, more=',instance="a"') | poll(more=',instance="b"'),
        at=5 * HOUR,
    ),
    fires(
        "AnthropicRowsSkipped",
        "one",
        skipped(1),
        "Acme: 1 rows of cost were left out (currency)",
        poll="cost",
        cause="currency",
    ),
    silent("AnthropicRowsSkipped", "none", skipped(0)),
    fires(
        "AnthropicActorsFolded",
        "one of a pair tells",
        folded(3) | folded(0, ',instance="b"'),
        "Acme: 3 actors are summed up as other",
        at=90 * MINUTE,
    ),
    silent("AnthropicActorsFolded", "nobody", folded(0), at=90 * MINUTE),
    silent("AnthropicActorsFolded", "while days are being read", folded(3), at=30 * MINUTE),
    fires("AnthropicPollSlow", "a second more", slow(601), "Acme: a poll of users took 10m 1s", poll="users"),
    silent("AnthropicPollSlow", "just its interval", slow(600)),
]


def weekly(rows: Callable[[int], Values], day: Values = report_day) -> dict[str, Values]:
    """Rows of Claude Code by the number of the day, and as many actors."""

    def on(time: int) -> float | None:
        value = rows(int(report_day(time)) // DAY)
        return None if callable(value) else value

    return {
        f"{CODE_DAY}{{{ACME}}}": day,
        f'anthropic_exporter_rows{{{ACME},poll="claude_code"}}': on,
        f'anthropic_claude_code_active_actors{{{ACME},window="1d",actor_type="user"}}': lambda time: on(time) or None,
        f'anthropic_claude_code_active_actors{{{ACME},window="7d",actor_type="user"}}': 1000,
    }


def week(number: int, usual: float, last: float) -> Values:
    """Weekends have a tenth; the 28th day has `last`. Day 0 is a Thursday, so is day 28."""
    return last if number == 28 else usual if number % 7 in (0, 1, 4, 5, 6) else usual / 10


EVENING = 29 * DAY + 18 * HOUR
STUCK: dict[str, Values] = {f"{CODE_DAY}{{{ACME}}}": lambda time: min(report_day(time), 5 * DAY)}

WEEKS = [
    fires(
        "AnthropicWeekdayWithoutRows",
        "a Thursday",
        weekly(lambda day: week(day, 40, 0)),
        "Acme: a day without any row of claude_code, where 40 are usual",
        at=EVENING,
        poll="claude_code",
    ),
    fires(
        "AnthropicWeekdayWithoutRows",
        "a small team",
        weekly(lambda day: week(day, 11, 0)),
        "Acme: a day without any row of claude_code, where 11 are usual",
        at=EVENING,
        poll="claude_code",
    ),
    silent("AnthropicWeekdayWithoutRows", "one row", weekly(lambda day: week(day, 40, 1)), at=EVENING),
    silent("AnthropicWeekdayWithoutRows", "few people", weekly(lambda day: week(day, 9, 0)), at=EVENING),
    silent(
        "AnthropicWeekdayWithoutRows",
        "weekends without any",
        weekly(lambda day: 40 if day % 7 in (0, 1, 4, 5, 6) else 0),
        at=31 * DAY + 18 * HOUR,
    ),
    silent(
        "AnthropicWeekdayWithoutRows",
        "a first start a week before",
        seen(weekly(lambda day: week(day, 40, 0)), since=20 * DAY),
        at=EVENING,
    ),
    fires(
        "AnthropicActorsHalved",
        "a Thursday",
        weekly(lambda day: week(day, 40, 18)),
        "Acme: 45% of the usual number of people used Claude Code",
        at=EVENING,
    ),
    fires(
        "AnthropicActorsHalved",
        "a small team",
        weekly(lambda day: week(day, 12, 3)),
        "Acme: 25% of the usual number of people used Claude Code",
        at=EVENING,
    ),
    silent("AnthropicActorsHalved", "just half", weekly(lambda day: week(day, 40, 20)), at=EVENING),
    silent("AnthropicActorsHalved", "few people", weekly(lambda day: week(day, 9, 1)), at=EVENING),
    silent("AnthropicActorsHalved", "a weekend", weekly(lambda day: week(day, 40, 40)), at=31 * DAY + 18 * HOUR),
    silent(
        "AnthropicActorsHalved",
        "weeks ago an exporter that stood still showed Fridays on weekends",
        weekly(
            lambda day: 40 if day % 7 in (2, 3) and day < 28 else week(day, 40, 40),
            day=lambda time: report_day(time) - DAY * (report_day(time) // DAY % 7 in (2, 3) and time < 28 * DAY),
        ),
        at=31 * DAY + 18 * HOUR,
    ),
]

DAYS = [
    fires(
        "AnthropicReportDayStuck",
        "52 hours after its start",
        STUCK,
        "Acme: the newest complete day of claude_code began 2d 6h 0m 0s ago",
        at=7 * DAY + 6 * HOUR,
        poll="claude_code",
    ),
    silent(
        "AnthropicReportDayStuck",
        "forbidden",
        STUCK | poll("claude_code", fails_from=5 * DAY, reason="forbidden", every=HOUR),
        at=7 * DAY + 6 * HOUR,
    ),
    silent("AnthropicReportDayStuck", "until then", STUCK, at=7 * DAY + 4 * HOUR),
    silent(
        "AnthropicReportDayStuck",
        "just before the day changes",
        {f"{CODE_DAY}{{{ACME}}}": report_day},
        at=3 * DAY + HOUR,
    ),
    silent(
        "AnthropicSourceFailing",
        "once, where the next try is after six hours",
        poll("workspace_members", interval=6 * HOUR, fails_from=12 * HOUR, every=6 * HOUR, reason="not_found")
        | {
            'anthropic_exporter_poll_success{organization="Acme",poll="workspace_members"}': lambda t: (
                t < 12 * HOUR or t >= 18 * HOUR
            )
        },
        at=23 * HOUR,
    ),
    fires(
        "AnthropicForbidden",
        "for long, tried every six hours",
        poll("workspace_members", interval=6 * HOUR, fails_from=12 * HOUR, every=6 * HOUR, reason="forbidden"),
        "Acme: the API forbids 1 sources (403)",
        at=60 * HOUR,
    ),
]

"""What the reports of use and cost are asked for: a range of days, dimensions to group by, filters.

API reference, "Usage and cost": `limit` counts buckets, and a bucket is a UTC day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from exporter.demo import parameters
from exporter.demo.answers import Call
from exporter.demo.errors import ApiError, bad_request
from exporter.demo.parameters import Rules, one_of

FAST_MODE = "fast-mode-2026-02-01"
"""The beta without which there is no `speed`."""
DEFAULT_LIMIT, LARGEST_LIMIT, MOST_GROUPS = 7, 31, 5
USAGE_GROUPS = (
    "account_id", "api_key_id", "context_window", "inference_geo", "model", "service_account_id", "service_tier",
    "speed", "workspace_id",
)  # fmt: skip
COST_GROUPS = ("description", "workspace_id")
FILTERS = {
    "account_ids[]": "account_id",
    "api_key_ids[]": "api_key_id",
    "service_account_ids[]": "service_account_id",
    "workspace_ids[]": "workspace_id",
    "models[]": "model",
    "service_tiers[]": "service_tier",
    "context_window[]": "context_window",
    "inference_geos[]": "inference_geo",
    "speeds[]": "speed",
}
"""Each filter, and the field it looks at."""
_RANGE: Rules = {
    "starting_at": parameters.instant,
    "ending_at": parameters.instant,
    "limit": parameters.whole(1, LARGEST_LIMIT),
    "page": parameters.text,
}
USAGE: Rules = {
    **_RANGE,
    "bucket_width": one_of("1d", "1h", "1m"),
    "group_by[]": one_of(*USAGE_GROUPS),
    **dict.fromkeys(FILTERS, parameters.text),
    "service_tiers[]": one_of("batch", "flex", "flex_discount", "priority", "priority_on_demand", "standard"),
    "context_window[]": one_of("0-200k", "200k-1M"),
    "inference_geos[]": one_of("global", "us", "not_available"),
    "speeds[]": one_of("fast", "standard"),
}
COST: Rules = {**_RANGE, "bucket_width": one_of("1d"), "group_by[]": one_of(*COST_GROUPS)}


@dataclass(frozen=True, slots=True)
class Asked:
    """One query, whatever its page; equal for equal queries."""

    first: date
    end: date | None
    """The day after the last one, if the query names an end."""
    limit: int
    groups: tuple[str, ...]
    filters: tuple[tuple[str, tuple[str, ...]], ...]
    speed: bool
    """Whether rows may show `speed`."""

    def last(self, running: date) -> date:
        """Return the last day there is to tell: the running one, or the end of the range if that is earlier."""
        return running if self.end is None else min(self.end - timedelta(days=1), running)


def asked(call: Call) -> Asked:
    """Read the query of a call. Raises ApiError."""
    query = call.query
    starting_at, ending_at = query.instant("starting_at"), query.instant("ending_at")
    if starting_at is None:
        raise bad_request("starting_at: Field required")
    if query.text("bucket_width") in ("1h", "1m"):
        raise bad_request("bucket_width: this simulation has buckets of one day only")
    groups = tuple(sorted(query.texts("group_by[]") or ()))
    if len(query.values.get("group_by[]", ())) > MOST_GROUPS:
        raise bad_request(f"Cannot specify more than {MOST_GROUPS} group_by[] dimensions.")
    speed = FAST_MODE in call.betas
    for name, wants in (("group_by[]", "speed" in groups), ("speeds[]", "speeds[]" in query.values)):
        if wants and not speed:
            raise bad_request(f"{name}: speed needs the header anthropic-beta: {FAST_MODE}")
    first, end = starting_at.date(), None if ending_at is None else ending_at.date()
    if end is not None and end <= first:
        raise bad_request("ending_at: must be after the day of starting_at")
    filters = tuple((field, tuple(sorted(query.texts(name) or ()))) for name, field in FILTERS.items())
    given = tuple((field, values) for field, values in filters if values)
    return Asked(first, end, query.number("limit", DEFAULT_LIMIT), groups, given, speed)


def covers(params: Mapping[str, str], running: date) -> bool:
    """Whether a query's range has the running day in it; one that cannot be read has not."""
    try:
        start = parameters.instant("starting_at", params.get("starting_at", ""))
        end = parameters.instant("ending_at", params["ending_at"]) if "ending_at" in params else None
    except ApiError:
        return False
    return start.date() <= running and (end is None or end.date() > running)

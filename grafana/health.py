"""For whoever operates the exporter: is it up, are its data fresh, what does the API answer, what does it need."""

from collections.abc import Iterator, Mapping

from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, StackingConfig
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model

from exporter import catalog
from exporter.catalog import Metric
from grafana.panels import (
    BLUE,
    BYTES,
    COUNT,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RATIO,
    RED,
    SECONDS,
    YELLOW,
    Column,
    Panel,
    board,
    days,
    filled,
    lines,
    listing,
    now,
    number,
    over_time,
    paint,
    rows_of,
    steps,
    variable,
)
from grafana.queries import recorded, selector

_ORGANIZATION = "organization"
_SOURCE = "organization, poll"
_HOUR = "1h"
"""Sources are read every ten minutes to six hours: what happened within less is nothing, mostly."""
_LONG = "6h"
"""The longest interval of a source."""
_GROUPS = {
    "lists": 'poll!~".*(claude_code|usage|cost).*"',
    "report day": 'poll=~"claude_code|usage|cost"',
    "running day": 'poll=~".*_today"',
}
"""The sources, by what they are read for."""
_FAILING = "organization_poll_reason:anthropic_exporter_poll_failures:current"
_EXACT = "locale"
_DATE = "time:YYYY-MM-DD"
_TIME = "time:YYYY-MM-DD HH:mm"
_STATES = {"0": "fresh", "1": "failing", "2": "stale", "3": "withdrawn", "4": "never read"}
_REPORT_DAYS = {
    "claude_code": catalog.CLAUDE_CODE_REPORT_DAY,
    "usage": catalog.USAGE_REPORT_DAY,
    "cost": catalog.COST_REPORT_DAY,
}
_BUSIEST = (
    "Of two scraped processes of one organization the busier one counts; each of them really asks the API, see the"
    " panel of requests by process."
)
_NO_RECEIVER = (
    "Empty without a receiver of remote write: history.remote-write.url is not set, and history is not pushed."
)
_NOT_PUSHED = "History is not pushed."
_BY_PROCESS = (
    "Each line is one scraped process; two of one organization are two processes. The variable Job chooses them."
)
_NOT_YET = "Nothing before the first full hour."
_TALL = (8, 11)
_NOT_SCRAPED = "Not scraped."


def dashboard() -> Dashboard:
    """The dashboard."""
    made = board(
        "anthropic-health",
        "Whether the exporter is up and its data are fresh, what the API answers, and what the processes need.",
        since="now-24h",
        team=False,
    )
    # Without a value for all, Grafana takes all that it found: anything would also be the targets of others.
    made.with_variable(variable("job", "Job", catalog.BUILD_INFO.name + "{}").all_value(""))
    rows = {
        "Age of the data": _ages(),
        "Polls, and their requests to the API": (*_polls(), *_requests()),
        "History": _history(),
        "Processes": _processes(),
    }
    return filled(made, _numbers(), [_sources()], rows=rows)


# What of a source, by organization and poll: of two instances the better one, unless said otherwise.


def _best(metric: Metric, *matchers: str, by: str = _SOURCE, how: str = "max") -> str:
    return f"{how} by ({by}) ({selector(metric.name, metric.all_labels, *matchers)})"


def _age(*matchers: str) -> str:
    return f"time() - {_best(catalog.LAST_SUCCESS, *matchers)}"


def _state() -> str:
    """A number for each state, as `_STATES` names them; stale is what the alert calls so."""
    interval = _best(catalog.POLL_INTERVAL)
    return " or ".join(
        (
            f"4 * group by ({_SOURCE}) ({interval} unless on ({_SOURCE}) {_best(catalog.LAST_SUCCESS)})",
            f"3 * ({_best(catalog.WITHDRAWN, how='min')} == 1)",
            f"2 * group by ({_SOURCE}) ({_age()} > 3 * {interval} + 600)",
            f"group by ({_SOURCE}) ({_best(catalog.POLL_SUCCESS)} == 0)",
            f"0 * {interval}",
        )
    )


def _report_days() -> str:
    """The report days, by organization and poll."""
    return " or ".join(
        f'label_replace({_best(day, by=_ORGANIZATION)}, "poll", "{poll}", "", "")' for poll, day in _REPORT_DAYS.items()
    )


def _busiest(metric: Metric, *matchers: str, by: str = "") -> str:
    """How much a counter grew, of the process of each organization in which it grew most."""
    kept = f", {by}" if by else ""
    grown = f"increase({selector(metric.name, metric.all_labels, *matchers)}[$__rate_interval])"
    of_process = f"sum by (organization, job, instance{kept}) ({grown})"
    result = f"(max by (organization{kept}) ({of_process}))"
    return f"sum by ({by}) {result}" if by else f"sum{result}"


def _of_process(name: str) -> str:
    """What Prometheus and its client library say of processes and targets: these have no organization."""
    return f'max by (instance) ({name}{{job=~"$job"}})'


# The panels.


def _numbers() -> Iterator[Panel]:
    size, limited = (3, 4), 'code="429"'
    sources = f"0 * count({_best(catalog.POLL_INTERVAL)})"
    yield number(
        "Sources not fresh",
        "Sources of the API whose newest data are older than three intervals and ten minutes, or withdrawn, or that"
        " were never read. The table below says which.",
        COUNT,
        now(f"count(({_state()}) >= 2) or {sources}"),
        size=size,
        colours=((None, GREEN), (1, RED)),
        decimals=0,
        empty="unknown",
    )
    yield number(
        "Sources failing",
        "Sources whose last poll failed. Their data stay until they are too old: 36 hours, or 3 for the running day.",
        COUNT,
        now(f"count({_best(catalog.POLL_SUCCESS)} == 0) or {sources}"),
        size=size,
        colours=((None, GREEN), (1, ORANGE)),
        decimals=0,
        empty="unknown",
    )
    yield number(
        "Exporters down",
        "Targets of the chosen job that Prometheus could not scrape the last time.",
        COUNT,
        now('count(up{job=~"$job"} == 0) or 0 * count(up{job=~"$job"})'),
        size=size,
        colours=((None, GREEN), (1, RED)),
        decimals=0,
        empty="no target",
    )
    yield number(
        "Rate limited",
        "Requests that the API answered with 429 within the last hour. All clients of the Admin API of an organization"
        f" share one limit, 100 requests a minute. {_BUSIEST}",
        COUNT,
        now(f"{_busiest(catalog.API_REQUESTS, limited)} or 0 * {_busiest(catalog.API_REQUESTS)}"),
        size=size,
        colours=((None, GREEN), (1, YELLOW), (10, RED)),
        decimals=0,
        empty="unknown",
    ).interval(_HOUR)
    yield number(
        "Report day",
        "The newest UTC day whose numbers are complete, of the source that is furthest behind. It should be yesterday,"
        " from two hours after midnight on, and the day before until then.",
        _DATE,
        now(f"min({_report_days()}) * 1000"),
        size=size,
        empty="none yet",
    )
    yield number(
        "Key expires in",
        "When the exporter's own Admin key expires, by the setting api.key-expires. Empty without that setting: the API"
        " does not tell.",
        "suffix: d",
        now(f"min({_best(catalog.CREDENTIAL_EXPIRES, by=_ORGANIZATION)} - time()) / 86400"),
        size=size,
        colours=((None, GREY), (-100000, RED), (3, ORANGE), (14, GREEN)),
        decimals=0,
        empty="not told",
    )
    yield _worded(
        number(
            "Settled days kept in",
            "Days already read are kept in a file, or in memory, from where they are read anew after a restart. In"
            " memory without storage.path, and where its file cannot be used.",
            COUNT,
            now(f"min({_best(catalog.LEDGER_PERSISTENT, by=_ORGANIZATION, how='min')})"),
            size=size,
            colours=((None, YELLOW), (1, GREEN)),
            empty="unknown",
        ),
        {"0": "memory", "1": "a file"},
    )
    yield _worded(
        number(
            "Teams file",
            "Whether the file that says who belongs to which team could be read when it last changed. Empty without"
            " the setting teams-file.",
            COUNT,
            now(f"min({_best(catalog.TEAMS_FILE_SUCCESS, by=_ORGANIZATION, how='min')})"),
            size=size,
            colours=((None, GREY), (0, RED), (1, GREEN)),
            empty="not used",
        ),
        {"0": "broken", "1": "read"},
    )


def _worded(panel: stat.Panel, words: Mapping[str, str]) -> stat.Panel:
    """The panel with words instead of numbers."""
    results = {value: model.ValueMappingResult(text=text) for value, text in words.items()}
    return panel.mappings([model.ValueMap(options=results)])


def _sources() -> Panel:
    duration, interval = _best(catalog.POLL_DURATION), _best(catalog.POLL_INTERVAL)
    return listing(
        "Sources",
        "One row for each source of the API, the worst first. Fresh: as new as it is meant to be. Failing: the last"
        " poll failed, the data are still fresh. Stale: older than three intervals and ten minutes. Withdrawn: too old"
        " to be exported (36 hours, 3 for the running day). Why: what the API answered, while it fails. Of interval:"
        " how much of the time between two polls the last one took. Report day: the newest complete day, for those that"
        " have one. Left out: rows of the last poll that are of an unknown type or in another currency. Of two"
        " instances the better one is shown.",
        (
            Column("poll", "Source", width=170),
            Column(
                "Value #A",
                "State",
                width=110,
                words=_STATES,
                align="left",
                colours=((None, GREEN), (1, ORANGE), (2, RED)),
            ),
            Column("reason", "Why", width=150),
            Column("Value #C", "Age", SECONDS, width=110, decimals=1),
            Column("Value #D", "Interval", SECONDS, width=110, decimals=1),
            Column("Value #E", "Next poll in", SECONDS, width=130, decimals=1),
            Column("Value #F", "Report day", _DATE, width=130, empty="none"),
            Column("Value #G", "Duration", SECONDS, width=120, decimals=2),
            Column(
                "Value #H", "Of interval", RATIO, width=120, decimals=1, colours=((None, GREY), (0.5, YELLOW), (1, RED))
            ),
            Column("Value #I", "Rows", _EXACT, width=110),
            Column("Value #J", "Series", _EXACT, width=110),
            Column("Value #K", "Left out", _EXACT, width=110, colours=((None, GREY), (1, ORANGE))),
            Column("organization", "Organization"),
        ),
        rows_of(_state()),
        rows_of(f"topk by ({_SOURCE}) (1, {recorded(_FAILING)})"),
        rows_of(_age()),
        rows_of(interval),
        rows_of(f"{_best(catalog.NEXT_POLL, how='min')} - time()"),
        rows_of(f"({_report_days()}) * 1000"),
        rows_of(duration),
        rows_of(f"{duration} / {interval}"),
        rows_of(_best(catalog.ROWS)),
        rows_of(_best(catalog.SERIES)),
        rows_of(f"sum by ({_SOURCE}) ({_best(catalog.SKIPPED_ROWS, by=f'{_SOURCE}, cause')})"),
        sort=("State", "down"),
        size=(24, 14),
    )


def _ages() -> Iterator[Panel]:
    states = lines(
        "Sources by state",
        "How many sources were in which state; the table above says what these mean, and which source is in which now.",
        COUNT,
        *(over_time(f"count(({_state()}) == {state})", name) for state, name in _STATES.items()),
        legend=("lastNotNull",),
    )
    states.stacking(StackingConfig().mode(options.StackingMode.NORMAL).group("A")).fill_opacity(40)
    states.line_interpolation(options.LineInterpolation.STEP_AFTER)
    colours = {"fresh": GREEN, "failing": YELLOW, "stale": ORANGE, "withdrawn": RED, "never read": PURPLE}
    yield paint(states, **colours).no_value(_NOT_SCRAPED)
    yield _worst_ages()


def _worst_ages() -> Panel:
    made = lines(
        "Age of the oldest data",
        "The time since the last success, as a multiple of the interval at which the source is read: of the source for"
        " which it is most, the most within an hour. One or a little more is usual; above the line, at three, the alert"
        " for stale data fires soon.",
        "suffix:x",
        *(over_time(_most(matcher), name) for name, matcher in _GROUPS.items()),
        legend=("max", "lastNotNull"),
    )
    made.thresholds(steps(((None, "transparent"), (3, RED)))).decimals(1).interval(_HOUR).fill_opacity(0)
    made.thresholds_style(GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED))
    return made.no_value(_NOT_YET)


def _most(matcher: str) -> str:
    age = f"({_age(matcher)}) / {_best(catalog.POLL_INTERVAL, matcher)}"
    return f"max(max_over_time(({age})[$__interval:5m]))"


def _bars(title: str, why: str, *queries: Dataquery, size: tuple[int, int] = (8, 8)) -> timeseries.Panel:
    """A bar for each hour, or more where the time range is long, up to its end."""
    why = f"{why} Each bar is what happened in the hour before, or in more if the time range is long: empty at first."
    made = days(title, why, COUNT, *queries, size=size).interval(_HOUR).no_value(_NOT_YET)
    return made.bar_alignment(options.BarAlignment.BEFORE).axis_soft_max(1)


def _polls() -> Iterator[Panel]:
    failed = _busiest(catalog.POLL_FAILURES, by="reason")
    yield paint(
        _bars(
            "Polls by outcome",
            f"A poll is one complete reading of a source. Why one failed is the colour. {_BUSIEST}",
            over_time(f"{_busiest(catalog.POLLS)} - {_busiest(catalog.POLL_FAILURES)}", "ok"),
            over_time(f"{failed} > 0", "{{reason}}"),
        ),
        ok=GREEN,
        unauthorized=RED,
        forbidden=PURPLE,
        rate_limited=YELLOW,
        server_error=ORANGE,
        timeout=BLUE,
    )
    yield lines(
        "Longest poll, part of its interval",
        "How much of its interval the last poll took, of the source for which this is most. Above 100 % its data are"
        " older than they are meant to be.",
        RATIO,
        over_time(f"max({_best(catalog.POLL_DURATION)} / {_best(catalog.POLL_INTERVAL)})", "longest"),
        size=(8, 8),
        legend=("max", "lastNotNull"),
    )
    yield paint(
        lines(
            "Series and rows",
            "Rows that the API gave to the last poll of every source, the series made from them, and the rows that were"
            " left out. Without the exporter's own series. Actors summed up: those beyond limits.actors.",
            COUNT,
            over_time(f"sum({_best(catalog.SERIES)})", "series"),
            over_time(f"sum({_best(catalog.ROWS)})", "rows"),
            over_time(f"sum({_best(catalog.SKIPPED_ROWS, by=f'{_SOURCE}, cause')})", "left out"),
            over_time(f"sum({_best(catalog.FOLDED_ACTORS, by=_ORGANIZATION)})", "actors summed up"),
            size=(8, 8),
            legend=("lastNotNull",),
        ),
        series=BLUE,
        rows=PURPLE,
        **{"left out": ORANGE, "actors summed up": YELLOW},
    )


def _requests() -> Iterator[Panel]:
    yield paint(
        _bars(
            "Requests by status",
            "429: rate limited. 401: the key is refused. none: no answer came. A poll asks page by page, and tries"
            f" again after some failures. {_BUSIEST}",
            over_time(_busiest(catalog.API_REQUESTS, by="code"), "{{code}}"),
            size=_TALL,
        ),
        **{"200": GREEN, "401": RED, "403": PURPLE, "429": YELLOW, "500": ORANGE, "none": BLUE},
    )
    buckets = _grown_buckets("le")
    yield (
        lines(
            "Request duration",
            "Half of the requests of the hour before, 95 of 100, and 99 of 100 were answered within this time. Empty in"
            " the first hour.",
            SECONDS,
            *(
                over_time(f"histogram_quantile({part}, {buckets}) >= 0", name)
                for part, name in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
            ),
            size=_TALL,
            legend=("max", "lastNotNull"),
        )
        .interval(_HOUR)
        .no_value(_NOT_YET)
    )
    by_endpoint = _grown_buckets("endpoint, le")
    yield listing(
        "Requests by endpoint",
        f"Of the last six hours, or more if the time range is long. {_BUSIEST}",
        (
            Column("endpoint", "Endpoint", width=270),
            Column("Value #A", "Requests", _EXACT, width=115, decimals=0),
            Column("Value #B", "Median", SECONDS, width=95, decimals=0),
            Column("Value #C", "95 %", SECONDS, width=95, decimals=0),
        ),
        rows_of(_busiest(catalog.API_REQUESTS, by="endpoint")),
        rows_of(f"histogram_quantile(0.5, {by_endpoint}) >= 0"),
        rows_of(f"histogram_quantile(0.95, {by_endpoint}) >= 0"),
        sort=("Requests", "down"),
        size=_TALL,
    ).interval(_LONG)


def _grown_buckets(by: str) -> str:
    metric = catalog.API_REQUEST_DURATION
    return f"sum by ({by}) (rate({selector(f'{metric.name}_bucket', metric.all_labels)}[$__rate_interval]))"


def _history() -> Iterator[Panel]:
    yield listing(
        "Days pushed",
        "Waiting: settled days that are held, can no longer change and have not been pushed. Newest: the last day that"
        f" was. {_NO_RECEIVER}",
        (
            Column("source", "Source", width=150),
            Column("Value #A", "Waiting", COUNT, width=100, decimals=0, colours=((None, GREY), (7, ORANGE))),
            Column("Value #B", "Newest", _DATE, empty="none"),
        ),
        rows_of(_best(catalog.HISTORY_PENDING, by="source", how="min")),
        rows_of(f"{_best(catalog.HISTORY_LAST_DAY, by='source')} * 1000"),
        sort=("Source", "up"),
        size=(8, 7),
    ).no_value(_NOT_PUSHED)
    yield paint(
        _bars(
            "Samples pushed",
            "Samples that the receiver took, and those that it refused one by one, which the log names."
            f" {_NO_RECEIVER}",
            over_time(_busiest(catalog.HISTORY_SAMPLES), "taken"),
            over_time(_busiest(catalog.HISTORY_REFUSED), "refused"),
            size=(8, 7),
        ).no_value(_NOT_PUSHED),
        taken=GREEN,
        refused=RED,
    )
    failed = _busiest(catalog.HISTORY_FAILURES, by="reason")
    yield _bars(
        "Pushes failed, days corrected",
        "Pushes of a day that failed, by reason; they are tried again. Corrected: days that the API changed after they"
        f" were pushed, which receivers do not take; raise history.restate-days. {_NO_RECEIVER}",
        over_time(f"{failed} > 0", "{{reason}}"),
        over_time(_busiest(catalog.HISTORY_CHANGED), "corrected"),
        size=(8, 7),
    ).no_value(_NOT_PUSHED)


def _processes() -> Iterator[Panel]:
    yield listing(
        "Exporters",
        "Every target that was scraped for the chosen job. An exporter that is down has no version. Which organization"
        " it reads stands last: two that read the same are a pair, or one is replacing the other.",
        (
            Column("instance", "Instance", width=250),
            Column(
                "Value #A",
                "Scraped",
                width=110,
                words={"0": "down", "1": "up"},
                align="left",
                colours=((None, RED), (1, GREEN)),
            ),
            Column("version", "Version", width=130, empty="unknown"),
            Column("revision", "Revision", width=150, empty="unknown"),
            Column("Value #C", "Started", _TIME, width=170, empty="unknown"),
            Column("Value #D", "Memory", BYTES, width=120, decimals=0, empty="unknown"),
            Column("Value #E", "Samples", _EXACT, width=120),
            Column("Value #F", "Scrape took", SECONDS, width=130, decimals=0),
            Column("organization", "Organization", empty="unknown"),
        ),
        rows_of(_of_process("up")),
        rows_of(f'max by (instance, version, revision) ({catalog.BUILD_INFO.name}{{job=~"$job"}})'),
        rows_of(f"{_of_process('process_start_time_seconds')} * 1000"),
        rows_of(_of_process("process_resident_memory_bytes")),
        rows_of(_of_process("scrape_samples_scraped")),
        rows_of(_of_process("scrape_duration_seconds")),
        rows_of(f'max by (instance, organization) ({catalog.POLL_INTERVAL.name}{{job=~"$job"}})'),
        join="instance",
        only="Value #A",
        sort=("Instance", "up"),
        size=(24, 6),
    ).no_value(_NOT_SCRAPED)
    size = (6, 8)
    legend = ("max", "lastNotNull")
    yield lines(
        "Memory",
        f"Resident memory. {_BY_PROCESS} Empty where process metrics are not kept.",
        BYTES,
        over_time(_of_process("process_resident_memory_bytes"), "{{instance}}"),
        size=size,
        legend=legend,
    ).no_value(_NOT_SCRAPED)
    yield (
        lines(
            "CPU",
            "Part of one core, on the average of the hour before, or of more if the time range is long: empty at first,"
            f" and where process metrics are not kept. {_BY_PROCESS}",
            RATIO,
            over_time(
                'max by (instance) (rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval]))', "{{instance}}"
            ),
            size=size,
            legend=legend,
        )
        .interval(_HOUR)
        .no_value(_NOT_YET)
    )
    asked = f'{catalog.API_REQUESTS.name}{{job=~"$job"}}[$__rate_interval]'
    yield (
        lines(
            "Requests by process",
            "Requests to the API in the hour before, or in more if the time range is long: empty at first."
            f" {_BY_PROCESS}",
            COUNT,
            over_time(f"sum by (instance) (increase({asked}))", "{{instance}}"),
            size=size,
            legend=legend,
        )
        .interval(_HOUR)
        .no_value(_NOT_YET)
    )
    yield lines(
        "Samples of a scrape",
        f"What Prometheus gets of each target: set its sample_limit well above. {_BY_PROCESS} Empty where metrics of"
        " scrapes are not kept.",
        COUNT,
        over_time(_of_process("scrape_samples_scraped"), "{{instance}}"),
        size=size,
        legend=legend,
    ).no_value(_NOT_SCRAPED)

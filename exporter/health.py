"""The exporter's metrics about itself. They live apart from the API's series and outlast them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    exposition,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import Metric as ClientMetric
from prometheus_client.openmetrics import exposition as openmetrics_exposition
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from exporter import catalog
from exporter.catalog import Metric
from exporter.days import day_start
from exporter.deflate import Segment, segment
from exporter.errors import Cause, Reason

disable_created_metrics()  # type: ignore[no-untyped-call]

_EOF = b"# EOF\n"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Health(Collector):
    """Counts what polls and requests did. `organization` is the label's value and may become known later."""

    def __init__(self, polls: Mapping[str, timedelta], *, version: str, revision: str) -> None:
        self.organization = ""
        self._own = CollectorRegistry()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._rendered: dict[bool, Segment] = {}
        self._withdrawn_before: frozenset[str] = frozenset()
        self._gauge(catalog.BUILD_INFO).labels(version, revision).set(1)
        self._success = self._gauge(catalog.POLL_SUCCESS)
        self._polls = Counter(*_arguments(catalog.POLLS), registry=self._own)
        self._failures = Counter(*_arguments(catalog.POLL_FAILURES), registry=self._own)
        self._duration = self._gauge(catalog.POLL_DURATION)
        self._interval = self._gauge(catalog.POLL_INTERVAL)
        self._last_success = self._gauge(catalog.LAST_SUCCESS)
        self._next_poll = self._gauge(catalog.NEXT_POLL)
        self._withdrawn = self._gauge(catalog.WITHDRAWN)
        self._rows = self._gauge(catalog.ROWS)
        self._series = self._gauge(catalog.SERIES)
        self._skipped = self._gauge(catalog.SKIPPED_ROWS)
        self._folded = self._gauge(catalog.FOLDED_ACTORS)
        self._ledger = self._gauge(catalog.LEDGER_PERSISTENT)
        self._expires: Gauge | None = None
        self._teams_file: Gauge | None = None
        self._web_config: Gauge | None = None
        self._history: HistoryHealth | None = None
        self._requests = Counter(*_arguments(catalog.API_REQUESTS), registry=self._own)
        self._request_duration = Histogram(
            *_arguments(catalog.API_REQUEST_DURATION), registry=self._own, buckets=_SECONDS
        )
        for poll, interval in polls.items():
            self._interval.labels(poll).set(interval.total_seconds())
            self._polls.labels(poll)
            self._withdrawn.labels(poll).set(0)
            for reason in Reason:
                self._failures.labels(poll, reason)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(*_arguments(metric), registry=self._own)

    # What happened.

    def named(self, organization: str) -> None:
        """The organization's name is known."""
        self.organization = organization
        self._rendered.clear()

    def requested(self, endpoint: str, code: str, seconds: float) -> None:
        """A request to the API ended."""
        self._requests.labels(endpoint, code).inc()
        self._request_duration.labels(endpoint).observe(seconds)
        self._rendered.clear()

    def polled(self, poll: str, *, seconds: float, skipped: Mapping[Cause, int], reason: Reason | None) -> None:
        """A poll ended; `reason` if it failed."""
        self._polls.labels(poll).inc()
        self._success.labels(poll).set(reason is None)
        self._duration.labels(poll).set(seconds)
        for cause, rows in skipped.items():
            self._skipped.labels(poll, cause).set(rows)
        if reason:
            self._failures.labels(poll, reason).inc()
        self._rendered.clear()

    def published(self, poll: str, *, at: datetime, rows: int, series: int) -> None:
        """A poll succeeded and its series are exported."""
        self.succeeded(poll, at=at)
        self._rows.labels(poll).set(rows)
        self._series.labels(poll).set(series)
        self._rendered.clear()

    def succeeded(self, poll: str, *, at: datetime) -> None:
        """When a poll last succeeded, be it before a restart."""
        self._last_success.labels(poll).set(at.timestamp())
        self._rendered.clear()

    def folded(self, actors: int) -> None:
        """How many actors are summed up as `other`."""
        self._folded.set(actors)
        self._rendered.clear()

    def ledger(self, *, persistent: bool) -> None:
        """Whether settled days are kept in a file."""
        self._ledger.set(persistent)
        self._rendered.clear()

    def key_expires(self, at: datetime) -> None:
        """When the key expires, for those who have said it."""
        if self._expires is None:
            self._expires = self._gauge(catalog.CREDENTIAL_EXPIRES)
        self._expires.set(at.timestamp())
        self._rendered.clear()

    def teams_file(self, *, success: bool) -> None:
        """Whether the teams file, of which there is one, could be read."""
        if self._teams_file is None:
            self._teams_file = self._gauge(catalog.TEAMS_FILE_SUCCESS)
        self._teams_file.set(success)
        self._rendered.clear()

    def web_config(self, *, success: bool) -> None:
        """Whether the web configuration, of which there is one, could be used."""
        if self._web_config is None:
            self._web_config = self._gauge(catalog.WEB_CONFIG_SUCCESS)
        self._web_config.set(success)
        self._rendered.clear()

    def history(self, sources: Iterable[str]) -> "HistoryHealth":
        """History of these sources is pushed: what hears of it."""
        self._history = HistoryHealth(sources, self._own, self._rendered.clear)
        return self._history

    def day_corrected(self, source: str) -> None:
        """The API corrected a day that had been pushed."""
        if self._history:
            self._history.corrected(source)

    def planned(self, poll: str, at: datetime) -> None:
        """A poll is due at this time."""
        self._next_poll.labels(poll).set(at.timestamp())
        self._rendered.clear()

    def withdrew(self, polls: frozenset[str]) -> None:
        """The polls whose series are withheld now."""
        if polls != self._withdrawn_before:
            for poll in polls ^ self._withdrawn_before:
                self._withdrawn.labels(poll).set(poll in polls)
            self._withdrawn_before = polls
            self._rendered.clear()

    # What a scrape gets.

    def collect(self) -> Iterator[ClientMetric]:
        """Our families for prometheus_client, every sample with its organization."""
        for family in self._own.collect():
            if family.name != catalog.BUILD_INFO.name:
                family.samples = [
                    sample._replace(labels={"organization": self.organization, **sample.labels})
                    for sample in family.samples
                ]
            yield family

    def segment(self, *, openmetrics: bool) -> Segment:
        """Our families as text, made again only when something happened."""
        if openmetrics not in self._rendered:
            self._rendered[openmetrics] = segment([_generate(self._registry, openmetrics=openmetrics)])
        return self._rendered[openmetrics]


class HistoryHealth:
    """Counts what pushes of history did; `changed` is called whenever something did."""

    def __init__(self, sources: Iterable[str], registry: CollectorRegistry, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._states: dict[str, tuple[int, date | None]] = {}
        self._pending = Gauge(*_arguments(catalog.HISTORY_PENDING), registry=registry)
        self._last_day = Gauge(*_arguments(catalog.HISTORY_LAST_DAY), registry=registry)
        self._samples = Counter(*_arguments(catalog.HISTORY_SAMPLES), registry=registry)
        self._refused = Counter(*_arguments(catalog.HISTORY_REFUSED), registry=registry)
        self._corrected = Counter(*_arguments(catalog.HISTORY_CHANGED), registry=registry)
        self._failures = Counter(*_arguments(catalog.HISTORY_FAILURES), registry=registry)
        for source in sources:
            for counter in (self._samples, self._refused, self._corrected):
                counter.labels(source)
        for reason in Reason:
            self._failures.labels(reason)

    def state(self, source: str, waiting: int, newest: date | None) -> None:
        """So many days wait to be pushed, and the newest day that was."""
        if self._states.get(source) == (waiting, newest):
            return
        self._states[source] = (waiting, newest)
        self._pending.labels(source).set(waiting)
        if newest:
            self._last_day.labels(source).set(day_start(newest).timestamp())
        self._changed()

    def pushed(self, source: str, *, samples: int, refused: int) -> None:
        """A day arrived, but for what was refused."""
        self._samples.labels(source).inc(samples)
        self._refused.labels(source).inc(refused)
        self._changed()

    def corrected(self, source: str) -> None:
        """The API corrected a day that had been pushed."""
        self._corrected.labels(source).inc()
        self._changed()

    def failed(self, reason: Reason) -> None:
        """A day did not arrive."""
        self._failures.labels(reason).inc()
        self._changed()


class Process:
    """`process_*` and `python_*` by prometheus_client, read at most once a second."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._texts: dict[tuple[int, bool], bytes] = {}

    def text(self, now: datetime, *, openmetrics: bool) -> bytes:
        """Their text at `now`."""
        key = int(now.timestamp()), openmetrics
        if key not in self._texts:
            self._texts = {key: _generate(self._registry, openmetrics=openmetrics)}
        return self._texts[key]


def _arguments(metric: Metric) -> tuple[str, str, tuple[str, ...]]:
    return metric.name, metric.help, metric.labels


def _generate(registry: CollectorRegistry, *, openmetrics: bool) -> bytes:
    """The text of `registry` without the mark of its end."""
    if openmetrics:
        text: bytes = openmetrics_exposition.generate_latest(registry)  # type: ignore[no-untyped-call]
        return text.removesuffix(_EOF)
    return exposition.generate_latest(registry)

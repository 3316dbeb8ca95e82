"""Rows to bytes, once per poll, in a text that is both Prometheus 0.0.4 and OpenMetrics 1.0.

Such a text exists for gauges whose HELP has no quotes and no backslashes. It is made with one
`bytes %` template for all samples of a record: a dict of labels for every sample is ten times slower.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from exporter.catalog import Metric
from exporter.labels import escape

Number = int | float | Decimal


class Group(NamedTuple):
    """Samples that share their leading label values: for each its own label values, and its value."""

    shared: tuple[str, ...]
    own: tuple[tuple[str, ...], ...]
    values: Sequence[Number]


class Family(NamedTuple):
    """A metric and its samples; no group stands twice."""

    metric: Metric
    groups: Iterable[Group]


def family(metric: Metric, samples: Mapping[tuple[str, ...], Number]) -> Family:
    """The family of `samples`, which are few enough to share nothing."""
    return Family(metric, [Group((), tuple(samples), tuple(samples.values()))])


_SAMPLES_AT_A_TIME = 4096
_HEAD = b"\xff"  # stands for the shared labels; no UTF-8 text holds it


def render(families: Iterable[Family], organization: str) -> Iterator[tuple[bytes, int]]:
    """The text of `families` in chunks, each with its number of samples; every sample has its `organization`.

    A family without samples leaves no trace.
    Raises ValueError for a family that stands twice, for label values that do not fit the metric's labels and for
    two samples with equal labels: prometheus_client, promtool and Prometheus let these pass in silence.
    """
    seen: set[str] = set()
    heads = _Heads(organization)
    for metric, groups in families:
        if metric.name in seen:
            raise ValueError(f"{metric.name}: the family stands twice")
        seen.add(metric.name)
        yield from _family(metric, groups, heads)


def _family(metric: Metric, groups: Iterable[Group], heads: "_Heads") -> Iterator[tuple[bytes, int]]:
    lines = _Lines(metric, heads)
    chunk, samples = [header(metric)], 0
    for group in groups:
        chunk.append(lines.of(group))
        samples += len(group.own)
        if samples > _SAMPLES_AT_A_TIME:
            yield b"".join(chunk), samples
            chunk, samples = [], 0
    if samples:
        yield b"".join(chunk), samples


def header(metric: Metric) -> bytes:
    """HELP and TYPE."""
    return f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.type}\n".encode()


class _Heads(dict[tuple[tuple[str, ...], tuple[str, ...]], bytes]):
    """The escaped text of leading labels by their names and values: made once for all families of a poll."""

    def __init__(self, organization: str) -> None:
        super().__init__()
        self._organization = organization

    def __missing__(self, key: tuple[tuple[str, ...], tuple[str, ...]]) -> bytes:
        names, values = key
        self[key] = head = _pairs(("organization", *names), (self._organization, *values))
        return head


class _Lines:
    """Makes the lines of one family and refuses doubles."""

    def __init__(self, metric: Metric, heads: _Heads) -> None:
        self._metric = metric
        self._heads = heads
        self._seen: set[bytes] = set()
        self._shared: tuple[str, ...] | None = None
        self._templates: dict[tuple[tuple[str, ...], ...], bytes] = {}

    def of(self, group: Group) -> bytes:
        """The lines of one group."""
        shared, own, values = group
        if self._shared is None:
            self._shared = self._metric.labels[: len(shared)]
        if len(shared) != len(self._shared):
            raise ValueError(f"{self._metric.name}: groups share different labels")
        head = self._heads[self._shared, shared]
        if head in self._seen:
            raise ValueError(f"{self._metric.name}: two groups with equal labels")
        self._seen.add(head)
        template = self._templates.get(own) or self._template(own)
        numbers = tuple([value if type(value) is int else float(value) for value in values])
        return (template % numbers).replace(_HEAD, head)

    def _template(self, own: tuple[tuple[str, ...], ...]) -> bytes:
        name, names = self._metric.name.encode(), self._metric.labels[len(self._shared or ()) :]
        if wrong := [values for values in own if len(values) != len(names)]:
            raise ValueError(f"{self._metric.name}: {len(wrong[0])} label values where {len(names)} are named")
        comma = b"," if names else b""
        lines = [b"%b{%b%b%b} %%a\n" % (name, _HEAD, comma, _pairs(names, v).replace(b"%", b"%%")) for v in own]
        if len(set(lines)) < len(lines):
            raise ValueError(f"{self._metric.name}: two samples with equal labels")
        template = self._templates[own] = b"".join(lines)
        return template


def _pairs(names: Iterable[str], values: Iterable[str]) -> bytes:
    return ",".join(f'{name}="{escape(value)}"' for name, value in zip(names, values, strict=True)).encode()

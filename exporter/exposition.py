"""Rows to bytes, once per poll, in a text that is both Prometheus 0.0.4 and OpenMetrics 1.0.

Such a text exists for gauges whose HELP has no quotes and no backslashes. It is made with one
`bytes %` template for all samples of a record: a dict of labels for every sample is ten times slower.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from exporter.catalog import Metric
from exporter.errors import AdminApiError, Reason
from exporter.labels import escape

Number = int | float | Decimal


Values = tuple[str | None, ...]
"""Label values; one that is None leaves its label out."""
SomeValues = TypeVar("SomeValues", bound=Values)


class Group(NamedTuple):
    """Samples that share their leading label values: for each its own label values, and its value."""

    shared: Values
    own: tuple[Values, ...]
    values: Sequence[Number]


class Family(NamedTuple):
    """A metric and its samples; no group stands twice."""

    metric: Metric
    groups: Iterable[Group]


def family(metric: Metric, samples: Mapping[SomeValues, Number]) -> Family:
    """The family of `samples`, which are few enough to share nothing."""
    return Family(metric, [Group((), tuple(samples), tuple(samples.values()))])


MOST_TEXT = 1 << 30
"""Of one poll: labels that many samples share are written for each, so a small answer may ask for text without end.
With 100,000 people it is half of this."""
_SAMPLES_AT_A_TIME = 4096
_HEAD = b"\xff"  # stands for the shared labels; no UTF-8 text holds it


def render(families: Iterable[Family], organization: str) -> Iterator[tuple[bytes, int]]:
    """The text of `families` in chunks, each with its number of samples; every sample has its `organization`.

    A family without samples leaves no trace.
    Raises ValueError for a family that stands twice, for label values that do not fit the metric's labels and for
    two samples with equal labels: prometheus_client, promtool and Prometheus let these pass in silence. Raises
    AdminApiError, before it is made, for more text than `MOST_TEXT`.
    """
    headed: Metric | None = None
    for metric, lines, samples in render_samples(families, organization):
        head = b"" if metric is headed else header(metric)
        headed = metric
        yield head + lines, samples


def render_samples(families: Iterable[Family], organization: str) -> Iterator[tuple[Metric, bytes, int]]:
    """The lines of the samples alone in chunks: the metric, lines, and how many. Raises as `render` does."""
    seen: set[str] = set()
    heads = _Heads(organization)
    for metric, groups in families:
        if metric.name in seen:
            raise ValueError(f"{metric.name}: the family stands twice")
        seen.add(metric.name)
        for lines, samples in _chunks(groups, _Lines(metric, heads)):
            yield metric, lines, samples


def render_parts(metric: Metric, parts: Iterable[Iterable[Group]], organization: str) -> list[bytes]:
    """The lines of each of the parts that one family is made of, without its header. Raises as `render` does."""
    heads = _Heads(organization)
    texts = [b"".join(text for text, _ in _chunks(groups, _Lines(metric, heads))) for groups in parts]
    alone = len(texts) == 1  # then `_Lines` has seen all of them
    series = [] if alone else [line.rpartition(b" ")[0] for text in texts for line in text.split(b"\n")[:-1]]
    if len(set(series)) < len(series):
        raise ValueError(f"{metric.name}: two samples with equal labels")
    return texts


def _chunks(groups: Iterable[Group], lines: "_Lines") -> Iterator[tuple[bytes, int]]:
    chunk: list[bytes] = []
    samples = 0
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


class _Heads(dict[tuple[tuple[str, ...], Values], bytes]):
    """The escaped text of leading labels by their names and values: made once for all families of a poll."""

    def __init__(self, organization: str) -> None:
        super().__init__()
        self._organization = organization
        self._room = MOST_TEXT

    def take(self, length: int) -> None:
        """Raise AdminApiError if there is no room for so much text beside what is there."""
        self._room -= length
        if self._room < 0:
            raise AdminApiError(Reason.BAD_RESPONSE, f"more than {MOST_TEXT >> 20} MiB of series from one poll")

    def __missing__(self, key: tuple[tuple[str, ...], Values]) -> bytes:
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
        self._templates: dict[tuple[Values, ...], bytes] = {}

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
        self._heads.take(len(template) + len(own) * len(head))
        numbers = tuple([value if type(value) is int else float(value) for value in values])
        return (template % numbers).replace(_HEAD, head)

    def _template(self, own: tuple[Values, ...]) -> bytes:
        name, names = self._metric.name.encode(), self._metric.labels[len(self._shared or ()) :]
        if wrong := [values for values in own if len(values) != len(names)]:
            raise ValueError(f"{self._metric.name}: {len(wrong[0])} label values where {len(names)} are named")
        pairs = [_pairs(names, values).replace(b"%", b"%%") for values in own]
        lines = [b"%b{%b%b%b} %%a\n" % (name, _HEAD, b"," if some else b"", some) for some in pairs]
        if len(set(lines)) < len(lines):
            raise ValueError(f"{self._metric.name}: two samples with equal labels")
        template = self._templates[own] = b"".join(lines)
        return template


def _pairs(names: Iterable[str], values: Iterable[str | None]) -> bytes:
    named = zip(names, values, strict=True)
    return ",".join(f'{name}="{escape(value)}"' for name, value in named if value is not None).encode()

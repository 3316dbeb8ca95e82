"""Prometheus remote write 1.0: series and requests as protobuf, compressed by snappy.

https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

from collections.abc import Iterable, Iterator
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from exporter.exposition import Family, Values
from exporter.labels import escape, label

_Field = descriptor_pb2.FieldDescriptorProto

HEADERS = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
}


def _write_request() -> Any:  # noqa: ANN401
    """The message type WriteRequest.

    Described here rather than by generated code, which would tie us to some releases of protobuf.
    https://github.com/prometheus/prometheus/blob/main/prompb/types.proto
    """
    file = descriptor_pb2.FileDescriptorProto(name="remote_write.proto", package="prometheus", syntax="proto3")
    for name, fields in {
        "Label": (("name", _Field.TYPE_STRING), ("value", _Field.TYPE_STRING)),
        "Sample": (("value", _Field.TYPE_DOUBLE), ("timestamp", _Field.TYPE_INT64)),
        "TimeSeries": (("labels", "Label"), ("samples", "Sample")),
        "WriteRequest": (("timeseries", "TimeSeries"),),
    }.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, 1):
            if isinstance(kind, str):
                message.field.add(
                    name=field,
                    number=number,
                    type=_Field.TYPE_MESSAGE,
                    type_name=f".prometheus.{kind}",
                    label=_Field.LABEL_REPEATED,
                )
            else:
                message.field.add(name=field, number=number, type=kind, label=_Field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


WriteRequest = _write_request()


def requests(families: Iterable[Family], organization: str, timestamp_ms: int, size: int) -> Iterator[Any]:
    """WriteRequests of at most `size` series, each with one sample, for all samples of `families`.

    Labels stand in the order of their names, their values are cut as in the exposition, and one that is empty is left
    out: to a receiver it is none.
    """
    request = WriteRequest()
    for metric, groups in families:
        names = ("__name__", "organization", *metric.labels)
        order = sorted(range(len(names)), key=names.__getitem__)
        for shared, own, values in groups:
            before: Values = (metric.name, organization, *shared)
            for more, value in zip(own, values, strict=True):
                if len(request.timeseries) == size:
                    yield request
                    request = WriteRequest()
                labels = before + more
                series = request.timeseries.add()
                add = series.labels.add
                for place in order:
                    if text := labels[place]:
                        add(name=names[place], value=label(text))
                series.samples.add(value=float(value), timestamp=timestamp_ms)
    if request.timeseries:
        yield request


def body(request: Any) -> bytes:  # noqa: ANN401
    """A request as it travels."""
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def halves(request: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """A request of several series as two."""
    middle = len(request.timeseries) // 2
    return tuple(WriteRequest(timeseries=part) for part in (request.timeseries[:middle], request.timeseries[middle:]))


def names(request: Any) -> Iterator[str]:  # noqa: ANN401
    """The series of a request as PromQL writes them, for people."""
    for series in request.timeseries:
        labels = {pair.name: pair.value for pair in series.labels}
        metric = labels.pop("__name__")
        pairs = ",".join(f'{name}="{escape(value)}"' for name, value in labels.items())
        yield f"{metric}{{{pairs}}}"

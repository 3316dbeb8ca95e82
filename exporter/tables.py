"""The catalogue for people and programs."""

import json
from dataclasses import asdict

from exporter.catalog import METRICS, Metric


def metrics_table() -> str:
    """All metrics as a Markdown table, as it stands in the README."""
    return table(
        ("metric", "labels", "what it says"),
        [(f"`{metric.name}`", _labels(metric), metric.help) for metric in METRICS],
    )


def _labels(metric: Metric) -> str:
    return " ".join(f"`{label}`" for label in metric.labels)


def metrics_json() -> str:
    """All metrics as JSON, `organization` among their labels."""
    return json.dumps([asdict(metric) | {"labels": metric.all_labels} for metric in METRICS], indent=2)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)

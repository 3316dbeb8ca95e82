"""Which metrics there are: those of the catalogue, what the recording rules make of them, and what Prometheus adds."""

from collections.abc import Mapping

from exporter.catalog import METRICS
from tests.promql_names import Labels, Use, result_labels, uses
from tests.rules.cases import rules

OF_THE_SCRAPE = frozenset({"job", "instance", "pod", "container", "endpoint", "node", "namespace", "service"})


def known_labels() -> dict[str, Labels]:
    """The labels of every metric, and of what the recording rules make of them."""
    known: dict[str, Labels] = {"up": OF_THE_SCRAPE}
    for metric in METRICS:
        suffixes = ("_bucket", "_sum", "_count") if metric.type == "histogram" else ("",)
        more = {"le"} if metric.type == "histogram" else set()
        known |= {metric.name + suffix: frozenset(metric.all_labels) | more | OF_THE_SCRAPE for suffix in suffixes}
    for rule in rules("recording.yml"):
        known[rule["record"]] = result_labels(rule["expr"], known) - (OF_THE_SCRAPE - {"instance"})
    return known


KNOWN = known_labels()


def unknown(expression: str, known: Mapping[str, Labels] = KNOWN) -> list[Use]:
    """What of the expression is not known, or has not these labels."""
    return [
        use
        for use in uses(expression)
        if not use.labels <= known.get(use.metric, frozenset()) or use.metric not in known
    ]

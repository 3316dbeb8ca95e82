"""What was measured, as a Markdown table with the targets beside."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PYTHON, NGINX = "prometheus_client", "nginx"
SCRAPE, CPU, POLL, MEMORY = "gzip scrape, p50", "gzip scrape, server CPU", "poll to ready bytes", "memory kept"
SLOW = "growth of peak memory, 64 slow clients without gzip"
PROMETHEUS = "Prometheus' scrape_duration_seconds"
POLLING = "gzip scrape while polls run without a pause, p99"
START = "from process start to the first complete /metrics"


def of_clients(number: int) -> str:
    """What is measured with so many clients."""
    return f"gzip scrape, {number} {'client' if number == 1 else 'clients at a time'}, p50"


@dataclass(frozen=True)
class Row:
    """One thing measured, in `unit`, at a size: ours, and if there is a comparison the other's, `beside`."""

    what: str
    size: str
    unit: str
    ours: float
    theirs: float | None = None
    beside: str = ""


@dataclass(frozen=True)
class Missing:
    """What could not be measured, and what to do about it."""

    what: str
    size: str
    remedy: str


LEAST_TIMES_LESS = {
    ("100 records", SCRAPE): 40,
    ("1,000 records", SCRAPE): 400,
    ("10,000 records", SCRAPE): 1_000,
    ("10,000 records", CPU): 1_500,
    ("10,000 records", POLL): 12,
    ("10,000 records", MEMORY): 3,
}
MOST_TIMES = {
    ("10,000 records", of_clients(1)): 2,
    ("10,000 records", of_clients(8)): 2,
    ("10,000 records", of_clients(64)): 2,
    ("10,000 records", PROMETHEUS): 1.2,
}
MOST = {("10,000 records", SLOW): 50, ("10,000 records", POLLING): 60, ("1,000 actors", START): 3}


def table(rows: Iterable[Row | Missing]) -> Iterator[str]:
    """The table's lines."""
    yield "| what | size | beside it | this exporter | | target | |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for row in rows:
        cells = _measured(row) if isinstance(row, Row) else (row.what, row.size, "", "", "", "", row.remedy)
        yield f"| {' | '.join(cells)} |"


def _measured(row: Row) -> tuple[str, ...]:
    """The cells: both sides, how they compare, the target, and whether it is met."""
    key, unit = (row.size, row.what), row.unit
    ratio = target = ""
    met = None
    if row.theirs is None:
        if most := MOST.get(key):
            target, met = f"{most} {unit} at most", row.ours <= most
    elif row.ours <= 0 or row.theirs <= 0:
        ratio = "too little to say"
    elif row.beside == NGINX:
        ratio = f"{row.ours / row.theirs:.2f} times"
        if times := MOST_TIMES.get(key):
            target, met = f"{times} times at most", row.ours <= times * row.theirs
    else:
        ratio = f"{_number(row.theirs / row.ours)} times less"
        if least := LEAST_TIMES_LESS.get(key):
            target, met = f"{least:,} or more", row.theirs >= least * row.ours
    beside = "" if row.theirs is None else f"{row.beside} {_number(row.theirs)} {unit}"
    verdict = "" if met is None else "met" if met else "missed"
    return row.what, row.size, beside, f"{_number(row.ours)} {unit}", ratio, target, verdict


def _number(value: float) -> str:
    return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"

"""What was measured, as a Markdown table with the targets beside."""

from collections.abc import Iterable, Iterator

from tests.bench.measure import CPU, MEMORY, POLL, SCRAPE, Row

TARGETS = {
    (100, SCRAPE): 40,
    (1_000, SCRAPE): 400,
    (10_000, SCRAPE): 1_000,
    (10_000, CPU): 1_500,
    (10_000, POLL): 12,
    (10_000, MEMORY): 3,
}


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The table's lines."""
    yield "| records | what | prometheus_client | this exporter | times less | target | |"
    yield "|---:|---|---:|---:|---:|---:|---|"
    for row in rows:
        yield _line(row)


def _line(row: Row) -> str:
    ratio = row.theirs / row.ours if row.ours > 0 else None
    target = TARGETS.get((row.records, row.what))
    cells = (
        f"{row.records:,}",
        row.what,
        f"{row.theirs:,.3g} {row.unit}" if row.theirs < 100 else f"{row.theirs:,.0f} {row.unit}",
        f"{row.ours:,.3g} {row.unit}" if row.ours < 100 else f"{row.ours:,.0f} {row.unit}",
        "too little to say" if ratio is None else f"{ratio:,.1f}" if ratio < 100 else f"{ratio:,.0f}",
        f"{target:,}" if target else "",
        _verdict(ratio, target),
    )
    return f"| {' | '.join(cells)} |"


def _verdict(ratio: float | None, target: float | None) -> str:
    if target is None or ratio is None:
        return ""
    return "met" if ratio >= target else "missed"

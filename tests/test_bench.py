import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.report import (
    CPU,
    LEAST_TIMES_LESS,
    MEMORY,
    NGINX,
    POLL,
    POLLING,
    PROMETHEUS,
    PYTHON,
    SCRAPE,
    SLOW,
    START,
    Missing,
    Row,
    of_clients,
    table,
)

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads memory from /proc")
def test_the_benchmark_finds_all_sides_alike_and_measures_everything(tool):
    for name in ("nginx", "prometheus", "wrk"):
        tool(name)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = [line.split(" | ") for line in ran.stdout.splitlines() if " | 100 " in line]
    assert [line[0] for line in lines] == [
        f"| {what}" for what in (SCRAPE, CPU, POLL, MEMORY, of_clients(8), PROMETHEUS, SLOW, POLLING, START)
    ]
    assert all(line[3] for line in lines)


def test_a_target_is_met_or_missed_and_what_is_not_measured_is_neither():
    size = "10,000 records"
    rows: list[Row | Missing] = [
        Row(POLL, size, "ms", 500, 6000, PYTHON),
        Row(POLL, size, "ms", 600, 6000, PYTHON),
        Row(of_clients(8), size, "ms", 16.1, 8, NGINX),
        Row(PROMETHEUS, size, "s", 0.6, 0.5, NGINX),
        Row(SLOW, size, "MiB", 9.07),
        Row(START, "1,000 actors", "s", 3.1),
        Row(MEMORY, "100 records", "MiB", 0, 3, PYTHON),
        Missing(of_clients(1), size, "not measured: apt-get install wrk"),
    ]
    assert LEAST_TIMES_LESS[size, POLL] == 12
    assert list(table(rows))[2:] == [
        f"| {POLL} | {size} | prometheus_client 6,000 ms | 500 ms | 12 times less | 12 or more | met |",
        f"| {POLL} | {size} | prometheus_client 6,000 ms | 600 ms | 10 times less | 12 or more | missed |",
        f"| {of_clients(8)} | {size} | nginx 8 ms | 16.1 ms | 2.01 times | 2 times at most | missed |",
        f"| {PROMETHEUS} | {size} | nginx 0.5 s | 0.6 s | 1.20 times | 1.2 times at most | met |",
        f"| {SLOW} | {size} |  | 9.07 MiB |  | 50 MiB at most | met |",
        f"| {START} | 1,000 actors |  | 3.1 s |  | 3 s at most | missed |",
        f"| {MEMORY} | 100 records | prometheus_client 3 MiB | 0 MiB | too little to say |  |  |",
        f"| {of_clients(1)} | {size} |  |  |  |  | not measured: apt-get install wrk |",
    ]

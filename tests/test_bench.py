import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.measure import CPU, MEMORY, POLL, SCRAPE

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads memory from /proc")
def test_the_benchmark_finds_both_sides_alike_and_measures_everything():
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    measured = [line.split(" | ")[1] for line in ran.stdout.splitlines() if line.startswith("| 100 |")]
    assert measured == [SCRAPE, CPU, POLL, MEMORY]

"""The soak itself: that it still runs, and that it would find what it looks for."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.prometheus import JOBS
from tests.soak.samples import Sample, growth, left_behind, read
from tests.soak.truth import Wanted, differences

ROOT = Path(__file__).parent.parent
CALM = Sample(
    0.0, "2026-10-01T20:00", resident=80 << 20, blocks=300_000, files=14, threads=6, tasks=4, ledger=0, waited=0
)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_two_days_in_half_a_minute_go_by_without_a_problem(tool, tmp_path):
    tool("prometheus3")  # it says how to get it
    flags = ["--minutes=0.5", "--days-per-minute=4", "--people=25", "--clients=16", "--seed=1", "--scrape-seconds=5"]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.soak", *flags, f"--csv={tmp_path}/samples.csv"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert all(f"{job}: " in ran.stdout for job in JOBS)
    assert read(tmp_path / "samples.csv")[-1].now == "2026-10-03T20:00"


def grown(*resident):
    return [replace(CALM, resident=number) for number in resident]


def test_what_grows_all_the_time_is_found_and_a_start_or_a_peak_is_not():
    assert growth(grown(*range(100, 180)), "resident") == pytest.approx(0.31, abs=0.01)
    assert growth(grown(*range(1, 21), *[20] * 60), "resident") == 0
    assert growth(grown(*[100] * 70, *[500] * 8, 100, 100), "resident") == 0


def test_what_clients_leave_behind_is_found_and_what_comes_and_goes_is_not():
    busy = replace(CALM, tasks=40, files=30)
    assert left_behind([CALM], [busy, CALM]) == []
    assert left_behind([CALM, busy], [busy]) == [
        "30 files are left of 14 before the clients came",
        "40 tasks are left of 4 before the clients came",
    ]


def test_a_sum_that_is_not_the_truth_is_named():
    wanted = Wanted("anthropic_cost_window_usd", ("workspace_id",), {"default": "1.5", "a": "2", "b": "0"}, "7d")

    def query(expression):
        assert expression == 'sum by (workspace_id) (anthropic_cost_window_usd{job="text",window="7d"})'
        return {("default",): 1.5, ("c",): 4.0}

    metric = 'anthropic_cost_window_usd{job="text",window="7d"}'
    assert sorted(differences(query, wanted, "text")) == [
        f"{metric} of a: 0 instead of 2.0",
        f"{metric} of c: 4.0 instead of 0.0",
    ]

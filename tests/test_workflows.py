"""The workflows of GitHub, as far as they can be looked at without it: schema, security, shell, and who may do what."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
BIN = Path(sys.executable).parent
ACTION = re.compile(r"^\s*(?:- )?uses: ([^@\s]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$")


JOBS = [
    pytest.param(job, id=f"{path.stem}-{name}")
    for path in WORKFLOWS
    for name, job in yaml.safe_load(path.read_text())["jobs"].items()
]


def scripts(job):
    return [step["run"] for step in job.get("steps", []) if "run" in step]


def said(*command: str | Path) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("vendor.github-workflows", WORKFLOWS), ("vendor.dependabot", [ROOT / ".github" / "dependabot.yml"])],
)
def test_they_are_what_github_reads(schema, paths):
    assert said(BIN / "check-jsonschema", "--builtin-schema", schema, *paths) == ""


def test_nothing_in_them_is_careless():
    command = [f"{BIN}/zizmor", "--offline", "--no-progress", "--persona=pedantic", "--format=json", f"{ROOT}/.github"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(result.stdout) == [], result.stdout


@pytest.mark.parametrize("job", JOBS)
def test_what_they_run_is_sound_shell_and_nothing_is_pasted_into_it(job, tmp_path):
    for number, script in enumerate(scripts(job)):
        assert "${{" not in script
        (tmp_path / f"{number}").write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{script}")
    assert not scripts(job) or said(BIN / "shellcheck", *tmp_path.iterdir()) == ""


@pytest.mark.parametrize("name", ["build", "links", "notes", "run", "tools"])
def test_what_they_call_is_sound_shell(name):
    assert said(BIN / "shellcheck", "--external-sources", ROOT / ".ci" / name) == ""


def test_a_page_tells_how_to_verify_what_the_release_signs(tmp_path):
    page, release = (ROOT / "deploy" / "UPGRADING.md").read_text(), (ROOT / ".github/workflows/release.yml").read_text()
    (script,) = re.findall(r"^```sh\n(version=.*?)^```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "verify").write_text(f"#!/usr/bin/env bash\n{script}")
    assert said(BIN / "shellcheck", tmp_path / "verify") == ""
    assert "/.github/workflows/release.yml@refs/tags/v$version" in script
    (signed,) = re.findall(r"^for artifact in (.*); do$", script, re.MULTILINE)
    pushed = [
        f"{folder}/anthropic-exporter"
        for folder in re.findall(r"(?:IMAGE|CHARTS): (ghcr\.io/[\w-]+(?:/charts)?)", release)
    ]
    assert [f"ghcr.io/anthropic-exporter/{name}" for name in signed.split()] == pushed


def test_every_action_is_one_commit_everywhere_and_says_its_version():
    lines = [line for path in WORKFLOWS for line in path.read_text().splitlines() if "uses: " in line]
    found = [ACTION.match(line) for line in lines if "uses: ./" not in line]
    assert all(found), lines
    pinned = {match.groups() for match in found if match}
    assert len(pinned) == len({action for action, _, _ in pinned})


@pytest.mark.parametrize("job", JOBS)
def test_every_job_says_what_it_may_and_how_long(job):
    assert job["permissions"]
    assert "uses" in job or job["timeout-minutes"] <= 60


def test_only_what_publishes_may_write():
    release = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    writes = {
        name: sorted(scope for scope, right in job["permissions"].items() if right == "write")
        for name, job in release["jobs"].items()
    }
    assert writes == {
        "notes": [],
        "test": [],
        "build": [],
        "image": ["id-token", "packages"],
        "chart": ["id-token", "packages"],
        "pypi": ["id-token"],
        "release": ["attestations", "contents", "id-token"],
    }

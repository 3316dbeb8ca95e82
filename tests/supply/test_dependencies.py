"""Dependencies: pinned by their hashes, installed as pinned, each for a reason and under a licence that we may use."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply.locks import LOCKS, ROOT, pins

LICENCES = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MPL-2.0", "PSF-2.0"}
"""Those that ask for no more than to be named, and of MPL-2.0 that its files stay open."""
SPELLINGS = {"3-Clause BSD License": "BSD-3-Clause"}


def pinned(*locks):
    """What these locks pin, by name."""
    return {pin.name: pin for lock in locks for pin in pins((ROOT / lock).read_text())}


def pinned_here(*locks):
    """What they pin for this platform: the version by name."""
    found = pinned(*locks).values()
    return {pin.name: str(pin.version) for pin in found if not pin.marker or pin.marker.evaluate()}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_the_hashes_of_its_files_and_no_lock_names_an_address(lock):
    text = (ROOT / lock).read_text()
    assert [pin.name for pin in pins(text) if not pin.hashes] == []
    assert "://" not in text


def test_what_two_locks_pin_they_pin_alike():
    versions: dict[str, set[object]] = {}
    for lock in LOCKS:
        for name, pin in pinned(lock).items():
            versions.setdefault(name, set()).add(pin.version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_what_runs_here_is_what_the_locks_pin():
    wanted = pinned_here("requirements.lock", "requirements-build.lock", "requirements-dev.lock")
    assert {name: version_of(name) for name in wanted} == wanted


def version_of(name):
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return "missing"


def test_what_is_installed_fits_together():
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n")


def test_every_dependency_at_run_time_says_why_it_is_there():
    text = (ROOT / "pyproject.toml").read_text()
    wanted = [Requirement(one) for one in tomllib.loads(text)["project"]["dependencies"]]
    (lines,) = re.findall(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert [line for line in lines.splitlines() if not re.fullmatch(r'  "[^"]+",\s+# \S.+', line)] == []
    assert len(lines.splitlines()) == len(wanted)
    assert [str(one) for one in wanted if not any(part.operator == ">=" for part in one.specifier)] == []
    assert {canonicalize_name(one.name) for one in wanted} <= set(pinned("requirements.lock"))


@pytest.mark.parametrize("name", sorted(pinned_here("requirements.lock")))
def test_everything_at_run_time_has_a_licence_that_we_may_use(name):
    assert licences(distribution(name)) <= LICENCES


def licences(package: Distribution) -> set[str]:
    """All of a package's licences, be there a choice or not."""
    fields = package.metadata
    text = next((fields[name] for name in ("License-Expression", "License") if name in fields), "none is named")
    return {SPELLINGS.get(one, one) for one in re.split(r" AND | OR ", text.strip())}


def test_a_licence_beyond_the_list_is_noticed(tmp_path):
    for fields, found in (
        ("License-Expression: MIT OR GPL-3.0-only", {"MIT", "GPL-3.0-only"}),
        ("License: 3-Clause BSD License", {"BSD-3-Clause"}),
        ("Summary: of no licence", {"none is named"}),
    ):
        (tmp_path / "METADATA").write_text(f"Metadata-Version: 2.4\nName: sheep\nVersion: 1\n{fields}\n")
        assert licences(Distribution.at(tmp_path)) == found

"""The bill of materials that `make sbom` writes: all of what runs, and nothing that differs from run to run."""

import json
import os
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from exporter import __version__
from tests.supply.locks import ROOT, pins


@pytest.fixture(scope="module")
def bill():
    path = ROOT / "build" / "sbom.json"
    if not path.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no bill of materials: make sbom")
    return json.loads(path.read_text())


def test_it_lists_what_the_lock_pins_for_this_platform_and_nothing_else(bill):
    pinned = [pin for pin in pins((ROOT / "requirements.lock").read_text()) if not pin.marker or pin.marker.evaluate()]
    listed = {canonicalize_name(one["name"]): one["version"] for one in bill["components"]}
    assert listed == {pin.name: str(pin.version) for pin in pinned}
    assert {one["purl"].partition("@")[0] for one in bill["components"]} == {f"pkg:pypi/{pin.name}" for pin in pinned}


def test_it_says_what_it_is_about_and_what_needs_what(bill):
    about = bill["metadata"]["component"]
    assert (about["name"], about["version"], about["type"]) == ("anthropic-exporter", __version__, "application")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    ours = {canonicalize_name(one.partition("==")[0]) for one in needs[about["bom-ref"]]}
    assert ours == {canonicalize_name(Requirement(one).name) for one in project["dependencies"]}
    assert {one["bom-ref"] for one in bill["components"]} == {one for some in needs.values() for one in some}


def test_nothing_in_it_is_of_this_run_or_of_this_machine(bill):
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]
    assert str(ROOT) not in json.dumps(bill)
    assert "file:" not in json.dumps(bill)

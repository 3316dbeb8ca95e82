"""Advisories: which versions they are about, and what `make audit` says."""

import json
import subprocess
import sys
from zipfile import ZipFile

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.supply.advisories import findings, newest
from tests.supply.locks import LOCKS, ROOT, pins


def pin(name, version):
    (only,) = pins(f"{name}=={version} \\\n    --hash=sha256:{'0' * 64}\n")
    return only


def advisory(package="Sheep.Dog", *, name="PYSEC-1", versions=(), events=(), kind="ECOSYSTEM", **more):
    ranges = [{"type": kind, "events": [dict([event]) for event in events]}] if events else []
    about = {"ecosystem": "PyPI", "name": package}
    return {"id": name, "affected": [{"package": about, "ranges": ranges, "versions": list(versions)}], **more}


def affected(version, known, name="sheep-dog"):
    return bool(findings([pin(name, version)], [known]))


FIXED = [("introduced", "1.2"), ("fixed", "1.4")]
LAST = [("introduced", "1.2"), ("last_affected", "1.4")]
TWICE = [("introduced", "0"), ("fixed", "1.4"), ("introduced", "2.0"), ("fixed", "2.1")]
NEVER = [("introduced", "0")]
EPOCH = [("introduced", "1!1.0"), ("fixed", "1!2.0")]
ODD = [("introduced", "0"), ("fixed", "2004d")]


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        (
            FIXED,
            ["1.2", "1.3.9", "1.4rc1", "1.4.dev3", "1.2.post1"],
            ["1.1", "1.2rc1", "1.4", "1.4.0", "1.4.post1", "1!1.3"],
        ),
        (LAST, ["1.2", "1.4", "1.4.0"], ["1.4.1", "1.4.post1", "2"]),
        (TWICE, ["0.1", "0.dev1", "1.3", "2.0", "2.0.5"], ["1.4", "1.9", "2.1", "3"]),
        (list(reversed(TWICE)), ["0.1", "1.3", "2.0"], ["1.4", "2.1"]),
        (NEVER, ["0.0.1", "0", "99", "1!1"], []),
        (EPOCH, ["1!1.5"], ["1.5", "5", "1!2.0", "2!1.5"]),
        (ODD, ["1", "9999"], []),
    ],
)
def test_a_range_holds_the_versions_between_its_events_as_pip_orders_them(events, inside, outside):
    known = advisory(events=events)
    assert [version for version in inside if not affected(version, known)] == []
    assert [version for version in outside if affected(version, known)] == []


def test_a_version_that_is_named_is_meant_however_it_is_written():
    known = advisory(versions=["2004d", "1.0.0", "3.0-beta2"])
    assert affected("1", known)
    assert affected("3b2", known)
    assert not affected("1.0.1", known)


@pytest.mark.parametrize("name", ["sheep-dog", "Sheep_Dog", "SHEEP.dog", "sheep--dog"])
def test_a_package_is_the_same_however_its_name_is_written(name):
    assert affected("1", advisory(name, events=NEVER), name="Sheep.dog")
    assert canonicalize_name(name) == "sheep-dog"


@pytest.mark.parametrize(
    "other",
    [
        advisory("sheep", events=NEVER),
        advisory(events=NEVER, withdrawn="2026-01-01T00:00:00Z"),
        advisory(events=NEVER, kind="GIT"),
        {"id": "GHSA-1", "affected": [{"package": {"ecosystem": "npm", "name": "sheep-dog"}, "versions": ["1"]}]},
        {"id": "GHSA-2"},
    ],
    ids=["another package", "withdrawn", "commits", "another registry", "about nothing"],
)
def test_what_is_about_something_else_is_no_finding(other):
    assert not affected("1", other)


def test_two_advisories_that_name_each_other_are_one_finding():
    one = advisory(name="GHSA-1", events=FIXED, aliases=["CVE-1"], summary="Sheep escape.")
    two = advisory(name="PYSEC-1", events=NEVER, aliases=["CVE-1", "GHSA-1"])
    three = advisory(name="PYSEC-2", events=NEVER)
    first, second = findings([pin("sheep-dog", "1.3")], [one, two, three])
    assert (first.names, first.mended, first.summary) == (("GHSA-1", "CVE-1"), ("1.4",), "Sheep escape.")
    assert second.names == ("PYSEC-2",)


def test_how_old_a_file_is_its_youngest_advisory_says():
    days = ["2026-03-01T10:00:00Z", "2026-11-20T00:00:00.5Z", "2025-12-31T00:00:00Z"]
    assert newest([{"modified": day} for day in days]) == "2026-11-20"


def test_a_lock_that_does_not_pin_is_refused():
    for line in ("sheep", "sheep>=1", "sheep==1.*", "sheep @ https://example.com/sheep.whl", "-r other.txt"):
        with pytest.raises(ValueError):
            list(pins(line))
    (sheep,) = pins("sheep[wool]==1.2 ; sys_platform == 'win32' \\\n    --hash=sha256:" + "a" * 64)
    assert (sheep.name, sheep.version, sheep.hashes) == ("sheep", Version("1.2"), 1)


def audit(file):
    command = [sys.executable, "-m", "tests.supply", str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def export(path, *advisories):
    with ZipFile(path, "w") as file:
        for one in advisories:
            file.writestr(f"{one['id']}.json", json.dumps(one))
    return path


def test_the_audit_names_what_is_vulnerable_and_fails(tmp_path):
    known = advisory("Starlette", name="GHSA-9", aliases=["CVE-9"], events=NEVER, modified="2026-11-20T00:00:00Z")
    done = audit(export(tmp_path / "all.zip", known))
    assert done.returncode == 1
    assert " packages, 1 known vulnerabilities\nrequirements.lock: starlette " in done.stdout
    assert ": GHSA-9, CVE-9: not mended yet." in done.stdout
    assert "by 1 advisories, the youngest of 2026-11-20" in done.stdout


def test_the_audit_is_content_where_nothing_is_known(tmp_path):
    done = audit(export(tmp_path / "all.zip", advisory(events=NEVER)))
    assert done.returncode == 0
    assert done.stdout.count(", 0 known vulnerabilities\n") == len(LOCKS)


def test_without_advisories_the_audit_says_where_to_get_them_and_is_not_content(tmp_path):
    (tmp_path / "page.zip").write_text("<html>login</html>")
    export(tmp_path / "npm.zip", {"id": "GHSA-1", "affected": [{"package": {"ecosystem": "npm", "name": "x"}}]})
    for name in ("none.zip", "page.zip", "npm.zip"):
        done = audit(tmp_path / name)
        assert done.returncode == 2
        assert f"{name} " in done.stderr
        assert "all.zip, anywhere, and name it: make audit ADVISORIES=all.zip" in done.stderr

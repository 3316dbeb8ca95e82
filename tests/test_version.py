"""The version has one place, and what repeats it agrees; what a release is announced with is in the changelog."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from exporter import __version__

ROOT = Path(__file__).parent.parent
HEADING = re.compile(r"^## (\S+) - \d{4}-\d{2}-\d{2}$")
CHANGELOG = f"""\
# Changelog

## Unreleased

- Not yet.

## {__version__} - 2026-12-31

- A `metric` is new: see [the page](deploy/UPGRADING.md#metrics) and [another](https://example.com/a).

## 0.0.1 - 2026-01-01

- The first.
"""


@pytest.fixture
def notes(tmp_path):
    """What .ci/notes says of a tag, with another changelog than ours."""

    def run(tag, changelog=CHANGELOG):
        for name in (".ci/links", ".ci/notes", "exporter/__init__.py"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
        (tmp_path / "CHANGELOG.md").write_text(changelog)
        result = subprocess.run([tmp_path / ".ci/notes", tag], capture_output=True, text=True, check=False)
        return result.returncode, result.stdout or result.stderr

    return run


def test_the_command_says_it():
    said = subprocess.run([sys.executable, "-m", "exporter", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout == f"anthropic-exporter {__version__}\n"


def test_pages_name_this_version():
    pages = [ROOT / "README.md", *(ROOT / "deploy").rglob("*.md"), *(ROOT / "deploy").rglob("*.y*ml")]
    text = "".join(page.read_text() for page in pages)
    named = re.findall(r"ghcr\.io/anthropic-exporter/[a-z/-]+(?::v?| --version[ =])(\d[\w.+-]*)", text)
    named += re.findall(r"^version=(\S+)", text, re.MULTILINE)
    assert set(named) == {__version__}


def test_the_changelog_has_no_newer_version_and_begins_with_what_is_newest():
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    if headings[0] == "## Unreleased":
        headings.pop(0)
    matches = [HEADING.match(line) for line in headings]
    assert all(matches), headings
    versions = [Version(match[1]) for match in matches if match]
    assert versions == sorted(set(versions), reverse=True)
    assert not versions or versions[0] <= Version(__version__)


def test_a_release_is_announced_with_its_own_section_and_links_to_its_own_files(notes):
    code, text = notes(f"v{__version__}")
    page = f"https://github.com/anthropic-exporter/anthropic-exporter/blob/v{__version__}/deploy/UPGRADING.md#metrics"
    wanted = f"- A `metric` is new: see [the page]({page}) and [another](https://example.com/a)."
    assert (code, text.strip()) == (0, wanted)


def test_the_page_that_pypi_shows_links_to_where_files_are():
    readme = (ROOT / "README.md").read_text()
    said = subprocess.run(
        [ROOT / ".ci/links", "v1.2.3"], input=readme, capture_output=True, text=True, check=True
    ).stdout
    home = "https://github.com/anthropic-exporter/anthropic-exporter"
    assert f"({home}/raw/v1.2.3/exporter/pictures/overview.png)" in said
    assert f"({home}/blob/v1.2.3/deploy/SECURITY.md)" in said
    assert set(re.findall(r"\]\((?!https://|#)[^)]*\)", said)) == set()


@pytest.mark.parametrize("tag", ["v99.0.0", __version__, "", "v"])
def test_a_tag_that_is_not_the_version_is_refused(notes, tag):
    code, text = notes(tag)
    assert code == 1
    assert f"the tag is '{tag}'" in text
    assert f"it should be v{__version__}" in text


@pytest.mark.parametrize("section", ["## Unreleased", f"## {__version__}", f"## {__version__} - soon"])
def test_a_version_of_which_the_changelog_does_not_speak_is_refused(notes, section):
    code, text = notes(f"v{__version__}", f"# Changelog\n\n{section}\n\n- Something.\n")
    assert code == 1
    assert "has no section" in text


def test_a_section_in_which_nothing_stands_is_refused(notes):
    code, text = notes(f"v{__version__}", f"## {__version__} - 2026-12-31\n\n## 0.0.1 - 2026-01-01\n\n- The first.\n")
    assert code == 1
    assert "nothing stands in it" in text

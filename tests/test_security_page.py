"""deploy/SECURITY.md: the tests that it names exist, and every threat names one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "deploy" / "SECURITY.md").read_text()
NAMED = list(dict.fromkeys(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
ASSETS = (
    "Admin key",
    "names and costs of people",
    "web passwords and TLS keys",
    "ledger's file",
    "integrity of numbers",
    "availability of scrapes",
    "availability of polls",
    "receiver's credentials",
    "supply chain",
)


def rows():
    (lines,) = re.findall(r"^\| asset \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines.splitlines()]


@cache
def functions_of(path):
    found = ast.walk(ast.parse((ROOT / path).read_text()))
    return {one.name for one in found if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_the_page_names_exists(path, name):
    assert name.startswith("test_")
    assert name in functions_of(path)


def test_every_threat_has_a_protection_and_tests_and_nothing_else_in_their_place():
    for row in rows():
        assert len(row) == 4, row
        assert all(row), row
        assert re.fullmatch(r"`tests/[\w/]+\.py::\w+`(<br>`tests/[\w/]+\.py::\w+`)*", row[3]), row[3]


def test_no_asset_is_without_a_threat():
    assert set(ASSETS) <= {asset for asset, *_ in rows()}


def test_the_readme_leads_there_and_its_links_lead_somewhere():
    assert "(deploy/SECURITY.md)" in (ROOT / "README.md").read_text()
    for link in re.findall(r"\]\((?!https:)([^)#]+)", TEXT):
        assert (ROOT / "deploy" / link).exists(), link


def test_nobody_is_sent_to_an_address_of_mail():
    assert "@" not in TEXT

"""Dashboards name only metrics and labels that there are."""

import re

import pytest

from grafana.__main__ import FOLDER
from tests.dashboards.boards import BOARDS, QUERIES, panels, variables
from tests.dashboards.test_lint import plain
from tests.known import KNOWN, OF_THE_SCRAPE, unknown
from tests.promql_names import result_labels

PROCESS = ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds")
SCRAPE = ("scrape_samples_scraped", "scrape_duration_seconds")
EVERYTHING = KNOWN | dict.fromkeys((*PROCESS, *SCRAPE), OF_THE_SCRAPE)


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_queries_name_what_there_is(query):
    made = set(re.findall(r'"(\w+)", "[^"]*", "[^"]*", "[^"]*"\)', query.expression))
    found = unknown(plain(query.expression), EVERYTHING)
    assert [use for use in found if use.metric not in EVERYTHING or use.labels - EVERYTHING[use.metric] - made] == []


README = (FOLDER.parent / "README.md").read_text()


@pytest.mark.parametrize("query", re.findall(r"^```promql\n(.*?)^```", README, re.DOTALL | re.MULTILINE))
def test_queries_of_the_documentation_name_what_there_is(query):
    assert unknown(query) == []


def test_the_documentation_names_every_dashboard():
    assert set(re.findall(r"\(dashboards/(\w+)\.json\)", README)) == BOARDS.keys()


@pytest.mark.parametrize("name", BOARDS)
def test_variables_name_what_there_is(name):
    for variable in variables(BOARDS[name]):
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
            assert found
            assert unknown(f"sum by ({found[2]}) ({found[1]})") == []


@pytest.mark.parametrize("name", BOARDS)
def test_columns_of_tables_are_labels_of_a_result_or_values(name):
    """A column that is not there would be left out in silence."""
    for panel in panels(BOARDS[name]):
        for step in panel.get("transformations") or ():
            if step["id"] == "filterFieldsByName":
                shown = {field for field in step["options"]["include"]["names"] if not field.startswith("Value")}
                results = (result_labels(plain(target["expr"]), EVERYTHING) for target in panel["targets"])
                assert shown <= frozenset().union(*results), panel["title"]

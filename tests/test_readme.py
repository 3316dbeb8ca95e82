"""The README says what is true: its tables are the code's, its examples parse, its lines of configuration work."""

import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.catalog import METRICS
from exporter.sources import default_text, leaves
from exporter.tables import metrics_table, table

README = Path(__file__).parent.parent / "README.md"
NAMES = {metric.name: metric for metric in METRICS}


def settings_table() -> str:
    rows: list[tuple[str, ...]] = []
    for name, field in leaves():
        default = default_text(field)
        rows.append((f"`{name}`", f"`{default}`" if default else "", field.description))
    return table(("setting", "default", "meaning"), rows)


@pytest.mark.parametrize(("mark", "wanted"), [("metrics", metrics_table()), ("settings", settings_table())])
def test_tables_are_those_of_the_code(request, mark, wanted):
    block = re.compile(f"(<!-- {mark} -->\n).*?(\n?<!-- end -->)", re.DOTALL)
    if request.config.getoption("--update-golden"):
        README.write_text(block.sub(lambda found: f"{found[1]}{wanted}\n<!-- end -->", README.read_text()))
    found = block.search(README.read_text())
    assert found
    assert found[0] == f"<!-- {mark} -->\n{wanted}\n<!-- end -->"


def block(language):
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    return found


def test_the_sample_exposition_has_the_names_and_labels_of_the_catalogue():
    sample = block("text")
    assert sample.startswith("anthropic_")
    for family in parse_text(sample):
        for one in family.samples:
            assert tuple(one.labels) == tuple(name for name in NAMES[one.name].all_labels if name != "team")


def test_every_metric_and_label_named_in_a_query_exists():
    queries = block("promql")
    names = re.findall(r"\banthropic_\w+", queries)
    assert names
    assert set(names) <= NAMES.keys()
    labels = {label for metric in METRICS for label in metric.labels}
    assert set(re.findall(r"(\w+)=", queries)) | set(re.findall(r"by \((\w+)\)", queries)) <= labels


def test_the_scrape_configuration_is_one(tool, tmp_path):
    file = tmp_path / "prometheus.yml"
    file.write_text(block("yaml"))
    result = subprocess.run([tool("promtool", "prometheus"), "check", "config", file], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_metric_in_the_text_exists():
    text = re.sub(r"<!-- .*? -->.*?<!-- end -->", "", README.read_text(), flags=re.DOTALL)
    assert set(re.findall(r"`(anthropic_\w+)`", text)) <= NAMES.keys()

"""The README and what it leads to are true: tables are the code's, examples parse, settings work, links lead."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.app import teams_file
from exporter.catalog import METRICS
from exporter.front.listeners import exposure
from exporter.front.web_file import WebConfigFile
from exporter.settings import Settings
from exporter.sources import default_text, leaves, load
from exporter.tables import metrics_table, table
from exporter.teams import read
from tests.front.certificates import Certificates

README = Path(__file__).parent.parent / "README.md"
DEPLOY = README.parent / "deploy"
TEXT = "".join(page.read_text() for page in (README, DEPLOY / "CONFIGURATION.md", DEPLOY / "NUMBERS.md"))
PAGES = sorted(
    page
    for page in README.parent.rglob("*.md")
    if not {".venv", ".tools", "build"} & {*page.relative_to(README.parent).parts}
)
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
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


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_the_sample_exposition_has_the_names_and_labels_of_the_catalogue():
    (sample,) = blocks("text")
    assert sample.startswith("anthropic_")
    for family in parse_text(sample):
        for one in family.samples:
            assert tuple(one.labels) == tuple(name for name in NAMES[one.name].all_labels if name != "team")


def test_every_metric_and_label_named_in_a_query_exists():
    queries = "".join(blocks("promql"))
    names = re.findall(r"\banthropic_\w+", queries)
    assert names
    assert set(names) <= NAMES.keys()
    labels = {label for metric in METRICS for label in metric.labels}
    assert set(re.findall(r"(\w+)=", queries)) | set(re.findall(r"by \((\w+)\)", queries)) <= labels


def yaml_with(word):
    (found,) = [text for text in blocks("yaml") if word in text]
    return found


def test_every_query_is_promql(tool, tmp_path):
    lines = [line.partition("#")[0].strip() for line in "".join(blocks("promql")).splitlines()]
    rules = [{"record": f"test:{number}", "expr": line} for number, line in enumerate(lines)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "readme", "rules": rules}]}))
    result = subprocess.run([tool("promtool"), "check", "rules", file], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_budgets_and_both_teams_files_are_ones(tmp_path):
    (tmp_path / "teams.csv").write_text(blocks("csv")[0])
    (tmp_path / "teams.yml").write_text(yaml_with("api-keys"))
    config = tmp_path / "config.yml"
    config.write_text(f"teams-file: {tmp_path}/teams.yml\n" + yaml_with("budgets"))
    settings = load({"config": {"file": str(config)}}, {})
    assert [budget.name for budget in settings.budgets] == ["everything", "production", "platform", "ann"]
    teams = teams_file(settings)
    assert teams
    for read_ in (teams.teams, read(tmp_path / "teams.csv")):
        assert read_.of_actor("ann@example.com", "user") == "platform"


@pytest.mark.parametrize("target", ["127.0.0.1:10204", "exporter.example:10204"])
def test_the_scrape_configuration_is_one(tool, tmp_path, target):
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml_with(target))
    command = [tool("promtool"), "check", "config", "--syntax-only", file]  # certificates are not looked for
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_web_configuration_is_one_with_and_without_what_is_commented_out(tmp_path):
    certificates = Certificates(tmp_path)
    certificates.issue("clients", "anybody.example")
    text = yaml_with("basic_auth_users")
    assert exposed(certificates.write(text)) == ("", False)
    assert exposed(certificates.write(text.replace("# client", "client"))) == ("", True)


def exposed(path):
    file = WebConfigFile(path)
    section = file.config.tls_server_config
    return exposure(Settings(web={"listen_address": ":10204"}), file), bool(section and section.requires_certificates)


def test_it_counts_dashboards_and_alerts_right():
    alerts = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    text = " ".join(README.read_text().split())
    assert f"Six [Grafana dashboards](grafana/README.md), {len(alerts)} [alerts]" in text
    assert len(list((README.parent / "grafana" / "dashboards").iterdir())) == 6


def test_every_metric_in_the_text_exists():
    text = re.sub(r"<!-- .*? -->.*?<!-- end -->", "", TEXT, flags=re.DOTALL)
    assert set(re.findall(r"`(anthropic_\w+)[`{]", text)) <= NAMES.keys()


def anchors(page):
    """What GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(README.parent)))
def test_every_link_between_pages_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target

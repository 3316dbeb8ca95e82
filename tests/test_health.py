"""The exporter's own metrics: in the catalogue, parseable in both formats, made again only when needed."""

from datetime import date, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter import catalog
from exporter.deflate import inflate
from exporter.errors import Reason
from exporter.health import Health, Process
from tests.scripted import NOW


@pytest.fixture
def health():
    health = Health({"members": timedelta(minutes=10)}, version="1.2.3", revision="abc")
    health.named("Acme")
    health.requested("users", "200", 0.2)
    health.planned("members", NOW)
    health.polled("members", seconds=0.5, skipped={"wrong_type": 1, "currency": 0}, reason=Reason.TIMEOUT)
    health.published("members", at=NOW, rows=3, series=7)
    health.withdrew(frozenset({"members"}))
    health.key_expires(NOW)
    health.teams_file(success=True)
    health.web_config(success=True)
    history = health.history(["cost"])
    history.state("cost", 2, date(2026, 3, 10))
    return health


def families(health, *, openmetrics):
    text = b"".join(inflate([health.segment(openmetrics=openmetrics)])).decode()
    parsed = parse_openmetrics(text + "# EOF\n") if openmetrics else parse_text(text)
    return {family.name: family for family in parsed}


@pytest.mark.parametrize("openmetrics", [False, True])
def test_every_metric_of_the_catalogue_is_there_with_its_type_and_labels(health, openmetrics):
    found = families(health, openmetrics=openmetrics)
    assert found.keys() == {metric.name.removesuffix("_total") for metric in catalog.EXPORTER_METRICS}
    for metric in catalog.EXPORTER_METRICS:
        family = found[metric.name.removesuffix("_total")]
        assert family.type == metric.type
        assert {*family.samples[0].labels} - {"le"} == {*metric.all_labels}
        assert family.documentation == metric.help


def test_an_event_is_seen_by_the_next_scrape_and_without_one_nothing_is_rendered(health):
    before = health.segment(openmetrics=False)
    assert health.segment(openmetrics=False) is before
    health.withdrew(frozenset({"members"}))
    assert health.segment(openmetrics=False) is before
    health.requested("users", "none", 0.2)
    requests = families(health, openmetrics=False)["anthropic_exporter_api_requests"]
    assert {sample.labels["code"]: sample.value for sample in requests.samples} == {"200": 1, "none": 1}


@pytest.mark.parametrize("openmetrics", [False, True])
def test_the_process_and_python_are_described_at_most_once_a_second(openmetrics):
    process = Process()
    text = process.text(NOW, openmetrics=openmetrics)
    assert b"process_resident_memory_bytes" in text
    assert b"python_info" in text
    assert process.text(NOW + timedelta(milliseconds=900), openmetrics=openmetrics) is text
    assert process.text(NOW + timedelta(seconds=1), openmetrics=openmetrics) is not text

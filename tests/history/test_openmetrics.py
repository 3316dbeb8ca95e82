"""The text of many days: families whole, series whole, each in the order of time, whatever they are."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from exporter.catalog import Metric
from exporter.exposition import Family, Group
from exporter.history import openmetrics
from exporter.history.openmetrics import SortedDays
from exporter.labels import label
from tests.history.scripted import SHEEP
from tests.test_exposition import anything

FIRST = date(2026, 3, 1)
GOATS = Metric("anthropic_daily_sheep_and_goats", "Sheep and goats.", ("colour",))


def text_of(folder, days):
    """The text of days: of each, numbers by colour, for sheep and for goats."""
    text = SortedDays(folder, "Acme")
    for number, day in enumerate(days):
        groups = [Group((), tuple((colour,) for colour in day), tuple(day.values()))]
        text.add(FIRST + timedelta(days=number), [Family(SHEEP, groups), Family(GOATS, groups)])
    out = io.BytesIO()
    text.write(out)
    return out.getvalue().decode()


def test_a_text_of_two_days(tmp_path):
    assert text_of(tmp_path, [{"black": 1, "a": 0.5}, {"black": 2}]) == (
        "# HELP anthropic_daily_sheep_and_goats Sheep and goats.\n"
        "# TYPE anthropic_daily_sheep_and_goats gauge\n"
        'anthropic_daily_sheep_and_goats{organization="Acme",colour="a"} 0.5 1772323200\n'
        'anthropic_daily_sheep_and_goats{organization="Acme",colour="black"} 1 1772323200\n'
        'anthropic_daily_sheep_and_goats{organization="Acme",colour="black"} 2 1772409600\n'
        "# HELP anthropic_daily_sheep Sheep.\n"
        "# TYPE anthropic_daily_sheep gauge\n"
        'anthropic_daily_sheep{organization="Acme",colour="a"} 0.5 1772323200\n'
        'anthropic_daily_sheep{organization="Acme",colour="black"} 1 1772323200\n'
        'anthropic_daily_sheep{organization="Acme",colour="black"} 2 1772409600\n'
        "# EOF\n"
    )


flocks = st.dictionaries(anything.map(label), st.integers(-9, 9), max_size=6)


@pytest.mark.parametrize("most_open", [64, 2])
@given(days=st.lists(flocks, max_size=9))
def test_whatever_the_labels_every_sample_is_there_once_and_series_are_whole(tmp_path_factory, most_open, days):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openmetrics, "_MOST_OPEN", most_open)
        text = text_of(tmp_path_factory.mktemp("runs"), days)
    families = {family.name: family for family in parse_openmetrics(text)}
    assert len(families) == text.count("# TYPE ")
    for name in (SHEEP.name, GOATS.name):
        found = [
            (sample.labels["colour"], datetime.fromtimestamp(float(sample.timestamp), UTC).date(), sample.value)
            for sample in (families[name].samples if name in families else ())
        ]
        wanted = {
            (colour, FIRST + timedelta(days=n), float(v)) for n, day in enumerate(days) for colour, v in day.items()
        }
        assert len(found) == len(wanted)
        assert set(found) == wanted
        colours = [colour for colour, *_ in found]
        starts = [colour for before, colour in zip([None, *colours], colours, strict=False) if colour != before]
        assert len(starts) == len(set(starts)), "a series in two pieces"
        assert found == sorted(found, key=lambda one: (colours.index(one[0]), one[1]))


def test_nothing_is_left_in_the_folder(tmp_path):
    text_of(tmp_path, [{"black": 1}] * 70)
    assert list(tmp_path.iterdir()) == []

"""The files are what the code makes, and every key in them is one that Grafana knows."""

import json

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.__main__ import FOLDER, files
from grafana.panels import BOARDS as TITLES
from tests.dashboards.boards import BOARDS, panels


def test_the_files_are_what_the_code_makes():
    assert {file.name: file.read_text() for file in FOLDER.iterdir()} == files(), "run: make dashboards"


def test_there_are_six_and_each_is_linked_with_all_others():
    assert {board["uid"]: board["title"] for board in BOARDS.values()} == {
        uid: f"Anthropic / {title}" for uid, title in TITLES.items()
    }
    for board in BOARDS.values():
        assert {link["url"].removeprefix("/d/") for link in board["links"]} == TITLES.keys() - {board["uid"]}
        assert all(link["includeVars"] for link in board["links"])


@pytest.mark.parametrize("name", BOARDS)
def test_every_key_is_one_of_grafana_s_schema(name):
    """A key that Grafana does not know is gone after its own model has read and written the dashboard."""
    again = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(BOARDS[name])))
    assert again == BOARDS[name]


@pytest.mark.parametrize("name", BOARDS)
def test_panels_do_not_overlap_and_rows_are_full(name):
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in BOARDS[name]["panels"]]
    assert len(set(ids)) == len(ids)
    width, height = 24, max(y for _, y in taken) + 1
    assert len(taken) == width * height, "there are holes"
    assert list(panels(BOARDS[name]))

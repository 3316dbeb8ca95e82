"""Under a policy that does not name people, nothing that leaves the process, or is kept, has a name in it."""

import logging
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from exporter.app import Service, http_client
from exporter.check import check
from exporter.history.command import Wanted, history
from exporter.ledger import _unpacked
from tests.demo.simulated import Api
from tests.service import ask
from tests.world import World, settings_for

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
REPORT_DAY = date(2026, 3, 10)
SHORT = 5
POLICIES: list[dict[str, Any]] = [
    {"actor": "hash"},
    {"actor": "team"},
    {"actor": "none"},
    {"actor": "team", "activity_actor": "hash"},
    {"actor": "none", "activity_actor": "team", "min_team_size": 5},
]
TEAMS = """
teams:
  - {team: mobile, actors: ["[a-g]*", "j*"], api-keys: ["ci-*"]}
  - {team: web, actors: ["[h-p]*"], cost-center: "7"}
"""


ORGANIZATION: dict[str, Any] = {"now": NOON, "people": 40, "days": 40}


@pytest.fixture
def simulator(simulate):
    return simulate(**ORGANIZATION)


@pytest.fixture(scope="module")
def names():
    """What may be found nowhere: e-mails, what stands before their @, and the names of keys."""
    api = Api(**ORGANIZATION)
    acting = [row["actor"].get("email_address") for row in api.day(REPORT_DAY.isoformat())]
    keys = [key["name"] for key in api.rows("api_keys")]
    everybody = {name.casefold() for name in (*(user["email"] for user in api.rows("users")), *acting, *keys) if name}
    assert [name for name in everybody if name.startswith("claude_code_key_")]
    return {part for name in everybody for part in (name, name.partition("@")[0].strip()) if len(part) > SHORT}


@pytest.fixture
def settings(request, tmp_path):
    (tmp_path / "hash.key").write_text("0123456789abcdef")
    (tmp_path / "teams.yml").write_text(TEAMS)
    labels = request.param | {"hash_key_file": tmp_path / "hash.key"}
    storage = {"path": tmp_path / "ledger.db", "days": 12}
    return {"labels": labels, "teams_file": tmp_path / "teams.yml", "storage": storage}


def found(names, text):
    text = text.casefold()
    return sorted(name for name in names if name in text or name.encode("unicode_escape").decode() in text)


def kept(path):
    """Everything that a ledger's file holds, unpacked, and the bytes of the file and its journal."""
    copy = path.parent / "copy"
    copy.mkdir(exist_ok=True)
    for one in path.parent.glob(f"{path.name}*"):  # it may be in use
        shutil.copy(one, copy)
    with closing(sqlite3.connect(copy / path.name)) as file:
        rows = file.execute("SELECT source, day, shape, content FROM days").fetchall()
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rest = [file.execute(f"SELECT * FROM {name}").fetchall() for name in tables if name != "days"]
    contents = [_unpacked(content, (source, day, shape)) for source, day, shape, content in rows]
    return repr(rest) + b"\n".join((*contents, raw(path))).decode("utf-8", "replace")


def pieces(path):
    """Of every day of Claude Code some bytes, as they stand in the file."""
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT content FROM days WHERE source = 'claude_code'").fetchall()
    return [content[50:90] for (content,) in rows]


def raw(path):
    return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))


@pytest.mark.parametrize("settings", POLICIES, indirect=True, ids=str)
async def test_no_name_is_in_metrics_page_log_or_ledger(simulator, settings, names, tmp_path, caplog):
    caplog.set_level(logging.DEBUG, logger="exporter")
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, **settings)
        await world.parts.restore()
        await world.poll_all()
        assert found(names, world.text()) == []
        assert found(names, Service(world.parts).page()) == []
        world.parts.ledger.close()
    assert found(names, repr([vars(line) for line in caplog.records])) == []
    text = kept(tmp_path / "ledger.db")
    assert "platform" not in text
    assert found(names, text) == []


async def test_the_search_finds_names_where_they_are(simulator, names, tmp_path):
    async with http_client(settings_for(simulator)) as http:
        world = World(simulator, http, storage={"path": tmp_path / "ledger.db", "days": 3})
        await world.poll_all()
        assert len(found(names, world.text())) > 50
        world.parts.ledger.close()
    assert len(found(names, kept(tmp_path / "ledger.db"))) > 20


@pytest.mark.parametrize("settings", POLICIES[::2], indirect=True, ids=str)
async def test_no_name_is_in_what_check_says(simulator, settings, names):
    lines: list[str] = []
    key = World(simulator, None).parts.runner._credential
    assert await check(settings_for(simulator, **settings), key, lines.append, lambda: NOON) == 0
    assert "teams              2 teams, the file needs a look:" in lines
    assert [line for line in lines if re.search(r"actors: (one is|\d+ are) matched by ", line)]
    assert found(names, "\n".join(lines)) == []


@pytest.mark.parametrize("settings", POLICIES[:3], indirect=True, ids=str)
def test_no_name_is_in_history(simulator, settings, names, tmp_path):
    key = World(simulator, None).parts.runner._credential
    file = tmp_path / "days.om"
    wanted = Wanted(REPORT_DAY - timedelta(days=1), output=str(file))
    assert history(settings_for(simulator, **settings), key, wanted, str, lambda: NOON) == 0
    assert "anthropic_daily_claude_code_sessions" in file.read_text()
    assert found(names, file.read_text()) == []


@pytest.mark.parametrize("settings", [{"actor": "none"}], indirect=True, ids=str)
async def test_a_change_of_policy_leaves_no_old_name_in_the_file_and_reads_the_days_again(
    simulator, settings, names, tmp_path
):
    path = tmp_path / "ledger.db"
    async with http_client(settings_for(simulator)) as http:
        before = World(simulator, http, **{**settings, "labels": {}})
        await before.parts.restore()
        await before.poll_all()
        totals = before.by("window", "anthropic_claude_code_window_estimated_cost_usd")
        before.parts.ledger.close()
        assert found(names, kept(path)) != []
        written = pieces(path)
        assert all(piece in raw(path) for piece in written)

        ask(f"{simulator.url}/simulator/requests", method="DELETE")
        after = World(simulator, http, **settings)
        await after.parts.restore()
        assert ask(f"{simulator.url}/simulator/requests") == []
        assert found(names, kept(path)) == []
        assert not [piece for piece in written if piece in raw(path)]
        assert after.by("window", "anthropic_claude_code_window_estimated_cost_usd") == {}
        assert after.total("anthropic_cost_window_usd", window="30d") is not None
        await after.poll_all()
        assert found(names, kept(path)) == []
        assert after.by("window", "anthropic_claude_code_window_estimated_cost_usd") == pytest.approx(totals)
        after.parts.ledger.close()


@pytest.mark.parametrize("settings", [{"actor": "team"}, {"actor": "none"}], indirect=True, ids=str)
async def test_how_many_people_there_were_is_known_again_once_the_days_have_been_read_again(simulator, settings):
    counts = "anthropic_claude_code_active_actors"
    async with http_client(settings_for(simulator)) as http:
        named = World(simulator, http, **{**settings, "labels": {}, "storage": {"days": 12}})
        await named.poll_all()
        before = World(simulator, http, **settings)
        await before.parts.restore()
        await before.poll_all()
        assert before.by("window", counts) == named.by("window", counts)
        assert before.total("anthropic_claude_code_actors_not_members") == named.total(
            "anthropic_claude_code_actors_not_members"
        )
        before.parts.ledger.close()

        after = World(simulator, http, **settings)
        await after.parts.restore()
        assert after.by("window", counts) == {}
        assert after.total("anthropic_claude_code_window_estimated_cost_usd", window="7d") is not None
        await after.poll_all()
        assert after.by("window", counts) == named.by("window", counts)
        after.parts.ledger.close()

"""The teams file: what is good is read, what is wrong is named with its line."""

import csv
import io
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import SettingsError
from exporter.teams import Teams, TeamsFile, read
from tests.teams.texts import teams_of

FIXTURES = Path(__file__).parent.parent / "fixtures" / "teams"
GOOD = {
    "full.good.yml": Teams(
        {"platform": "4711", "data": ""},
        actors={
            "ann@example.com": "platform",
            "*@platform.example.com": "platform",
            "@infra.example.com": "platform",
            "bob@example.com": "data",
        },
        api_keys={"ci-*": "platform", "apikey_01Rj2N8SVvo6BePZj99NhmiT": "platform"},
        workspaces={"Production": "platform", "wrkspc_01AbC": "platform", "default": "platform"},
    ),
    "number_as_cost_center.good.yml": Teams({"platform": "0042"}, actors={"ann@example.com": "platform"}),
    "nothing_but_comments.good.yml": Teams({"platform": ""}),
    "underscores.good.yml": Teams({"platform": "a"}, api_keys={"ci": "platform"}),
    "one_team_in_two_places.good.yml": Teams(
        {"platform": "a"}, actors={"ann@example.com": "platform", "bob@example.com": "platform"}
    ),
    "excel.good.csv": Teams({"platform": "4711"}, actors={"ann@example.com": "platform"}),
    "spaces.good.csv": Teams(
        {"platform": "4711"}, actors={"ann@example.com": "platform", "bob@example.com": "platform"}
    ),
    "columns_in_another_order.good.csv": Teams(
        {"platform": ""}, actors={"ann@example.com": "platform"}, api_keys={"ci, nightly": "platform"}
    ),
}
BAD = sorted(FIXTURES.glob("*.bad.*"))


def test_every_good_file_is_listed():
    assert sorted(GOOD) == sorted(path.name for path in FIXTURES.glob("*.good.*"))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_read(name):
    assert read(FIXTURES / name) == GOOD[name]


@pytest.mark.parametrize("file", BAD, ids=lambda path: path.name)
def test_a_bad_file_is_refused_with_the_words_in_its_first_line(file):
    wanted = file.read_text().splitlines()[0].removeprefix("# ")
    with pytest.raises(SettingsError) as caught:
        read(file)
    assert wanted in str(caught.value)
    assert str(caught.value).startswith(f"teams-file: {file}")


def refused(content: bytes, tmp_path, name="teams.yml"):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read(path)
    return str(caught.value).replace(str(path), "FILE")


def test_a_file_of_another_kind_is_refused(tmp_path):
    assert refused(b"{}", tmp_path, "teams.json") == "teams-file: FILE must end with one of .yml, .yaml, .csv"


def test_a_file_in_another_encoding_is_refused(tmp_path):
    content = "teams:\n  - team: Büro\n".encode("latin-1")
    assert refused(content, tmp_path) == "teams-file: FILE, line 2: not UTF-8"
    assert "not UTF-8" in refused("kind,pattern,team".encode("utf-16"), tmp_path, "teams.csv")


def test_the_suffix_may_be_in_capitals():
    assert teams_of("teams: [{team: a}]", ".YML") == Teams({"a": ""})


def test_a_file_that_is_too_large_is_refused(tmp_path):
    text = "kind,pattern,team\nactor,ann,a\n#"
    assert teams_of(text.ljust(4 * 1024 * 1024), ".csv") == Teams({"a": ""}, actors={"ann": "a"})
    assert refused(b"#" * (4 * 1024 * 1024 + 1), tmp_path) == "teams-file: FILE is larger than 4 MiB"


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"teams-file: cannot read .*nowhere.yml: No such file"):
        read(tmp_path / "nowhere.yml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 600, "too deeply nested; it must hold teams such as"),
        (b'teams: "\\UFFFFFFFF"', "not YAML: "),
        (b"teams: \0", "not YAML: unacceptable character #x0000"),
    ],
)
def test_yaml_that_harms_its_reader_is_refused(content, message, tmp_path):
    assert refused(content, tmp_path).startswith(f"teams-file: FILE: {message}")


def test_a_nul_in_csv_is_refused(tmp_path):
    assert "line 2: " in refused(b"kind,pattern,team\nactor,a\0b,platform\n", tmp_path, "teams.csv")


def test_wrong_lines_are_named_at_once_but_no_more_than_ten(tmp_path):
    lines = [b"kind,pattern,team", *[b"actor,ann@example.com,small"] * 20]
    assert len(refused(b"\n".join(lines[:3]), tmp_path, "teams.csv").splitlines()) == 2
    assert len(refused(b"\n".join(lines), tmp_path, "teams.csv").splitlines()) == 10


def test_what_is_wrong_is_shown_up_to_80_characters(tmp_path):
    assert f"no such key: '{'x' * 80}'" in refused(b"x" * 80 + b": 1", tmp_path)
    assert f"no such key: '{'x' * 79}…'" in refused(b"x" * 81 + b": 1", tmp_path)


def test_more_globs_than_can_be_compared_with_every_name_are_refused(tmp_path):
    lines = ["kind,pattern,team", *[f"api_key,{number}-*,a" for number in range(1010)]]
    assert teams_of("\n".join(lines[:1001]), ".csv").of_actor("999-x", "api_key") == "a"
    assert refused("\n".join(lines).encode(), tmp_path, "teams.csv") == (
        "teams-file: FILE, line 1002: api-keys: more than 1,000 globs are too many"
    )


def test_a_pattern_is_at_most_512_characters_long(tmp_path):
    lines = [b"kind,pattern,team", b"actor," + b"x" * 512 + b",a", b"actor," + b"x" * 513 + b",a"]
    assert "line 3: " in refused(b"\n".join(lines), tmp_path, "teams.csv")
    assert teams_of(b"\n".join(lines[:2]).decode(), ".csv").of_actor("x" * 512, "user") == "a"


def test_names_of_teams_are_made_fit_for_labels():
    (name, cost_center), *_ = teams_of(
        f"teams: [{{team: '{'x' * 600}', cost-center: \"\\ud800\"}}]"
    ).cost_centers.items()
    assert len(name) == 512
    assert cost_center.startswith("\ufffd…")


TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff"),
    min_size=1,
    max_size=12,
)
WORDS = TEXT.filter(lambda text: text.strip() and not text.strip().startswith("@"))
NAMES = WORDS.filter(lambda text: text.strip().casefold() not in {"unassigned", "small", "other"})


@st.composite
def contents(draw):
    """Teams, each with a cost centre and patterns by kind; no pattern is in two of them."""
    teams = draw(st.lists(st.tuples(NAMES, TEXT), unique_by=lambda team: team[0].strip(), min_size=1, max_size=3))
    patterns = draw(st.lists(WORDS, unique_by=lambda text: text.strip().casefold(), min_size=len(teams), max_size=9))
    kinds = st.sampled_from(["actor", "api_key", "workspace"])
    return [
        (team, cost_center, [(draw(kinds), pattern) for pattern in patterns[number :: len(teams)]])
        for number, (team, cost_center) in enumerate(teams)
    ]


@given(contents())
def test_yaml_and_csv_of_the_same_content_are_equal(content):
    keys = {"actor": "actors", "api_key": "api-keys", "workspace": "workspaces"}
    entries = [
        {"team": team, "cost-center": cost_center}
        | {key: [pattern for kind, pattern in patterns if keys[kind] == key] for key in keys.values()}
        for team, cost_center, patterns in content
    ]
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["kind", "team", "pattern", "cost_center"])
    for team, cost_center, patterns in content:
        writer.writerows([kind, team, pattern, cost_center] for kind, pattern in patterns)
    assert teams_of(yaml.safe_dump({"teams": entries}), ".yml") == teams_of(table.getvalue(), ".csv")


@given(st.binary(max_size=60), st.sampled_from([".yml", ".csv"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, suffix):
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes((b"kind,pattern,team\n" if suffix == ".csv" else b"teams: ") + content)
    with suppress(SettingsError):
        assert isinstance(read(path), Teams)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "teams.yml"
    path.write_text("teams: [{team: platform, actors: [ann@example.com]}]")
    return path


def test_a_file_is_read_again_and_says_whether_there_are_other_teams(path):
    file = TeamsFile(path)
    assert file.refresh() is False
    path.write_text("teams: [{team: data, actors: [ann@example.com]}]")
    assert file.refresh() is True
    assert file.teams.of_actor("ann@example.com", "user") == "data"
    assert file.refresh() is False


def test_another_comment_is_no_other_teams(path):
    file = TeamsFile(path)
    teams = file.teams
    path.write_text(path.read_text() + " # checked")
    assert file.refresh() is False
    assert file.teams == teams


def test_a_file_that_was_bad_from_the_start_is_refused(path):
    path.write_text("teams: []")
    with pytest.raises(SettingsError, match="there is no team in it"):
        TeamsFile(path)


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_text(""), lambda path: path.write_bytes(b"\xff")]
)
def test_a_file_that_became_bad_keeps_the_last_teams_until_it_is_good_again(path, spoil, caplog):
    caplog.set_level("INFO")
    file, good = TeamsFile(path), path.read_text()
    spoil(path)
    assert [file.refresh(), file.refresh()] == [False, False]
    assert file.teams.of_actor("ann@example.com", "user") == "platform"
    assert str(path) in file.trouble
    path.write_text(good)
    assert file.refresh() is False
    assert file.trouble == ""
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert (caplog.records[0].file, caplog.records[0].error) == (str(path), caplog.records[0].error)


def test_another_bad_content_is_another_line_of_the_log(path, caplog):
    file = TeamsFile(path)
    for content in ("[", "[", "[ ", "["):
        path.write_text(content)
        file.refresh()
    assert len(caplog.records) == 3


def test_a_file_that_is_replaced_by_a_link_is_read(path, tmp_path):
    file = TeamsFile(path)
    (tmp_path / "new").write_text("teams: [{team: data, actors: [ann@example.com]}]")
    path.unlink()
    path.symlink_to(tmp_path / "new")
    assert file.refresh() is True

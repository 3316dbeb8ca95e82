"""What `check` says about a teams file."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.teams import Teams
from tests.teams.test_teams import NAMES, PATTERNS

ANN, BOB = ("ann@example.com", "user"), ("bob@example.com", "user")


def test_nothing_is_said_about_a_file_in_which_everything_matches():
    teams = Teams({"a": ""}, actors={"ann@example.com": "a"}, api_keys={"ci": "a"}, workspaces={"default": "a"})
    assert teams.findings([ANN, BOB], [("apikey_1", "ci")], [("default", "Default")]) == []


def test_patterns_that_match_nothing_are_named():
    teams = Teams({"a": ""}, actors={"*": "a", "zoe@x": "a"}, api_keys={"ci": "a"}, workspaces={"[prod]": "a"})
    assert teams.findings([ANN], [("apikey_1", "web")], []) == [
        "actors: zoe@x (a) matches nobody",
        "api-keys: ci (a) matches no API key",
        "workspaces: [prod] (a) matches no workspace; a [ that is part of a name is written [[]",
    ]


def test_a_pattern_matches_by_name_or_id_or_the_name_of_a_key_that_acts():
    teams = Teams({"a": ""}, api_keys={"apikey_1": "a", "ci": "a", "gone": "a"})
    assert teams.findings([("gone", "api_key")], [("apikey_1", "web"), ("apikey_2", "ci")], []) == []


def test_a_key_that_acts_and_is_listed_is_one_key():
    teams = Teams({"a": "", "b": ""}, api_keys={"ci": "a", "*": "b", "apikey_2": "b"})
    (sentence,) = teams.findings([("ci", "api_key"), ("web", "user")], [("apikey_1", "ci"), ("apikey_2", "x")], [])
    assert sentence == "api-keys: ci (apikey_1) is matched by ci (a) and * (b): a is used"


def test_what_is_long_is_cut():
    teams = Teams({"a": ""}, actors={"x" * 80: "a", "y" * 81: "a"})
    assert teams.findings([], None, None) == [
        f"actors: {'x' * 80} (a) matches nobody",
        f"actors: {'y' * 79}… (a) matches nobody",
    ]


def test_twenty_sentences_need_no_summary():
    teams = Teams({"a": ""}, actors=dict.fromkeys("abcdefghijklmnopqrst", "a"))
    assert len(teams.findings([], None, None)) == 20


def test_names_that_patterns_of_different_teams_match_are_told_with_the_team_that_is_used():
    teams = Teams({"platform": "", "data": ""}, actors={"*@example.com": "data", "ann@example.com": "platform"})
    assert teams.findings([ANN, BOB], [], []) == [
        "actors: ann@example.com is matched by ann@example.com (platform) and *@example.com (data): platform is used"
    ]


def test_patterns_of_one_team_do_not_compete():
    teams = Teams({"a": ""}, actors={"*@example.com": "a", "ann@example.com": "a"})
    assert teams.findings([ANN], [], []) == []


def test_at_most_three_names_stand_for_all_that_two_patterns_compete_for():
    teams = Teams({"a": "", "b": ""}, api_keys={"*": "b", "k*": "a", "x": "a"})
    keys = [(f"k{number}", "ci") for number in range(1000)]
    assert teams.findings([], [*keys, ("x", "x")], []) == [
        "api-keys: ci (k0), ci (k1), ci (k10) and 997 more are matched by * (b) and k* (a): b is used",
        "api-keys: x (x) is matched by x (a) and * (b): a is used",
    ]


def test_a_team_to_which_nothing_belongs_is_named():
    teams = Teams({"a": "", "b": "", "c": ""}, actors={"@example.com": "b", "*": "a"}, workspaces={"default": "c"})
    assert teams.findings([ANN], [], [("default", "Default")])[-1] == "teams: nothing belongs to b"


def test_nothing_is_said_about_what_could_not_be_read():
    teams = Teams({"a": ""}, actors={"zoe": "a"}, api_keys={"ci": "a"}, workspaces={"default": "a"})
    assert teams.findings(None, None, None) == []
    assert teams.findings([ANN], None, [("default", "Default")]) == ["actors: zoe (a) matches nobody"]


def test_findings_are_few_whatever_the_file_holds():
    names = {f"{number}@example.com": f"team {number}" for number in range(3000)}
    teams = Teams(dict.fromkeys(["all", *names.values()], ""), actors={"@example.com": "all"} | names)
    assert teams.findings([], [], [])[20:] == [
        "actors: and 2,981 more patterns that match nothing",
        *[f"teams: nothing belongs to {team}" for team in list(teams.cost_centers)[:20]],
        "teams: and 2,981 more empty ones",
    ]
    found = teams.findings([(name, "user") for name in names], [], [])
    assert found[20:] == ["actors: and 2,980 more patterns that compete", "teams: nothing belongs to all"]


def test_findings_are_the_same_in_whatever_order_names_come():
    teams = Teams({"a": "", "b": ""}, actors={"*": "a", "@example.com": "b"})
    assert teams.findings([ANN, BOB, ANN], [], []) == teams.findings([BOB, ANN], [], [])


@given(PATTERNS, st.lists(st.tuples(NAMES, NAMES), max_size=5), st.sampled_from(["user", "api_key"]))
def test_findings_can_be_printed_whatever_the_names_are(patterns, names, actor_type):
    teams = Teams(dict.fromkeys(patterns.values(), ""), actors=patterns, api_keys=patterns, workspaces=patterns)
    for sentence in teams.findings([(name, actor_type) for name, _ in names], names, names):
        assert len(sentence.encode()) < 3000
        assert sentence.isprintable()

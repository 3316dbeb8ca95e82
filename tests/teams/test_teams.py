"""Which team a name belongs to."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.teams import UNASSIGNED, Teams
from exporter.teams.rules import Kind

NAMES = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=[]), max_size=30),
    st.text(alphabet="ab@.[]!*?-ß\ud800", max_size=12),
    st.just("a@" * 5000),
)
TEAMS = st.sampled_from(["platform", "data", "web"])
PATTERNS = st.dictionaries(NAMES, TEAMS, max_size=8)


def actors(**patterns) -> Teams:
    """Teams by the patterns of their actors, in this order."""
    return Teams(
        dict.fromkeys(patterns, ""), actors={pattern: team for team, own in patterns.items() for pattern in own}
    )


def test_an_exact_address_a_glob_and_a_domain_match():
    teams = actors(platform=["ann@example.com", "*@platform.example.com", "bo?@example.com"], infra=["@infra.example"])
    assert teams.of_actor("ann@example.com", "user") == "platform"
    assert teams.of_actor("zoe@platform.example.com", "user") == "platform"
    assert teams.of_actor("bob@example.com", "user") == "platform"
    assert teams.of_actor("ian@infra.example", "user") == "infra"


@pytest.mark.parametrize(
    "name", ["bobby@example.com", "ann@example.com.evil", "ian@sub.infra.example", "infra.example"]
)
def test_what_only_resembles_a_pattern_is_unassigned(name):
    assert actors(a=["ann@example.com", "bo?@example.com"], b=["@infra.example"]).of_actor(name, "user") == UNASSIGNED


def test_an_empty_name_is_unassigned_even_where_everything_matches():
    teams = Teams({"all": ""}, actors={"*": "all"}, api_keys={"*": "all"}, workspaces={"*": "all"})
    assert {teams.of_actor("", "user"), teams.of_api_key("", "", None), teams.of_workspace("", "")} == {UNASSIGNED}


def test_case_does_not_matter():
    teams = actors(a=["Ann@Example.com", "*@A.EXAMPLE"], b=["@B.Example", "[X-Z]@example.com"])
    names = ["ANN@example.COM", "x@a.example", "X@b.EXAMPLE", "Y@EXAMPLE.com"]
    assert [teams.of_actor(name, "user") for name in names] == ["a", "a", "b", "b"]


def test_exact_wins_over_glob_and_glob_over_domain_whatever_their_order():
    teams = actors(domain=["@example.com"], glob=["a*@example.com"], exact=["ann@example.com"])
    names = ["ann@example.com", "amy@example.com", "bob@example.com"]
    assert [teams.of_actor(name, "user") for name in names] == ["exact", "glob", "domain"]


def test_among_globs_the_first_in_the_file_wins():
    assert actors(first=["*@example.com"], second=["ann@*"]).of_actor("ann@example.com", "user") == "first"
    assert actors(second=["ann@*"], first=["*@example.com"]).of_actor("ann@example.com", "user") == "second"


def test_a_bracket_that_is_never_closed_means_itself():
    assert actors(a=["[ann"]).of_actor("[ann", "user") == "a"
    assert actors(a=["[!]"]).of_actor("[!]", "user") == "a"
    assert actors(a=["[[]bot]"]).of_actor("[bot]", "user") == "a"
    assert actors(a=["[]]"]).of_actor("]", "user") == "a"


def test_an_actor_that_is_an_api_key_goes_by_the_patterns_of_api_keys():
    teams = Teams({"people": "", "machines": ""}, actors={"*": "people"}, api_keys={"ci-*": "machines"})
    assert teams.of_actor("ci-nightly", "api_key") == "machines"
    assert teams.of_actor("laptop", "api_key") == UNASSIGNED
    assert teams.of_actor("ci-nightly", "user") == "people"
    assert teams.of_actor("robot", "service_account") == "people"


def test_an_api_key_belongs_by_its_name_or_id_else_as_its_workspace():
    teams = Teams(
        {"a": "", "b": "", "c": ""}, api_keys={"apikey_1": "a", "ci-*": "b"}, workspaces={"Production": "c", "*": "a"}
    )
    production = ("wrkspc_1", "Production")
    assert teams.of_api_key("apikey_1", "ci-1", production) == "a"
    assert teams.of_api_key("apikey_2", "CI-2", production) == "b"
    assert teams.of_api_key("apikey_3", "web", production) == "c"
    assert teams.of_api_key("apikey_3", "web", None) == UNASSIGNED


def test_a_workspace_belongs_by_its_name_or_id():
    teams = Teams({"a": "", "b": ""}, workspaces={"Production": "a", "wrkspc_1": "b", "default": "b"})
    assert teams.of_workspace("wrkspc_9", "production") == "a"
    assert teams.of_workspace("default", "Everything else") == "b"
    assert teams.of_workspace("wrkspc_1", "Production") == "a"
    assert teams.of_workspace("wrkspc_2", "Staging") == UNASSIGNED


def test_an_at_sign_means_a_domain_for_actors_only():
    assert Teams({"a": ""}, api_keys={"@home": "a"}).of_api_key("apikey_1", "@home", None) == "a"
    assert Teams({"a": ""}, api_keys={"@home": "a"}).of_api_key("apikey_1", "ann@home", None) == UNASSIGNED


def test_teams_with_the_same_patterns_are_equal():
    assert actors(a=["x", "y"]) == actors(a=["x", "y"])
    assert len({actors(a=["x"]), actors(a=["x"])}) == 1
    different = [actors(a=["y", "x"]), actors(b=["x", "y"]), Teams({"a": "1"}, actors={"x": "a", "y": "a"}), "teams"]
    assert actors(a=["x", "y"]) not in different


def test_cost_centers_are_in_the_order_of_the_file_and_cannot_be_changed():
    centers = Teams({"b": "1", "a": ""}).cost_centers
    assert list(centers.items()) == [("b", "1"), ("a", "")]
    with pytest.raises(TypeError):
        centers["c"] = "2"  # type: ignore[index]


def test_no_more_than_so_many_names_are_remembered():
    teams = actors(a=["*"])
    for number in range(20_000):
        teams.of_actor(f"{number}@example.com", "user")
    teams.of_actor("x" * 10_000, "user")
    assert teams._rules[Kind.ACTORS]._cached_team.cache_info().currsize == 16 * 1024


def test_many_stars_do_not_take_for_ever():
    assert actors(a=["*a" * 250 + "b"]).of_actor("a" * 5000, "user") == UNASSIGNED


@given(PATTERNS, PATTERNS, NAMES.filter(lambda name: name and not set(name) & set("*?[") and name[0] != "@"), TEAMS)
def test_an_exact_pattern_always_wins(before, after, name, team):
    others = {pattern: own for pattern, own in (before | after).items() if pattern.casefold() != name.casefold()}
    for patterns in ({name: team} | others, others | {name: team}):
        teams = Teams({}, actors=patterns, api_keys=patterns, workspaces=patterns)
        assert teams.of_actor(name, "user") == team
        assert teams.of_api_key(name, "", None) == teams.of_api_key("", name, None) == team
        assert teams.of_workspace(name, "") == teams.of_workspace("", name) == team


@given(st.lists(st.text(alphabet="abß-[]!*?", max_size=9), max_size=4), st.text(alphabet="abß-[]!*", max_size=9))
def test_a_glob_means_what_the_shell_means(patterns, name):
    teams = Teams({}, actors=dict.fromkeys(patterns, "a"))
    wanted = any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns if name)
    assert teams.of_actor(name, "user") == ("a" if wanted else UNASSIGNED)


@given(PATTERNS, st.lists(NAMES, max_size=5), st.sampled_from(["user", "api_key", "", "other"]))
def test_every_name_has_one_team_of_the_file_or_none(patterns, names, actor_type):
    teams = Teams(dict.fromkeys(patterns.values(), ""), actors=patterns, api_keys=patterns, workspaces=patterns)
    for name in names:
        found = {teams.of_actor(name, actor_type) for _ in range(2)}
        assert len(found) == 1
        assert found <= {*teams.cost_centers, UNASSIGNED}
        assert teams.of_api_key(name, name, (name, name)) in {*teams.cost_centers, UNASSIGNED}

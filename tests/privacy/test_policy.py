"""Names become labels as the policy says, and nobody's numbers get lost on the way."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import SettingsError
from exporter.exposition import render
from exporter.model import Who
from exporter.policy import Policy, hash_key
from exporter.polls.claude_code import ClaudeCodePoll, ClaudeCodeTodayPoll, spent
from exporter.teams import Teams
from tests.polls.conftest import PollRun
from tests.polls.test_claude_code import page, record
from tests.service import samples

KEY = b"0123456789abcdef0123456789abcdef"
ANN = Who("ann@example.com", "user", "api", "", "vscode", "false")
TEAMS = Teams({"platform": ""}, actors={"ann@*": "platform"})
NAMINGS = ("email", "hash", "team", "none")
LEGAL = [(one, other) for one in NAMINGS for other in NAMINGS if {one, other} != {"email", "hash"}]


def policy(actor, activity=None, **options):
    return Policy(actor, activity, hash_key=KEY, **options)


@pytest.mark.parametrize(
    ("naming", "actor", "team"),
    [
        ("email", "ann@example.com", "platform"),
        ("hash", "093e3dd9df951c50", "platform"),
        ("team", "", "platform"),
        ("none", "", None),
    ],
)
def test_a_person_is_an_e_mail_a_hash_a_team_or_nobody(naming, actor, team):
    one = policy(naming)
    row, same = one.rows(ANN, TEAMS)
    assert row == same
    assert (row.actor, one.team(row, TEAMS)) == (actor, team)
    assert row[1:6] == ANN[1:6]


def test_costs_may_be_of_a_person_where_activity_is_of_a_team():
    costs, activity = policy("email", "team").rows(ANN, TEAMS)
    assert (costs.actor, costs.team, costs.part) == ("ann@example.com", "platform", "costs")
    assert (activity.actor, activity.team, activity.part) == ("", "platform", "activity")


def test_a_hash_is_the_same_for_every_letter_case_and_in_every_process_but_not_for_every_key():
    assert policy("hash").hashed("Ann@Example.com") == "093e3dd9df951c50" == policy("none").hashed("ann@example.com")
    assert Policy("hash", hash_key=KEY[::-1]).hashed("ann@example.com") != "093e3dd9df951c50"


def test_who_is_not_named_has_a_pseudonym_that_no_other_process_can_make():
    one, other = policy("team"), policy("team")
    assert one.known_as("Ann@example.com") == one.known_as("ann@example.com") != one.known_as("ben@example.com")
    assert one.known_as("ann@example.com") != other.known_as("ann@example.com") != one.hashed("ann@example.com")


def test_what_is_dropped_leaves_its_label_out():
    row, _ = policy("email", drop=("terminal", "customer_type")).rows(ANN, None)
    assert row == ANN._replace(terminal=None, customer_type=None)


def test_every_policy_keeps_its_days_in_a_shape_of_its_own_and_none_shows_the_key():
    policies = [policy(*both) for both in LEGAL]
    policies += [
        Policy("hash", hash_key=KEY[::-1]),
        policy("email", drop=("remote",)),
        policy("email", drop=("terminal",)),
        policy("email", least_team=3),
        policy("email", least_team=4),
    ]
    shapes = [one.shape for one in policies]
    assert len(set(shapes)) == len(shapes)
    assert not [
        text for text in (*shapes, *map(repr, map(vars, policies))) if KEY.decode() in text or KEY.hex() in text
    ]
    assert policy("email", drop=("remote", "terminal")).shape == policy("email", drop=("terminal", "remote")).shape


def test_the_key_of_hashes_is_the_files_content_without_the_end_of_its_line(tmp_path):
    (tmp_path / "key").write_bytes(KEY + b"\n")
    assert hash_key(tmp_path / "key") == KEY


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "holds 0 bytes"), (b"fifteen bytes..\n", "holds 15 bytes, at least 16"), (None, "cannot read")],
)
def test_a_key_that_is_missing_or_short_is_refused_with_a_way_to_make_one(tmp_path, content, words):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=words) as caught:
        hash_key(file)
    assert "labels.hash-key-file" in str(caught.value)
    with pytest.raises(SettingsError, match="head -c 32 /dev/urandom"):
        hash_key(None)


names = st.sampled_from(["ann@example.com", "Ben@example.com", "ben@example.com", "cy@x.org", None])
actors = names.map(lambda email: {"type": "user_actor", "email_address": email}) | st.sampled_from(["ci", "CI"]).map(
    lambda name: {"type": "api_actor", "api_key_name": name}
)
records = st.lists(
    st.tuples(actors, st.sampled_from(["vscode", "tmux", None]), st.sampled_from(["api", "subscription"])).map(
        lambda one: record(actor=one[0], terminal_type=one[1], customer_type=one[2])
    ),
    min_size=1,
    max_size=12,
)
policies = st.builds(
    lambda both, drop, most, least: policy(*both, drop=sorted(drop), most_actors=most, least_team=least),
    st.sampled_from(LEGAL),
    st.sets(st.sampled_from(["customer_type", "subscription_type", "terminal", "remote"])),
    st.integers(1, 5),
    st.sampled_from([1, 3]),
)


@given(records, policies, st.booleans())
async def test_totals_are_the_same_under_every_policy_and_no_series_stands_twice(rows, shown, with_teams):
    others = [TEAMS] if with_teams else []
    wanted = await PollRun(ClaudeCodePoll, page(*rows)).model()
    poll = PollRun(lambda settle: ClaudeCodePoll(settle, policy=shown), page(*rows), others=others)
    model = await poll.model()
    ranking = list(poll.poll.beside(poll.poll.kept(model.day, {model.day: poll.poll.digest(model)})))
    held = {type(one): one for one in (*others, *ranking)}
    text = b"".join(chunk for chunk, _ in render(poll.poll.families(model, held.get), "Acme")).decode()
    totals: dict[str, float] = {}
    for name, value in samples(text).items():
        family = name.partition("{")[0]
        totals[family] = totals.get(family, 0) + value
    assert totals["anthropic_claude_code_sessions"] == sum(did.sessions for did in wanted.by.values())
    assert totals["anthropic_claude_code_tool_actions"] == 23 * len(rows)
    assert totals["anthropic_claude_code_tokens"] == 936600 * len(rows)
    dollars = pytest.approx(0.47 * len(rows))
    assert totals["anthropic_claude_code_estimated_cost_usd"] == dollars
    assert sum(poll.poll.digest(model).values()) == sum(spent(wanted).values()) == Decimal("0.47") * len(rows)
    assert poll.poll.decode(model.day, poll.poll.encode(model, poll.poll.digest(model))).by == model.by


@given(records, policies)
async def test_a_kept_day_holds_nobody_who_is_not_exported(rows, shown):
    poll = PollRun(lambda settle: ClaudeCodePoll(settle, policy=shown), page(*rows), others=[TEAMS])
    model = await poll.model()
    kept = poll.poll.encode(model, poll.poll.digest(model))
    exported = {who.actor for who in model.by}
    assert {spender.actor for spender in poll.poll.decode_digest(kept)} <= exported
    for name in (b"ann@", b"ben@", b"cy@x", b"CI", b"ci"):
        if name in kept:
            assert "email" in (shown.actor, shown.activity)


async def test_the_running_day_follows_the_same_policy():
    rows = [record(date="2026-03-01"), record("ben@example.com", date="2026-03-01")]
    poll = PollRun(lambda settle: ClaudeCodeTodayPoll(settle, policy=policy("none", "hash")), page(*rows))
    assert await poll.samples() == [
        'anthropic_claude_code_today_sessions{actor="093e3dd9df951c50",actor_type="user",customer_type="api"} 4',
        'anthropic_claude_code_today_sessions{actor="2222ac9fc2a55e38",actor_type="user",customer_type="api"} 4',
        (
            'anthropic_claude_code_today_estimated_cost_usd{actor="",actor_type="user",customer_type="api",'
            'model="claude-sonnet-5-5"} 0.94'
        ),
    ]

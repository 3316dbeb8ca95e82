"""Members, keys and user ids under each policy."""

from contextlib import closing
from datetime import timedelta

import pytest

from exporter.ledger import Ledger
from exporter.model import RolesSince
from exporter.polls.api_keys import ApiKeysPoll
from exporter.polls.members import MembersPoll
from exporter.polls.usage import UsagePoll, UsageTodayPoll
from tests.polls.conftest import PollRun
from tests.polls.test_inventory import page
from tests.polls.test_usage import bucket, row
from tests.polls.test_usage import page as report
from tests.privacy.test_policy import policy

ADDED = "2026-01-02T03:04:05Z"
ANN = {"id": "user_1", "type": "user", "email": "Ann@Example.com", "name": "Ann", "role": "admin", "added_at": ADDED}
HASH = "093e3dd9df951c50"
COUNT = 'anthropic_members{role="admin"} 1'
GROUP_BY = ("account_id", "model")


def poll(kind, shown, *answers, group_by=GROUP_BY):
    return PollRun(lambda settle: kind(settle, group_by, shown), *answers)


@pytest.mark.parametrize(("naming", "email"), [("email", "ann@example.com"), ("hash", HASH)])
async def test_members_are_named_by_e_mail_or_by_hash(naming, email):
    assert await poll(MembersPoll, policy(naming), page(ANN)).samples() == [
        COUNT,
        f'anthropic_member_info{{user_id="user_1",email="{email}",role="admin"}} 1',
        'anthropic_member_added_timestamp_seconds{user_id="user_1"} 1767323045.0',
    ]


@pytest.mark.parametrize("naming", ["team", "none"])
async def test_or_they_are_only_counted_and_what_the_ledger_knew_of_them_is_gone(naming):
    members = poll(MembersPoll, policy(naming), page(ANN))
    assert await members.samples() == [COUNT]
    with closing(Ledger()) as ledger:
        ledger.set_roles({"user_1": ("admin", members.reading.now)})
        model = await poll(MembersPoll, policy(naming), page(ANN)).model()
        assert list(members.poll.remember(model, ledger)) == []
        assert ledger.roles() == {}
        named = poll(MembersPoll, policy("hash"), page(ANN))
        (since,) = named.poll.remember(model, ledger)
        assert isinstance(since, RolesSince)
        assert ledger.roles().keys() == {"user_1"}


def key(**changes):
    return {
        "id": "apikey_1",
        "name": "ann@example.com",
        "status": "active",
        "created_at": ADDED,
        "workspace_id": None,
        "created_by": {"id": "user_1", "type": "user"},
    } | changes


@pytest.mark.parametrize(
    ("naming", "name", "maker"),
    [
        ("email", "ann@example.com", "user_1"),
        ("hash", HASH, "user_1"),
        ("team", "", ""),
        ("none", "", ""),
    ],
)
async def test_a_keys_name_and_maker_follow_the_policy(naming, name, maker):
    samples = await poll(ApiKeysPoll, policy(naming), page(key())).samples()
    assert f'name="{name}"' in samples[1]
    assert f'created_by_id="{maker}",created_by_type="user"' in samples[1]


async def test_a_service_account_is_nobody_to_hide():
    made = key(created_by={"id": "svac_1", "type": "service_account"})
    samples = await poll(ApiKeysPoll, policy("none"), page(made)).samples()
    assert 'created_by_id="svac_1",created_by_type="service_account"' in samples[1]


@pytest.mark.parametrize(("naming", "who"), [("email", "user_1"), ("hash", "user_1"), ("team", ""), ("none", "")])
@pytest.mark.parametrize("kind", [UsagePoll, UsageTodayPoll])
async def test_user_ids_in_usage_are_summed_away_where_nobody_is_named(kind, naming, who):
    rows = [row(account_id="user_1"), row(account_id="user_1", workspace_id="wrkspc_2")]
    day = {"day": "2026-03-01"} if kind is UsageTodayPoll else {}
    samples = await poll(kind, policy(naming), report(bucket(*rows, **day))).samples()
    assert samples[0].endswith(f'tokens{{account_id="{who}",model="m",token_type="uncached_input"}} 2')


def test_days_with_user_ids_are_no_days_without():
    shapes = {UsagePoll(timedelta(), GROUP_BY, policy(naming)).shape for naming in ("email", "none")}
    assert len(shapes) == 2
    assert UsagePoll(timedelta(), ("model",), policy("none")).shape == UsagePoll(timedelta(), ("model",)).shape

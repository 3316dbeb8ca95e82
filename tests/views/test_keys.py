"""Keys: last use, and keys whose maker has left."""

from datetime import date, timedelta

import pytest

from exporter.api.wire import ApiKey, Creator, User
from exporter.model import ApiKeys, Members, UsageDays
from exporter.views.keys import KeysLastUsed, KeysOrphaned
from tests.scripted import NOW

MEMBERS = Members((User("user_1", "ann@example.com", "developer", NOW - timedelta(days=9)),), NOW)


def key(number, creator, age=timedelta(days=1)):
    return ApiKey(f"apikey_{number}", "name", "active", NOW - age, created_by=creator)


def test_a_key_was_last_used_on_the_newest_day_and_use_without_a_key_is_no_key(shown):
    today = date(2026, 2, 28)
    days = UsageDays(
        today,
        {
            today: {"none": None},
            today - timedelta(days=1): {"apikey_1": None},
            today - timedelta(30): {"apikey_1": None},
        },
    )
    assert shown(KeysLastUsed(), days).lines() == [
        'anthropic_api_key_last_used_day_timestamp_seconds{api_key_id="apikey_1"} 1772150400.0'
    ]


def test_a_key_is_orphaned_when_its_maker_is_no_member(shown):
    keys = ApiKeys((key(1, Creator("user_1", "user")), key(2, Creator("user_2", "user"))))
    assert shown(KeysOrphaned(), keys, MEMBERS).lines() == [
        'anthropic_api_key_orphaned{api_key_id="apikey_1"} 0',
        'anthropic_api_key_orphaned{api_key_id="apikey_2"} 1',
    ]


@pytest.mark.parametrize("creator", [None, Creator("svac_1", "service_account"), Creator("x", "federated")])
def test_of_keys_that_no_user_made_nothing_is_said(shown, creator):
    assert shown(KeysOrphaned(), ApiKeys((key(1, creator),)), MEMBERS).lines() == []


def test_a_key_that_is_younger_than_the_list_of_members_is_not_judged_by_it(shown):
    young = key(1, Creator("user_2", "user"), age=timedelta(minutes=-1))
    assert shown(KeysOrphaned(), ApiKeys((young,)), MEMBERS).lines() == []


def test_without_members_no_key_is_orphaned(shown):
    keys = ApiKeys((key(1, Creator("user_1", "user")),))
    assert shown(KeysOrphaned(), keys).lines() == []
    view = shown(KeysOrphaned(), keys, MEMBERS)
    view.hold(MEMBERS, until=NOW)
    assert view.lines() == []

"""Members and Claude Code, joined by e-mail."""

from datetime import date, timedelta
from decimal import Decimal

from exporter.api.wire import User
from exporter.model import ClaudeCodeDays, Members, Spender
from exporter.policy import Policy
from exporter.views.people import MembersActivity
from tests.scripted import NOW

TODAY = date(2026, 2, 28)
MIDNIGHT = 1772236800


def members(*emails):
    users = [User(f"user_{number}", email, "developer", NOW) for number, email in enumerate(emails)]
    return Members(tuple(users), NOW)


def active(*actors, actor_type="user"):
    return {Spender(actor, actor_type, "api"): Decimal(0) for actor in actors}


def days(*by_age):
    return ClaudeCodeDays(TODAY, {TODAY - timedelta(days=age): by for age, by in enumerate(by_age)})


def test_a_member_was_last_active_on_the_newest_day_whatever_the_case_of_the_e_mail(shown):
    view = shown(
        MembersActivity(Policy()), members("Ann@Example.com", "ben@example.com"), days({}, active("ann@example.com"))
    )
    assert view.lines() == [
        f'anthropic_member_last_active_day_timestamp_seconds{{user_id="user_0"}} {MIDNIGHT - 86400}.0',
        'anthropic_claude_code_actors_not_members{organization="Acme"} 0',
    ]


def test_use_by_subscription_and_by_the_api_is_use_by_one_person(shown):
    both = [{Spender("ann@example.com", "user", kind): Decimal(0)} for kind in ("subscription", "api")]
    for order in (both, both[::-1]):
        lines = shown(MembersActivity(Policy()), members("ann@example.com"), days(*order)).lines()
        assert lines[0].endswith(f" {MIDNIGHT}.0")


def test_people_of_the_report_day_who_are_no_members_are_counted_and_keys_are_no_people(shown):
    today = active("ann@example.com", "old@example.com") | active("ci", actor_type="api_key")
    view = shown(MembersActivity(Policy()), members("ann@example.com"), days(today, active("older@example.com")))
    assert view.lines()[-1] == 'anthropic_claude_code_actors_not_members{organization="Acme"} 1'


def test_nothing_is_said_without_both_sources_and_nothing_when_one_is_withdrawn(shown):
    assert shown(MembersActivity(Policy()), members("ann@example.com")).lines() == []
    assert shown(MembersActivity(Policy()), days({})).lines() == []
    for model in (members("ann@example.com"), days(active("ann@example.com"))):
        view = shown(MembersActivity(Policy()), members("ann@example.com"), days(active("ann@example.com")))
        view.hold(model, until=NOW + timedelta(hours=36))
        assert len(view.lines(NOW + timedelta(hours=35))) == 2
        assert view.lines(NOW + timedelta(hours=36)) == []


def test_two_members_of_one_mailbox_and_members_without_e_mail_are_members(shown):
    view = shown(
        MembersActivity(Policy()), members("ann@example.com", "ANN@example.com", None), days(active("ann@example.com"))
    )
    assert [line for line in view.lines() if "last_active" in line] == [
        f'anthropic_member_last_active_day_timestamp_seconds{{user_id="user_{number}"}} {MIDNIGHT}.0'
        for number in (0, 1)
    ]

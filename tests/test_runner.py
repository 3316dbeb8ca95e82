"""The runner: whole polls, each for itself, under one fixed organization."""

import asyncio
import logging
from datetime import timedelta

import pytest

from exporter import catalog
from exporter.api.credential import Credential
from exporter.api.wire import Organization
from exporter.errors import AdminApiError, Reason
from exporter.exposition import family
from exporter.health import Health
from exporter.ledger import Ledger
from exporter.polls import OrganizationPoll, Poll
from exporter.polls.api_keys import ApiKeysPoll
from exporter.polls.workspaces import WorkspacesPoll
from exporter.runner import Runner
from exporter.scrape import Scrape
from exporter.snapshots import Snapshots
from tests.polls.test_inventory import ORDINARY, REAL_DEFAULT, key
from tests.polls.test_inventory import page as list_page
from tests.scripted import NOW, Api

DAY = timedelta(days=1)


class CountPoll(Poll[int]):
    """Gives a number, or fails, as a test says."""

    name = "members"
    interval = timedelta(minutes=10)

    def __init__(self, *results):
        super().__init__(timedelta(hours=2))
        self.results = list(results)
        self.started = asyncio.Event()

    async def fetch(self, reading):
        self.started.set()
        result = self.results.pop(0)
        if asyncio.isfuture(result):
            result = await result
        if isinstance(result, Exception):
            raise result
        return result

    def families(self, model, held):
        yield family(catalog.MEMBERS, {("user",): model})


class MePoll(OrganizationPoll):
    """/me as a test says it."""

    def __init__(self, *results):
        super().__init__(timedelta(hours=2))
        self.results = list(results)

    async def fetch(self, reading):
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return Organization("5f0e", result)


class World:
    """A runner and what a scrape of it shows."""

    def __init__(self, *polls, organization="Acme", api=None, key=None, max_age=DAY, ledger=None, views=()):
        self.now = NOW
        self.snapshots = Snapshots()
        self.health = Health({poll.name: poll.interval for poll in polls}, version="1", revision="2")
        self.api = api or Api(list_page())
        self.ledger = ledger or Ledger()
        self.runner = Runner(
            polls,
            self.api.client,
            key or Credential(key="key"),
            self.snapshots,
            self.health,
            now=lambda: self.now,
            max_age=max_age,
            ledger=self.ledger,
            views=views,
            organization=organization,
        )

    async def run(self, *names):
        return [await self.runner.run(name) for name in names]

    def text(self):
        return b"".join(Scrape(self.snapshots, self.health, None, self.now, openmetrics=False).text()).decode()

    def value(self, series):
        found = [line.rpartition(" ")[2] for line in self.text().splitlines() if line.startswith(series + " ")]
        return float(found[0]) if found else None


COUNT = 'anthropic_members{organization="Acme",role="user"}'


def own(name, labels='poll="members"'):
    return f'anthropic_exporter_{name}{{organization="Acme",{labels}}}'


def forbidden():
    return AdminApiError(Reason.FORBIDDEN, "users: HTTP 403")


async def test_a_poll_that_succeeds_is_published_and_measured():
    world = World(CountPoll(3))
    await world.run("members")
    assert world.value(COUNT) == 3
    assert world.value(own("poll_success")) == 1
    assert world.value(own("polls_total")) == 1
    assert world.value(own("series")) == 1
    assert world.value(own("last_success_timestamp_seconds")) == NOW.timestamp()


async def test_a_poll_that_fails_keeps_its_last_snapshot_and_counts_the_reason():
    world = World(CountPoll(3, forbidden(), 5))
    await world.run("members", "members")
    assert world.value(COUNT) == 3
    assert world.value(own("poll_success")) == 0
    assert world.value(own("poll_failures_total", 'poll="members",reason="forbidden"')) == 1
    await world.run("members")
    assert world.value(COUNT) == 5
    assert world.value(own("poll_success")) == 1


async def test_every_reason_starts_at_zero_and_success_is_unknown_before_the_first_run():
    world = World(CountPoll(3))
    for reason in Reason:
        assert world.value(own("poll_failures_total", f'poll="members",reason="{reason}"')) == 0
    assert world.value(own("poll_success")) is None
    assert world.value(own("last_success_timestamp_seconds")) is None


async def test_a_defect_is_counted_as_a_bug_with_its_traceback_and_stops_nothing(caplog):
    world = World(CountPoll(ZeroDivisionError("secret detail")))
    (outcome,) = await world.run("members")
    assert outcome.reason is Reason.BUG
    assert "secret" not in outcome.message
    assert caplog.records[-1].exc_info


async def test_what_cannot_be_rendered_is_not_published():
    class Broken(CountPoll):
        def families(self, model, held):
            yield family(catalog.MEMBERS, {("user",): model})
            raise AdminApiError(Reason.BAD_RESPONSE, "late")

    world = World(Broken(3))
    await world.run("members")
    assert world.value(COUNT) is None


async def test_series_are_withdrawn_when_the_last_success_is_too_old_and_that_shows():
    world = World(CountPoll(3, 4), max_age=DAY)
    await world.run("members")
    world.now = NOW + DAY - timedelta(seconds=1)
    assert (world.value(COUNT), world.value(own("snapshot_withdrawn"))) == (3, 0)
    world.now = NOW + DAY
    assert (world.value(COUNT), world.value(own("snapshot_withdrawn"))) == (None, 1)
    assert world.value(own("last_success_timestamp_seconds")) == NOW.timestamp()
    await world.run("members")
    assert (world.value(COUNT), world.value(own("snapshot_withdrawn"))) == (4, 0)


async def test_a_poll_may_have_a_lower_age_than_the_settings():
    class Today(CountPoll):
        max_age = timedelta(hours=3)

    world = World(Today(3))
    await world.run("members")
    world.now = NOW + timedelta(hours=3)
    assert world.value(COUNT) is None


async def test_two_runs_of_one_poll_are_one():
    answer = asyncio.get_running_loop().create_future()
    poll = CountPoll(answer)
    world = World(poll)
    first, second = asyncio.create_task(world.runner.run("members")), asyncio.create_task(world.runner.run("members"))
    await poll.started.wait()
    answer.set_result(3)
    assert await first is await second
    assert world.value(own("polls_total")) == 1


async def test_what_stays_forbidden_is_logged_once(caplog):
    caplog.set_level(logging.INFO)
    world = World(CountPoll(forbidden(), forbidden(), forbidden()))
    await world.run("members", "members", "members")
    assert caplog.messages == ["poll failed"]


async def test_a_failure_says_what_to_do():
    world = World(
        CountPoll(AdminApiError(Reason.UNAUTHORIZED, "users: HTTP 401")), key=Credential(key="sk-ant-api03-x")
    )
    (outcome,) = await world.run("members")
    assert outcome.hint.startswith("this is a workspace key; the Admin API needs an Admin key")


# The label `organization`.


async def test_the_name_that_me_gives_is_the_label_of_all_series():
    world = World(MePoll("Acme"), CountPoll(3), organization=None)
    await asyncio.gather(world.run("members"), world.run("organization"))
    assert world.value(COUNT) == 3
    assert 'organization=""' not in world.text()


async def test_the_name_is_fixed_until_a_restart():
    world = World(MePoll("Acme", "Renamed"), organization=None)
    await world.run("organization", "organization")
    assert 'anthropic_organization_info{organization="Acme",organization_id="5f0e",name="Renamed"} 1' in world.text()


async def test_a_name_from_the_settings_wins():
    world = World(MePoll("Acme"), organization="Mine")
    await world.run("organization")
    assert 'anthropic_organization_info{organization="Mine",organization_id="5f0e",name="Acme"} 1' in world.text()


async def test_other_polls_wait_for_the_answer_of_me():
    world = World(MePoll("Acme"), CountPoll(3), organization=None)
    await world.run("members")
    assert world.runner.outcomes.keys() == {"organization", "members"}
    assert world.value(COUNT) == 3


async def test_when_me_fails_the_others_are_published_without_a_name(caplog):
    world = World(MePoll(forbidden(), "Acme"), CountPoll(3), organization=None)
    await world.run("members", "organization")
    assert 'anthropic_members{organization="",role="user"} 3' in world.text()
    assert 'anthropic_organization_info{organization="",organization_id="5f0e",name="Acme"} 1' in world.text()
    assert any("name is unknown" in message for message in caplog.messages)


async def test_after_an_outage_at_the_start_me_is_asked_again_before_anything_is_published():
    down = AdminApiError(Reason.CONNECTION, "down")
    world = World(MePoll(down, "Acme"), CountPoll(down, 3), organization=None)
    await world.run("organization", "members")
    world.now += timedelta(minutes=5)
    await world.run("members")
    assert world.value(COUNT) == 3


# Polls that look at each other's models.


@pytest.mark.parametrize("order", [("workspaces", "api_keys"), ("api_keys", "workspaces")])
async def test_keys_are_of_kind_claude_code_whichever_poll_comes_first(order):
    answers = {
        "workspaces": [list_page(*ORDINARY, REAL_DEFAULT), list_page(*ORDINARY)],
        "api_keys": [list_page(key(1, workspace_id="wrkspc_1"))],
    }
    api = Api(*(answer for name in order for answer in answers[name]))
    world = World(WorkspacesPoll(DAY), ApiKeysPoll(DAY), api=api)
    await world.run(*order)
    assert 'kind="claude_code"' in world.text()


async def test_rows_that_cannot_be_made_again_stay_and_are_no_failure_of_the_poll_that_they_look_at(caplog):
    class Fragile(CountPoll):
        reads = (Organization,)

        def families(self, model, held):
            if held(Organization):
                raise ZeroDivisionError
            return super().families(model, held)

    world = World(Fragile(3), MePoll("Acme"))
    _, me = await world.run("members", "organization")
    assert me.error is None
    assert world.value(COUNT) == 3
    assert any("cannot be made again" in message for message in caplog.messages)


async def test_a_replaced_key_is_used_at_once_and_failed_polls_are_retried(tmp_path):
    file = tmp_path / "key"
    file.write_text("old")
    world = World(CountPoll(forbidden(), 3), key=Credential(file=file))
    retried = []
    world.runner.key_changed = lambda: retried.append(True)
    await world.run("members")
    assert retried == []
    file.write_text("new")
    await world.run("members")
    assert retried == [True]

"""Which days are pushed, when, and what is said of it; time is an argument."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
from prometheus_client import CollectorRegistry

from exporter.catalog import USAGE_DIMENSIONS
from exporter.days import DAY, day_start
from exporter.health import HistoryHealth
from exporter.history.daily import KeptDays
from exporter.history.push import LivePush, Pusher
from exporter.ledger import Ledger
from exporter.model import Billed, CostDay
from exporter.page import page
from exporter.polls.cost import CostPoll
from exporter.settled import put_days
from exporter.snapshots import Snapshots
from tests.history.scripted import Scripted, decoded

SETTLE = timedelta(hours=2)
MARCH_15 = datetime(2026, 3, 15, 12, tzinfo=UTC)
COST = CostPoll(SETTLE, USAGE_DIMENSIONS)


class Pushing:
    """A live push of billed cost, its clock, ledger and receiver; days cost as many dollars as their number says."""

    def __init__(self, answer=lambda *_: 204, now=MARCH_15):
        self.now = now
        self.scripted = Scripted(answer)
        self.ledger = Ledger()
        self.registry = CollectorRegistry()
        self.days = KeptDays(self.ledger, Snapshots(), restate_days=3)
        self.health = HistoryHealth(["cost"], self.registry, lambda: None)
        self.organization = "Acme"
        self.live = self.restarted()

    def restarted(self):
        return LivePush([COST], self.days, self.pusher, self.health, lambda: self.now)

    def pusher(self):
        if not self.organization:
            return None
        return Pusher(self.days, self.ledger, self.scripted.receiver, self.organization, lambda: self.now)

    def read(self, *numbers, at=None):
        """Days of March have been read."""
        for number in numbers:
            billed = Billed("default", "tokens", "model", "output", "standard", "0-200k", "")
            day = CostDay(date(2026, 3, number), {billed: Decimal(number)})
            put_days(self.ledger, COST, [day], at or self.now)

    def arrived(self):
        """Day of March and dollars of every sample the receiver was sent, in that order."""
        sent = [decoded(request.content) for request in self.scripted.requests]
        return [(datetime.fromtimestamp(stamp / 1000, UTC).day, value) for one in sent for _, stamp, value in one]

    def says(self, name):
        return self.registry.get_sample_value(f"anthropic_exporter_history_{name}", {"source": "cost"})

    def failures(self, reason):
        return self.registry.get_sample_value("anthropic_exporter_history_push_failures_total", {"reason": reason})


async def test_a_day_is_pushed_once_it_has_been_read_when_it_could_no_longer_change():
    pushing = Pushing()
    pushing.read(8, 9, 10, 11, 12, 13, 14)
    await pushing.live.round()
    assert pushing.arrived() == [(11, 11), (10, 10), (9, 9), (8, 8)]
    pushing.now += DAY
    await pushing.live.round()
    assert len(pushing.arrived()) == 4, "day 12 was read while it could still change"
    assert pushing.says("pending") == 1
    pushing.read(12)
    await pushing.live.round()
    assert pushing.arrived()[4:] == [(12, 12)]
    assert pushing.says("pending") == 0


async def test_days_go_newest_first_and_none_twice():
    pushing = Pushing()
    for number in (3, 1, 2):
        pushing.read(number)
        await pushing.live.round()
    pushing.read(*range(1, 9))
    await pushing.live.round()
    await pushing.restarted().round()
    assert pushing.arrived() == [(3, 3), (1, 1), (2, 2), *((number, number) for number in range(8, 3, -1))]
    said = page("Acme", [], {}, pushing.now, pushing.live)
    assert "Days pushed to the receiver: the newest is 2026-03-08, 0 waiting." in said
    assert pushing.says("last_pushed_day_timestamp_seconds") == day_start(date(2026, 3, 8)).timestamp()
    assert pushing.says("pushed_samples_total") == 8


async def test_without_the_organizations_name_nothing_is_pushed():
    pushing = Pushing()
    pushing.organization = ""
    pushing.read(1, 2)
    await pushing.live.round()
    assert pushing.arrived() == []
    pushing.organization = "Acme"
    await pushing.live.round()
    assert pushing.arrived() == [(2, 2), (1, 1)]


async def test_a_receiver_that_is_down_is_left_alone_for_a_while_and_then_gets_everything(caplog):
    pushing = Pushing(lambda *_: 503)
    pushing.read(1, 2)
    await pushing.live.round()
    tries = len(pushing.scripted.requests)
    await pushing.live.round()
    assert len(pushing.scripted.requests) == tries == 3
    assert pushing.failures("server_error") == 1
    assert pushing.says("pending") == 2
    pushing.scripted.answer = lambda *_: 204
    pushing.scripted.requests.clear()
    pushing.now += timedelta(minutes=5)
    await pushing.live.round()
    assert pushing.arrived() == [(2, 2), (1, 1)]
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "a day could not be pushed"
    ]


async def test_a_day_that_is_refused_rests_for_an_hour_and_the_others_go_on():
    def refuse_day_2(*_):
        return 400 if pushing.arrived()[-1][0] == 2 else 204

    pushing = Pushing(refuse_day_2)
    pushing.read(1, 2, 3)
    await pushing.live.round()
    assert pushing.arrived() == [(3, 3), (2, 2), (1, 1)]
    assert (pushing.says("pending"), pushing.says("pushed_samples_total")) == (1, 2)
    pushing.now += timedelta(minutes=59)
    await pushing.live.round()
    assert len(pushing.arrived()) == 3
    pushing.now += timedelta(minutes=2)
    pushing.scripted.answer = lambda *_: 204
    await pushing.live.round()
    assert pushing.arrived()[3:] == [(2, 2)]
    assert pushing.says("pending") == 0


async def test_what_a_receiver_asks_for_is_waited_for():
    pushing = Pushing(lambda *_: httpx.Response(429, headers={"retry-after": "900"}))
    pushing.read(1)
    await pushing.live.round()
    pushing.scripted.answer = lambda *_: 204
    for minutes, days in ((14, 1), (2, 2)):
        pushing.now += timedelta(minutes=minutes)
        await pushing.live.round()
        assert len(pushing.arrived()) == days
    assert pushing.says("pushed_samples_total") == 1


async def test_a_day_without_samples_counts_as_pushed():
    pushing = Pushing()
    put_days(pushing.ledger, COST, [CostDay(date(2026, 3, 1), {})], pushing.now)
    await pushing.live.round()
    assert pushing.scripted.requests == []
    assert pushing.says("pending") == 0


async def test_a_day_that_cannot_be_read_is_counted_and_holds_nothing_up(caplog):
    pushing = Pushing()
    pushing.ledger.put("cost", {date(2026, 3, 1): b"rubbish"}, COST.shape, pushing.now)
    pushing.read(2)
    await pushing.live.round()
    assert pushing.arrived() == [(2, 2)]
    assert "a kept day cannot be read" in caplog.text
    assert pushing.failures("bug") == 1

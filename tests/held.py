"""The days that a ledger's file holds, each compared with the simulator's truth."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from exporter.ledger import Ledger
from exporter.polls import claude_code, cost
from exporter.polls.usage import UsagePoll
from tests.service import ask

SETTLE = timedelta(hours=2)
POLLS = (claude_code.ClaudeCodePoll(SETTLE), UsagePoll(SETTLE), cost.CostPoll(SETTLE))


class Truth:
    """The truth of settled days, which never changes here."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.known: dict[date, Any] = {}

    def of(self, day: date) -> Any:
        """What the simulator says of a day."""
        if day not in self.known:
            self.known[day] = ask(f"{self.api}/simulator/truth?day={day}")
        return self.known[day]


def amount_of(poll, day):
    """What can be compared with the truth of a day."""
    if poll.name == "claude_code":
        return sum(claude_code.spent(day).values(), Decimal())
    if poll.name == "cost":
        return sum(cost.spent(day).values(), Decimal())
    return sum(tokens.output for tokens in day.by.values())


def amount_in(poll, truth):
    """The same in the truth."""
    if poll.name == "claude_code":
        return Decimal(truth["cost_usd"])
    return Decimal(truth["cost"]["usd"]) if poll.name == "cost" else truth["usage"]["tokens"]["output"]


def days_held(path: Path, truth: Truth) -> dict[str, set[date]]:
    """The days of every source in the file. Raises AssertionError where one is not as the truth says."""
    ledger = Ledger(path)
    assert ledger.persistent, ledger.trouble
    held = {}
    for poll in POLLS:
        held[poll.name] = set(ledger.days(poll.name, poll.shape))
        for day in held[poll.name]:
            content = ledger.day(poll.name, day, poll.shape)
            assert content is not None, (poll.name, day)
            assert amount_of(poll, poll.decode(day, content)) == amount_in(poll, truth.of(day)), (poll.name, day)
    ledger.close()
    return held

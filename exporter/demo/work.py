"""From habits to a day's work: who used Claude Code on a day, where, how much and with which models."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from random import Random

from exporter.demo import prices
from exporter.demo.activity import Actor, ModelUse, Record, ToolUse
from exporter.demo.chance import stream, weighted
from exporter.demo.incidents import Calendar
from exporter.demo.keys import ApiKey
from exporter.demo.oddities import with_oddities
from exporter.demo.options import Options
from exporter.demo.people import MORNINGS, Habits, Person, hours_since
from exporter.demo.traffic import DAY_SECONDS

WEEK = (0.95, 1.0, 1.0, 0.98, 0.88, 0.1, 0.08)
HOLIDAYS = frozenset({(1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31)})
TOOLS = (("edit_tool", 0.6), ("write_tool", 0.25), ("multi_edit_tool", 0.12), ("notebook_edit_tool", 0.03))
Ranges = tuple[tuple[int, int], ...]
VARIED: Ranges = ((20_000, 120_000), (15_000, 60_000), (800_000, 4_000_000), (60_000, 300_000))
STEADY: Ranges = ((63_000, 77_000), (36_000, 44_000), (2_200_000, 2_600_000), (162_000, 198_000))
"""Tokens of one piece of work, from and to: input, output, read from the cache, written to it."""
NOTABLE = 150.0
"""So much work of one person on one day costs more than 200 dollars."""
SPIKE = 250.0  # of the amounts in `Habits.appetite`: some hundred dollars


@dataclass(frozen=True)
class Staff:
    """Everybody and everything that can use Claude Code."""

    options: Options
    anchor: date
    people: Sequence[Person]
    keys: Sequence[ApiKey]
    calendar: Calendar

    @cached_property
    def spikes(self) -> dict[tuple[date, str], float]:
        """Whose work runs away on which day, and how much it is.

        Of itself a person's does three days before the anchor and a key's weeks earlier, unless all is quiet.
        """
        faithful = [person for person in self.people if person.habits.regularity and not person.left_at]
        earlier = self.anchor - timedelta(days=max(self.options.days * 2 // 3, 8))
        spikes = {}
        if self.keys and not self.options.quiet:
            spikes[earlier, self.keys[-1].id] = SPIKE
        if faithful and not self.options.quiet:
            spikes[self.anchor - timedelta(days=3), faithful[-1].id] = SPIKE
        for day in self.calendar.days("actor-day") if faithful else ():
            person = _moderate(faithful, day)
            spikes[day, person.id] = max(20 * person.habits.appetite, NOTABLE)
        return spikes

    def mix(self, day: date, *, curious: bool) -> Sequence[tuple[str, float]]:
        """Return models with how much of a day's work falls on them, or may fall."""
        if self.options.quiet:
            return prices.ORDINARY
        return prices.popularity(self.anchor, self.options.days, day, curious=curious)

    def spike(self, day: date, identity: str) -> float | None:
        """Return how much this person's or key's work is on this day if it runs away."""
        return self.spikes.get((day, identity))


def _moderate(faithful: Sequence[Person], day: date) -> Person:
    """Return somebody of long standing whose work is not billed by use, and of which 20 days are notable at once."""
    old = [person for person in faithful if (day - person.added_at.date()).days > 60] or faithful
    subscribed = [person for person in old if person.habits.customer_type == "subscription"] or old
    return min(subscribed, key=lambda person: abs(person.habits.appetite - NOTABLE / 20))


@dataclass(frozen=True, slots=True)
class _Worker:
    """What all rows of one actor on one day have in common."""

    actor: Actor
    customer_type: str
    subscription_type: str | None
    acceptance: float
    mix: Sequence[tuple[str, float]]
    steady: bool
    """Whether every day's work is alike: as much as usual, spread over all models of the mix."""


def work_of(staff: Staff, day: date) -> list[tuple[Person | ApiKey, Record]]:
    """Return the whole day's work and who did it; nothing before the history."""
    if day < staff.anchor - timedelta(days=staff.options.days):
        return []
    work: list[tuple[Person | ApiKey, Record]] = [
        (person, record) for person in staff.people for record in _by_person(staff, person, day)
    ]
    work.extend((key, record) for number, key in enumerate(staff.keys) for record in _by_key(staff, number, key, day))
    return work


def reported(staff: Staff, day: date, records: Iterable[Record]) -> tuple[Record, ...]:
    """Return a day's records as the report has them: in no order, and with what is odd."""
    rows = list(records)
    order = stream(staff.options.seed, "order", day)
    order.shuffle(rows)
    return tuple(with_oddities(rows, order) if staff.options.quirks else rows)


def _by_person(staff: Staff, person: Person, day: date) -> Iterator[Record]:
    habits = person.habits
    if not habits.regularity or not person.employed_on(day):
        return
    rng = stream(staff.options.seed, person.id, day)
    spike = staff.spike(day, person.id)
    if not _works(staff, person, day, rng.random()) and not spike:
        return
    settled_in = min(0.3 + (day - person.added_at.date()).days / 14, 1)
    steady = staff.options.quiet
    amount = spike or habits.appetite * rng.lognormvariate(0, 0.2 if steady else 0.5) * settled_in
    mix = staff.mix(day, curious=habits.curious)
    worker = _Worker(
        Actor("user", person.email), habits.customer_type, habits.subscription_type, habits.acceptance, mix, steady
    )
    places = list(_places(rng, habits))
    for place in places:
        hours = hours_since(person.added_at, day, _hours(rng, habits))
        if worker.customer_type == "subscription" and rng.random() < 0.05 and not (spike and steady):
            by_api = replace(worker, customer_type="api", subscription_type=None)
            yield _record(rng, by_api, place, hours, amount / 3)
        yield _record(rng, worker, place, hours, amount / len(places))


def _by_key(staff: Staff, number: int, key: ApiKey, day: date) -> Iterator[Record]:
    rng = stream(staff.options.seed, key.id, day)
    spike = staff.spike(day, key.id)
    if day < key.created_at.date() or (rng.random() > 0.96 and not spike):
        return
    steady = staff.options.quiet
    amount = spike or (rng.uniform(2.5, 3.5) if steady else rng.uniform(1, 5))
    worker = _Worker(Actor("key", key.name), "api", None, 0.97, staff.mix(day, curious=number % 3 == 0), steady)
    hours = hours_since(key.created_at, day, (0, DAY_SECONDS))
    yield _record(rng, worker, ("non-interactive", number % 4 == 3), hours, amount)


def _places(rng: Random, habits: Habits) -> Iterator[tuple[str, bool]]:
    """Terminals of a day, and whether they are remote: the usual one, now and then the others."""
    usual, *others = habits.terminals
    yield usual, False
    for terminal in others:
        if rng.random() < 0.3:
            yield terminal, False
    if rng.random() < habits.remote:
        yield usual if rng.random() < 0.5 else "non-interactive", True


def _hours(rng: Random, habits: Habits) -> tuple[int, int]:
    start = MORNINGS[habits.region] * 3600 + rng.randrange(3 * 3600)
    return start, min(start + rng.randrange(2 * 3600, 9 * 3600), DAY_SECONDS)


def _works(staff: Staff, person: Person, day: date, lot: float) -> bool:
    """Whether somebody works on a day: hardly on weekends and holidays, and not at all in whole weeks of vacation.

    Whether it is a vacation costs most to know, and is asked last.
    """
    regularity = person.habits.regularity
    if not staff.options.quiet and _holiday(day, person.habits.region):
        return lot <= regularity * 0.05
    if lot > regularity * WEEK[day.weekday()]:
        return False
    year, week, _ = day.isocalendar()
    return stream(staff.options.seed, "vacation", person.id, year, week).random() >= 0.07


def _holiday(day: date, region: str) -> bool:
    thanksgiving = day.month == 11 and region == "america" and 22 <= day.day - (day.weekday() - 3) <= 28
    return (day.month, day.day) in HOLIDAYS or (thanksgiving and day.weekday() in (3, 4))


def _record(rng: Random, worker: _Worker, place: tuple[str, bool], hours: tuple[int, int], amount: float) -> Record:
    lines = int(amount * rng.lognormvariate(4.2, 0.6))
    commits = int(amount * rng.uniform(0, 1.6))
    return Record(
        actor=worker.actor,
        customer_type=worker.customer_type,
        subscription_type=worker.subscription_type,
        remote=place[1],
        terminal=place[0],
        sessions=max(1, int(amount * rng.uniform(0.5, 2.5))),
        lines_added=lines,
        lines_removed=int(lines * rng.uniform(0.1, 0.7)),
        commits=commits,
        pull_requests=int(commits * rng.uniform(0, 0.6)),
        tools=tuple(_tools(rng, amount, worker.acceptance)),
        models=tuple(_steady_models(rng, amount, worker.mix) if worker.steady else _models(rng, amount, worker.mix)),
        start=hours[0],
        end=hours[1],
    )


def _tools(rng: Random, amount: float, acceptance: float) -> Iterator[ToolUse]:
    for tool, share in TOOLS:
        proposed = int(amount * share * rng.uniform(5, 30))
        accepted = int(proposed * min(acceptance * rng.uniform(0.9, 1.1), 1))
        yield ToolUse(tool, accepted, proposed - accepted)


def _models(rng: Random, amount: float, mix: Sequence[tuple[str, float]]) -> Iterator[ModelUse]:
    """One or two models for the work, and often a small one for errands."""
    main = weighted(rng, mix)
    other = weighted(rng, mix)
    second = rng.uniform(0.05, 0.5) if other != main and rng.random() < 0.5 else 0.0
    yield _use(rng, main, amount * (1 - second))
    if second:
        yield _use(rng, other, amount * second)
    if rng.random() < 0.7:
        yield _use(rng, prices.HAIKU_5_5, amount * 0.4)


def _steady_models(rng: Random, amount: float, mix: Sequence[tuple[str, float]]) -> Iterator[ModelUse]:
    """All models of the mix, each with its part of the work, and the small one for errands."""
    for model, part in (*mix, (prices.HAIKU_5_5, 0.4)):
        yield _use(rng, model, amount * part, STEADY)


def _use(rng: Random, model: str, amount: float, per_work: Ranges = VARIED) -> ModelUse:
    fate = rng.random()
    step = prices.CENT if fate < 0.97 else prices.CENT // 2 if fate < 0.99 else 1
    fresh, output, read, created = (int(amount * rng.uniform(low, high)) for low, high in per_work)
    return ModelUse(model, fresh, output, read, created, step)

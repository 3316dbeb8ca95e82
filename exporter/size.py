"""How large a scrape is, how large it will get, and what would make it smaller: said before anybody scrapes."""

from collections import Counter
from collections.abc import Iterator
from math import ceil
from typing import get_args

from exporter import catalog
from exporter.app import Parts
from exporter.folding import Ranking
from exporter.model import ApiKeys, ClaudeCodeDay, Members, Who
from exporter.policy import Droppable
from exporter.scrape import Scrape
from exporter.windows import windows

_LARGEST = 3
_WORTH_SAYING = 1000
"""Series that a setting must save to be named."""


def size(parts: Parts) -> Iterator[str]:
    """Lines for a person, of what has just been read."""
    scrape = Scrape(parts.snapshots, parts.health, None, parts.now(), openmetrics=False)
    zipped = sum(map(len, scrape.gzip()))
    families = series_of(b"".join(scrape.text()))
    series = families.total()
    full = series + _to_come(parts, families)
    yield (
        f"size               {series:,} series, {scrape.length / 1e6:.2f} MB a scrape, {zipped / 1e6:.3f} MB gzipped; "
        f"some {full:,} series once all windows are full"
    )
    yield f"{'':<19}a sample_limit of {ceil(2 * full / 1000) * 1000:,} leaves room"
    if full >= _WORTH_SAYING:
        largest = ", ".join(f"{name} {count:,}" for name, count in families.most_common(_LARGEST))
        yield f"{'':<19}the largest are {largest}"
    for text in _advice(parts, families):
        yield f"{'':<19}{text}"


def series_of(text: bytes) -> Counter[str]:
    """How many series each family of an exposition has. Label values may hold carriage returns."""
    lines = text.split(b"\n")[:-1]
    return Counter(line.partition(b"{")[0].decode() for line in lines if not line.startswith(b"#"))


def _to_come(parts: Parts, families: Counter[str]) -> int:
    """Series of days that are not read yet: in windows is everybody who may ever spend, and every key may be used."""
    held, policy = parts.snapshots.model, parts.policy
    day, members, keys = held(ClaudeCodeDay), held(Members), held(ApiKeys)
    expected: Counter[str] = Counter()
    if day:
        people = {(who.actor, who.actor_type, who.customer_type) for who in day.by}
        active = {who[0] for who in people}
        idle = 0
        if members and policy.names_people:
            idle = sum(policy.known_as((one.email or "").casefold()) not in active for one in members.all)
        everybody = len(people) + idle
        expected[catalog.WINDOW_ESTIMATED_COST.name] = min(everybody, policy.most_actors) * len(windows(day.day))
    if members and policy.names_active_people:
        expected[catalog.MEMBER_LAST_ACTIVE.name] = len(members.all)
    expected[catalog.API_KEY_LAST_USED.name] = len(keys.all) if keys else 0
    return sum(max(0, count - families[name]) for name, count in expected.items())


def _advice(parts: Parts, families: Counter[str]) -> Iterator[str]:
    """What makes it smaller."""
    day, ranking = parts.snapshots.model(ClaudeCodeDay), parts.snapshots.model(Ranking)
    if ranking:
        yield (
            f"{ranking.folded:,} actors are summed up as `other`, since there are more than "
            f"limits.actors={ranking.most:,}"
        )
    if day is None or not day.by:
        return
    of_actors = sum(families[metric.name] for metric in catalog.API_METRICS if "terminal" in metric.labels)
    for name in get_args(Droppable):
        place = Who._fields.index(name)
        rows = {(*who[:place], *who[place + 1 :]) for who in day.by}
        saved = of_actors - of_actors * len(rows) // len(day.by)
        if saved >= _WORTH_SAYING:
            yield f"labels.drop={name} would save some {saved:,} of them"

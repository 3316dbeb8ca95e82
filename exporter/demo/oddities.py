"""Rare things the API reference allows, put on a few rows of a day so that no reader can forget them."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from exporter.demo.activity import Actor, ModelUse, Record, ToolUse
from exporter.demo.prices import UNHEARD_OF

Oddity = Callable[[Record], list[Record]]


def with_oddities(records: list[Record], rng: Random) -> list[Record]:
    """Return the day's records with every oddity on one of them, on more when there are thousands.

    Small days have some of them only, so that most rows stay ordinary.
    """
    rounds = 1 + len(records) // 600
    chosen = [oddity for oddity in ODDITIES * rounds if rng.random() < len(records) / 60]
    victims = rng.sample(range(len(records)), min(len(chosen), len(records)))
    victims.sort(key=lambda index: records[index].actor.kind != "user")  # the first oddity needs an e-mail address
    odd: dict[int, Oddity] = dict(zip(victims, chosen, strict=False))
    result: list[Record] = []
    late: list[Record] = []
    for index, record in enumerate(records):
        first, *others = odd[index](record) if index in odd else [record]
        result.append(first)
        late.extend(others)
    for record in late:
        result.insert(rng.randrange(len(result) + 1), record)
    return result


def _same_person_in_other_letters(record: Record) -> list[Record]:
    return [record, replace(record, actor=Actor(record.actor.kind, _other_letters(record.actor)))]


def _other_letters(actor: Actor) -> str:
    local, at, domain = actor.label.partition("@")
    return local.title() + at + domain if actor.kind == "user" else actor.label


def _twin(record: Record) -> list[Record]:
    return [record, record]


def _no_model(record: Record) -> list[Record]:
    return [replace(record, models=())]


def _no_tokens(record: Record) -> list[Record]:
    return [replace(record, models=tuple(ModelUse(use.model, 0, 0, 0, 0, use.step) for use in record.models))]


def _unheard_of_model(record: Record) -> list[Record]:
    return [replace(record, models=(*record.models, ModelUse(UNHEARD_OF, 9_100, 4_410, 120_500, 33_333, 10_000)))]


def _fraction_of_a_cent(record: Record) -> list[Record]:
    return [
        replace(
            record,
            models=tuple(replace(use, step=step) for use, step in zip(record.models, (5_000, 1, 500), strict=False)),
        )
    ]


def _unheard_of_tools(record: Record) -> list[Record]:
    return [
        replace(
            record,
            tools=(*record.tools, ToolUse("browser_tool", 7, 2), ToolUse("browser", 3, 1), ToolUse("Bash", 5, 0)),
        )
    ]


def _changed(**changes: object) -> Oddity:
    def change(record: Record) -> list[Record]:
        return [replace(record, **changes)]  # type: ignore[arg-type]

    return change


ODDITIES: tuple[Oddity, ...] = (
    _same_person_in_other_letters,
    _twin,
    _no_model,
    _no_tokens,
    _unheard_of_model,
    _fraction_of_a_cent,
    _unheard_of_tools,
    _changed(terminal=None),
    _changed(terminal=""),
    _changed(omit=frozenset({"terminal_type"})),
    _changed(omit=frozenset({"is_remote"})),
    _changed(omit=frozenset({"subscription_type"})),
    _changed(customer_type=None),
    _changed(plain_date=True),
    _changed(extra=True),
    _changed(tools=()),
    _changed(terminal='wsl-"Übung"\\'),
    _changed(terminal="tmux-" + "256color-" * 80),
)

"""One UTC day of the organization: the single source of every report and of the truth they are compared with."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from exporter.demo.people import start_of
from exporter.demo.prices import PRICES
from exporter.demo.traffic import DAY_SECONDS, Charge, Traffic


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `user` by e-mail, or `key` by the API key's name."""

    kind: str
    label: str

    @property
    def name(self) -> str:
        """The same for all spellings of an e-mail address; keys are called what they are called."""
        return self.label.casefold() if self.kind == "user" else self.label


@dataclass(frozen=True, slots=True)
class ModelUse:
    """Tokens of one model, and the step in millionths of a dollar to which their cost is rounded."""

    model: str
    input: int
    output: int
    cache_read: int
    cache_creation: int
    step: int

    @property
    def cost(self) -> int:
        """Estimated cost at list prices, in millionths of a US dollar."""
        price = PRICES[self.model]
        thousandths = (
            self.input * price.input
            + self.output * price.output
            + self.cache_read * price.cache_read
            + self.cache_creation * price.cache_creation
        )
        return (thousandths + 500 * self.step) // (1000 * self.step) * self.step

    @property
    def tokens(self) -> int:
        """Tokens of all four kinds."""
        return self.input + self.output + self.cache_read + self.cache_creation

    def scaled(self, part: int, whole: int) -> "ModelUse":
        """Return this with all amounts multiplied by a fraction, rounded down."""
        return ModelUse(
            self.model, self.input * part // whole, self.output * part // whole, self.cache_read * part // whole,
            self.cache_creation * part // whole, self.step,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ToolUse:
    """Proposals of one tool, and what became of them."""

    tool: str
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Record:
    """What one actor did in one place: a row of the Claude Code report."""

    actor: Actor
    customer_type: str | None
    subscription_type: str | None
    remote: bool
    terminal: str | None
    sessions: int
    lines_added: int
    lines_removed: int
    commits: int
    pull_requests: int
    tools: tuple[ToolUse, ...]
    models: tuple[ModelUse, ...]
    start: int = 0
    """Second of the UTC day at which it began; from then on everything grows evenly until `end`."""
    end: int = DAY_SECONDS
    omit: frozenset[str] = field(default_factory=frozenset)
    """Fields that are left out of the JSON."""
    plain_date: bool = False
    """Whether `date` is written without a time, as before August 2026."""
    extra: bool = False
    """Whether the JSON also holds fields nobody knows, at every level."""

    def until(self, second: int) -> "Record | None":
        """Return what had been done by this second of the day; None before it began."""
        if second >= self.end:
            return self
        if second <= self.start:
            return None
        return self.scaled(second - self.start, self.end - self.start)

    def scaled(self, part: int, whole: int) -> "Record":
        """Return this with all amounts multiplied by a fraction, rounded down; a session that began is one."""

        def so_far(total: int) -> int:
            return total * part // whole

        return replace(
            self,
            sessions=min(self.sessions, 1 + so_far(self.sessions)),
            lines_added=so_far(self.lines_added),
            lines_removed=so_far(self.lines_removed),
            commits=so_far(self.commits),
            pull_requests=so_far(self.pull_requests),
            tools=tuple(ToolUse(use.tool, so_far(use.accepted), so_far(use.rejected)) for use in self.tools),
            models=tuple(use.scaled(part, whole) for use in self.models),
        )


@dataclass(frozen=True, slots=True)
class Day:
    """Everything that happened on one UTC day."""

    date: date
    claude_code: tuple[Record, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    """Use of the Messages API; that of Claude Code by people and keys who pay by use is part of it."""
    charges: tuple[Charge, ...] = ()
    """What is billed besides tokens and web searches."""

    def until(self, boundary: datetime) -> "Day":
        """Return the part of the day that lies before an instant."""
        second = int((boundary - start_of(self.date)).total_seconds())
        if second >= DAY_SECONDS:
            return self
        records = (record.until(second) for record in self.claude_code)
        traffic = (use.until(second) for use in self.traffic)
        charges = (charge.until(second) for charge in self.charges)
        return Day(
            self.date,
            tuple(record for record in records if record is not None),
            tuple(use for use in traffic if use is not None and use.any),
            tuple(charge for charge in charges if charge is not None),
        )

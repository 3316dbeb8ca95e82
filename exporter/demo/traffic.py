"""Requests to the Messages API, and what else is billed: the finest rows of the usage and the cost report."""

from dataclasses import dataclass, replace
from typing import Self

DAY_SECONDS = 86_400
TOKEN_TYPES = ("uncached_input", "output", "cache_read", "cache_creation_5m", "cache_creation_1h")
Tokens = tuple[int, int, int, int, int]
"""Counts in the order of `TOKEN_TYPES`."""


@dataclass(frozen=True, slots=True)
class Growing:
    """What begins at one second of a UTC day and from then on grows evenly until another."""

    start: int = 0
    end: int = DAY_SECONDS

    def scaled(self, part: int, whole: int) -> Self:
        """Return this with all amounts multiplied by a fraction, rounded down."""
        raise NotImplementedError

    def until(self, second: int) -> Self | None:
        """Return what there was by this second of the day; None before it began."""
        if second >= self.end:
            return self
        if second <= self.start:
            return None
        return self.scaled(second - self.start, self.end - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic(Growing):
    """What one caller used of one model in one way."""

    workspace_id: str | None
    """None for the default workspace."""
    api_key_id: str | None = None
    """None for the Workbench, OAuth and federated use."""
    account_id: str | None = None
    service_account_id: str | None = None
    model: str
    service_tier: str = "standard"
    context_window: str = "0-200k"
    inference_geo: str = "global"
    speed: str = "standard"
    tokens: Tokens
    searches: int = 0
    billed: bool = True
    """False for requests that were refused: they have tokens and cost nothing."""

    @property
    def any(self) -> bool:
        """Whether there is anything to tell."""
        return self.searches > 0 or any(self.tokens)

    def scaled(self, part: int, whole: int) -> "Traffic":
        """Return this with all amounts multiplied by a fraction, rounded down."""
        one, two, three, four, five = (count * part // whole for count in self.tokens)
        return replace(self, tokens=(one, two, three, four, five), searches=self.searches * part // whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge(Growing):
    """One line of the bill; what is not about tokens has no model and nothing that belongs to one."""

    workspace_id: str | None
    amount: int
    """In parts of a dollar: `prices.BILLED` of them are one."""
    cost_type: str
    description: str
    model: str | None = None
    token_type: str | None = None
    """As the API spells it."""
    service_tier: str | None = None
    context_window: str | None = None
    inference_geo: str | None = None
    speed: str | None = None

    def scaled(self, part: int, whole: int) -> "Charge":
        """Return this with its amount multiplied by a fraction, rounded down."""
        return replace(self, amount=self.amount * part // whole)

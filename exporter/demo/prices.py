"""Models, their list prices as of November 2026, and which of them people use on a given day.

Prices are in thousandths of a US dollar per million tokens, which is the same as thousandths of a millionth
of a dollar per token: sums stay whole numbers. Cache writes have the price of the five-minute cache; the bill, which
knows discounts and surcharges, is counted in millionths of those.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Price:
    """List price of one model, USD / 1000 per million tokens."""

    input: int
    cache_creation: int
    cache_read: int
    output: int

    @property
    def by_token_type(self) -> tuple[int, int, int, int, int]:
        """Prices in the order of `traffic.TOKEN_TYPES`; an hour of cache costs twice the input."""
        return (self.input, self.output, self.cache_read, self.cache_creation, 2 * self.input)


OPUS_5_5 = "claude-opus-5-5"
SONNET_5_5 = "claude-sonnet-5-5"
HAIKU_5_5 = "claude-haiku-5-5"
NEWCOMER = "claude-fable-5-2"
VETERAN = "claude-sonnet-4-5-20250929"
OPUS_4_8 = "claude-opus-4-8"
HAIKU_4_5 = "claude-haiku-4-5"
UNHEARD_OF = "claude-next-preview-1[1m]"
PRICES = {
    NEWCOMER: Price(8_000, 10_000, 200, 40_000),
    OPUS_5_5: Price(4_000, 5_000, 200, 20_000),
    OPUS_4_8: Price(5_000, 6_250, 500, 25_000),
    SONNET_5_5: Price(2_000, 2_500, 100, 10_000),
    VETERAN: Price(3_000, 3_750, 300, 15_000),
    HAIKU_5_5: Price(100, 125, 10, 500),
    HAIKU_4_5: Price(1_000, 1_250, 100, 5_000),
    UNHEARD_OF: Price(6_000, 7_500, 300, 30_000),
}
CENT = 10_000  # millionths of a dollar
BEFORE_4_6 = frozenset({VETERAN, HAIKU_4_5})
"""Models that run anywhere: their `inference_geo` reads `not_available`."""
FAST = frozenset({OPUS_5_5, OPUS_4_8})
"""Models with a fast mode, at twice the price."""
BILLED = 10**12
"""What a dollar is on the bill: the surcharge of a tenth and the discount of a half leave whole numbers."""
WEB_SEARCH = BILLED // 100


def billed_factor(tier: str, geo: str, speed: str) -> int:
    """Return by what a price above is multiplied to be in parts of `BILLED`: 1,000 unless something is special."""
    factor = 1000 if geo != "us" else 1100
    factor *= 2 if speed == "fast" else 1
    return factor // 2 if tier == "batch" else factor


def name_of(model: str) -> str:
    """Return what people call a model: `Claude Sonnet 4.5` for `claude-sonnet-4-5-20250929`."""
    parts = [part for part in model.split("-") if not (part.isdigit() and len(part) == 8)]
    words = [part.title() for part in parts if not part.isdigit()]
    return " ".join([*words, ".".join(part for part in parts if part.isdigit())]).strip()


ORDINARY = ((SONNET_5_5, 0.62), (OPUS_5_5, 0.3), (NEWCOMER, 0.03))
"""How work is spread over models, day after day, where all is quiet."""


def adopted(anchor: date, days: int, day: date) -> bool:
    """Whether the new model is there on this day: for the last third of the history and ever after."""
    return (anchor - day).days <= days / 3


@lru_cache(maxsize=2)
def popularity(anchor: date, days: int, day: date, *, curious: bool) -> tuple[tuple[str, float], ...]:
    """Return the weights with which a day's main work falls on models."""
    past = max((anchor - day).days / days, 0.0)
    newest = 0.5 if curious and adopted(anchor, days, day) else 0.0
    return (
        (SONNET_5_5, 0.42),
        (OPUS_5_5, 0.36),
        (NEWCOMER, newest),
        (VETERAN, 0.01 + 0.35 * past),
        (OPUS_4_8, 0.05),
        (HAIKU_4_5, 0.02),
    )

"""Models, their list prices as of November 2026, and which of them people use on a given day.

Prices are in thousandths of a US dollar per million tokens, which is the same as thousandths of a millionth
of a dollar per token: sums stay whole numbers. Cache writes have the price of the five-minute cache.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Price:
    """List price of one model, USD / 1000 per million tokens."""

    input: int
    cache_creation: int
    cache_read: int
    output: int


OPUS_5_5 = "claude-opus-5-5"
SONNET_5_5 = "claude-sonnet-5-5"
HAIKU_5_5 = "claude-haiku-5-5"
NEWCOMER = "claude-fable-5-2"
VETERAN = "claude-sonnet-4-5-20250929"
UNHEARD_OF = "claude-next-preview-1[1m]"
PRICES = {
    NEWCOMER: Price(8_000, 10_000, 200, 40_000),
    OPUS_5_5: Price(4_000, 5_000, 200, 20_000),
    "claude-opus-4-8": Price(5_000, 6_250, 500, 25_000),
    SONNET_5_5: Price(2_000, 2_500, 100, 10_000),
    VETERAN: Price(3_000, 3_750, 300, 15_000),
    HAIKU_5_5: Price(100, 125, 10, 500),
    "claude-haiku-4-5": Price(1_000, 1_250, 100, 5_000),
    UNHEARD_OF: Price(6_000, 7_500, 300, 30_000),
}
CENT = 10_000  # millionths of a dollar


def adopted(anchor: date, days: int, day: date) -> bool:
    """Whether the new model is there on this day: for the last third of the history and ever after."""
    return (anchor - day).days <= days / 3


def popularity(anchor: date, days: int, day: date, *, curious: bool) -> list[tuple[str, float]]:
    """Return the weights with which a day's main work falls on models."""
    past = max((anchor - day).days / days, 0.0)
    newest = 0.5 if curious and adopted(anchor, days, day) else 0.0
    return [
        (SONNET_5_5, 0.42),
        (OPUS_5_5, 0.36),
        (NEWCOMER, newest),
        (VETERAN, 0.01 + 0.35 * past),
        ("claude-opus-4-8", 0.05),
        ("claude-haiku-4-5", 0.02),
    ]

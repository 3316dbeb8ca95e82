"""A bad series costs itself and nothing else; a receiver in trouble costs nothing but time."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import PushError, Reason
from exporter.history.delivery import MOST_REFUSED, NOTHING_TAKEN, deliver
from tests.history.scripted import Scripted

COLOURS = tuple(f"colour{number}" for number in range(30))
MANY = tuple(f"colour{number}" for number in range(MOST_REFUSED + 50))


async def delivered(scripted, colours=COLOURS):
    return await deliver(scripted.receiver, scripted.requests_of(colours))


def refusing(bad, status=400):
    return lambda colours, _: status if colours & set(bad) else 204


async def test_samples_arrive_in_batches():
    scripted = Scripted()
    assert (await delivered(scripted)).samples == 30
    assert scripted.took == {colour: number for number, colour in enumerate(COLOURS, 1)}
    assert len(scripted.requests) == 4


@settings(max_examples=40)  # a client of its own for each
@given(st.sets(st.sampled_from(COLOURS), max_size=29), st.integers(1, 40), st.sampled_from([400, 422, 413, 500]))
async def test_whatever_series_are_bad_all_others_arrive_and_the_bad_ones_are_named(bad, batch, status):
    scripted = Scripted(refusing(bad, status), batch=batch)
    done = await delivered(scripted)
    assert scripted.took.keys() == set(COLOURS) - bad
    assert done.samples == 30 - len(bad)
    names = [f'anthropic_daily_sheep{{colour="{colour}",organization="Acme"}}' for colour in COLOURS if colour in bad]
    assert sorted(name for name, _ in done.refused) == sorted(names)


async def test_the_log_names_a_bad_series_and_what_the_receiver_says(caplog):
    said = httpx.Response(400, text="out of bounds")
    await delivered(Scripted(lambda colours, _: said if "colour7" in colours else 204))
    (record,) = caplog.records
    assert record.series == 'anthropic_daily_sheep{colour="colour7",organization="Acme"}'
    assert (record.error, record.detail) == ("remote write: HTTP 400", "out of bounds")


@pytest.mark.parametrize("status", [400, 500])
async def test_a_receiver_that_takes_no_sample_at_all_fails_the_day_after_a_few_requests(status):
    scripted = Scripted(lambda colours, _: status if colours else 204)
    with pytest.raises(PushError, match=f"the day is refused, 0 samples taken: remote write: HTTP {status}") as caught:
        await delivered(scripted, MANY)
    assert caught.value.reason is Reason.BAD_REQUEST
    assert len(scripted.requests) <= 4 * NOTHING_TAKEN


async def test_a_day_of_two_series_that_are_both_refused_fails_too():
    with pytest.raises(PushError, match="the day is refused"):
        await delivered(Scripted(lambda *_: 400), COLOURS[:2])


async def test_a_day_with_very_many_bad_series_fails():
    with pytest.raises(PushError, match="the day is refused, 8 samples taken"):
        await delivered(Scripted(refusing(MANY[8:])), MANY)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (500, Reason.SERVER_ERROR),
        (503, Reason.SERVER_ERROR),
        (504, Reason.TIMEOUT),
        (429, Reason.RATE_LIMITED),
        (401, Reason.UNAUTHORIZED),
        (403, Reason.FORBIDDEN),
        (404, Reason.NOT_FOUND),
        (302, Reason.BAD_RESPONSE),
    ],
)
async def test_a_receiver_in_trouble_is_never_a_bad_series(status, reason):
    scripted = Scripted(lambda *_: status)
    with pytest.raises(PushError) as caught:
        await delivered(scripted)
    assert caught.value.reason is reason
    assert len(scripted.requests) <= 4


async def test_trouble_in_the_midst_of_a_split_ends_it_without_blame():
    scripted = Scripted(lambda colours, number: 503 if number > 4 else 400 if "colour3" in colours else 204)
    with pytest.raises(PushError) as caught:
        await delivered(scripted)
    assert caught.value.reason is Reason.SERVER_ERROR


async def test_no_series_is_blamed_for_trouble_that_ends_between_two_requests():
    troubled = {number for first in range(1, 99, 4) for number in (first, first + 1)}
    scripted = Scripted(lambda _, number: 500 if number in troubled else 204, batch=1, retries=1)
    done = await delivered(scripted)
    assert (done.samples, done.refused) == (30, [])


async def test_what_passes_is_tried_again():
    scripted = Scripted(lambda _, number: 429 if number == 1 else 503 if number == 2 else 204)
    assert (await delivered(scripted)).samples == 30
    assert len(scripted.waits) == 2


async def test_retry_after_is_honoured():
    busy = httpx.Response(429, headers={"retry-after": "7"})
    scripted = Scripted(lambda _, number: busy if number == 1 else 204)
    await delivered(scripted)
    assert scripted.waits == [7]


async def test_no_samples_need_no_request():
    scripted = Scripted()
    assert (await delivered(scripted, ())).samples == 0
    assert scripted.requests == []

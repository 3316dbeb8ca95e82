"""Requests are what the specification asks for, whatever the labels hold."""

from hypothesis import example, given
from hypothesis import strategies as st

from exporter.exposition import Family, Group
from exporter.history import remote_write
from exporter.labels import label
from tests.history.scripted import SHEEP, decoded
from tests.test_exposition import anything

DAY_MS = 1_772_323_200_000


def series(*families, organization="Acme", size=1000):
    requests = remote_write.requests(families, organization, DAY_MS, size)
    return [decoded(remote_write.body(request)) for request in requests]


def flock(*colours):
    return Family(SHEEP, [Group((), tuple((colour,) for colour in colours), tuple(range(len(colours))))])


def test_a_series_has_its_name_its_labels_in_order_and_one_sample_at_the_start_of_its_day():
    ((black,),) = series(flock("black"))
    labels, timestamp, value = black
    assert list(labels.items()) == [("__name__", SHEEP.name), ("colour", "black"), ("organization", "Acme")]
    assert (timestamp, value) == (DAY_MS, 0.0)


def test_labels_that_are_empty_or_left_out_are_none():
    ((empty, absent),) = series(Family(SHEEP, [Group((), (("",), (None,)), (1, 2))]))
    assert empty[0] == absent[0] == {"__name__": SHEEP.name, "organization": "Acme"}


@example(["\ud800"], 1, "\ud800")  # no encoding can carry it
@given(st.lists(anything, unique=True, max_size=12), st.integers(1, 5), anything)
def test_every_sample_is_in_one_request_of_the_size_that_was_asked_for(colours, size, organization):
    requests = series(flock(*colours), organization=organization, size=size)
    assert [len(request) for request in requests[:-1]] == [size] * (len(requests) - 1)
    found = [
        (labels.get("colour", ""), labels.get("organization", "")) for request in requests for labels, *_ in request
    ]
    assert [colour for colour, _ in found] == [label(colour) for colour in colours]
    values = [value for request in requests for _, _, value in request]
    assert values == list(range(len(colours)))
    assert all(owner == label(organization) for _, owner in found)


def test_a_series_is_named_as_promql_writes_it():
    (request,) = remote_write.requests([flock('bl"ack')], "Acme", DAY_MS, 1)
    assert list(remote_write.names(request)) == [r'anthropic_daily_sheep{colour="bl\"ack",organization="Acme"}']


def test_halves_are_the_whole():
    (request,) = remote_write.requests([flock("a", "b", "c")], "Acme", DAY_MS, 10)
    first, second = (decoded(remote_write.body(half)) for half in remote_write.halves(request))
    assert first + second == decoded(remote_write.body(request))

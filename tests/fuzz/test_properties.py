"""Whatever bytes the API sends: rows that make a sound exposition, or a failed poll after which the last one stays."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import Reason
from tests.fuzz.pages import HOSTILE, PAGES, number_of_parts, with_parts
from tests.fuzz.targets import CONCERNED, VALID, Organization, decoder, expect_sound, polled

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals().map(str),
    st.text(),
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
)
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
parts = st.one_of(st.sampled_from(HOSTILE), documents.map(lambda value: json.dumps(value).encode()), st.binary())


@st.composite
def answers(draw):
    """An endpoint, and its valid page with up to three parts replaced."""
    path = draw(st.sampled_from([*CONCERNED]))
    page = PAGES[path]
    replaced = draw(st.dictionaries(st.integers(0, number_of_parts(page) - 1), parts, min_size=1, max_size=3))
    return path, with_parts(page, replaced)


@given(st.binary())
def test_any_bytes_are_a_page_or_an_error(data):
    decoder(data)


@given(st.sampled_from([*CONCERNED]), st.binary())
async def test_any_bytes_as_a_body_make_a_sound_exposition_or_a_failed_poll(path, body):
    await polled(path, body)


@given(answers())
@settings(max_examples=100)
async def test_a_page_with_any_wrong_part_makes_a_sound_exposition_or_a_failed_poll(answer):
    await polled(*answer)


@given(answers())
async def test_after_a_failed_poll_the_last_series_stay_and_after_a_good_one_nothing_is_left_of_it(answer):
    path, body = answer
    organization = Organization(path)
    await organization.poll()
    good = organization.series()
    organization.bodies[path] = body
    for name in CONCERNED[path]:
        before = organization.series()
        if (await organization.parts.runner.run(name)).reason is Reason.BAD_RESPONSE:
            assert organization.series() == before
    expect_sound(organization.series())
    organization.bodies = dict(VALID)
    assert not any(outcome.error for outcome in (await organization.poll()).values())
    assert organization.series() == good
    organization.parts.ledger.close()

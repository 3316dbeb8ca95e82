"""Label values: what fits stays as it is; what does not is cut so that two stay two."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.labels import MAX_LENGTH, escape, label

anything = st.text(st.characters(exclude_categories=()))


def test_512_characters_stay_and_513_are_cut_with_a_hash():
    assert label("é" * 512) == "é" * 512
    cut = label("é" * 513)
    assert len(cut) == MAX_LENGTH
    assert cut.startswith("é" * 503 + "…")
    assert cut != label("é" * 514)


def test_a_lone_surrogate_is_shown_as_replacement_and_two_stay_two():
    assert label("a\ud800") == "a\ufffd…25819b9b"
    assert label("a\ud801").startswith("a\ufffd…")
    assert label("a\ud801") != label("a\ud800")


@given(anything)
def test_every_label_is_valid_unicode_of_bounded_length_and_stays_when_made_again(value):
    once = label(value)
    assert len(once) <= MAX_LENGTH
    once.encode()
    assert label(once) == once


@given(anything)
def test_an_escaped_label_has_no_bare_quote_and_no_newline(value):
    assert "\n" not in escape(value)
    assert '"' not in escape(value).replace("\\\\", "").replace('\\"', "")

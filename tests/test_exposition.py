"""Rendering: what a label holds comes back, totals survive, doubles do not."""

import subprocess
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.catalog import Metric
from exporter.exposition import Family, Group, family, render, render_parts
from exporter.labels import label

SHEEP = Metric("test_sheep", "Sheep, counted.", ("flock", "colour"))
DOGS = Metric("test_dogs", "Dogs.")

anything = st.text(st.characters(exclude_categories=()), max_size=60) | st.text(min_size=500, max_size=5000)


def text(*families: Family, organization: str = "Acme") -> str:
    return b"".join(chunk for chunk, _ in render(families, organization)).decode()


def sheep(samples) -> Family:
    return family(SHEEP, samples)


def test_a_family_is_its_help_its_type_and_its_samples():
    assert text(sheep({("north", "black"): 3, ("south", "white"): Decimal("12.345")})) == (
        "# HELP test_sheep Sheep, counted.\n"
        "# TYPE test_sheep gauge\n"
        'test_sheep{organization="Acme",flock="north",colour="black"} 3\n'
        'test_sheep{organization="Acme",flock="south",colour="white"} 12.345\n'
    )


def test_groups_share_their_leading_labels():
    groups = [Group((flock,), (("black",), ("white",)), (1, 2)) for flock in ("north", "south")]
    assert text(Family(SHEEP, groups)) == text(
        sheep({("north", "black"): 1, ("north", "white"): 2, ("south", "black"): 1, ("south", "white"): 2})
    )


def test_a_metric_without_labels_has_its_organization():
    assert text(family(DOGS, {(): 2})).endswith('\ntest_dogs{organization="Acme"} 2\n')


def test_a_label_that_is_none_is_left_out_wherever_it_stands():
    assert 'test_sheep{organization="Acme",flock="north"} 1\n' in text(sheep({("north", None): 1}))
    assert 'test_sheep{organization="Acme",colour="black"} 1\n' in text(sheep({(None, "black"): 1}))
    assert 'test_sheep{organization="Acme"} 1\n' in text(Family(SHEEP, [Group((None,), ((None,),), (1,))]))


def test_parts_of_a_family_are_lines_without_a_header_and_no_sample_stands_in_two_of_them():
    first, second = sheep({("north", "black"): 1}).groups, sheep({("south", "black"): 2}).groups
    assert render_parts(SHEEP, [first, second], "Acme") == [
        b'test_sheep{organization="Acme",flock="north",colour="black"} 1\n',
        b'test_sheep{organization="Acme",flock="south",colour="black"} 2\n',
    ]
    with pytest.raises(ValueError, match="equal labels"):
        render_parts(SHEEP, [first, sheep({("north", "black"): 3}).groups], "Acme")
    odd = [sheep({("north\r", colour): 1}).groups for colour in ("black\r", "white\r")]
    assert len(render_parts(SHEEP, odd, "Acme")) == 2


def test_a_family_without_samples_leaves_no_trace():
    assert text(sheep({}), Family(DOGS, [])) == ""
    assert text(Family(SHEEP, [Group(("north",), (), ())])) == ""


@given(st.dictionaries(st.tuples(anything, anything), st.integers(0, 2**53), min_size=1, max_size=5), anything)
def test_any_label_value_is_read_back_the_same_or_cut_as_documented(samples, organization):
    rendered = text(sheep(samples), organization=organization)
    expected = {(label(organization), label(flock), label(colour)): value for (flock, colour), value in samples.items()}
    for parse, body in ((parse_text, rendered), (parse_openmetrics, rendered + "# EOF\n")):
        (parsed,) = parse(body)
        read = {(s.labels["organization"], s.labels["flock"], s.labels["colour"]): s.value for s in parsed.samples}
        assert read == expected


@given(st.lists(st.decimals(0, 10**9, places=4), max_size=30))
def test_totals_survive_rendering_to_the_precision_of_a_double(amounts):
    rendered = text(sheep({(str(number), ""): amount for number, amount in enumerate(amounts)}))
    values = [Decimal(line.rpartition(" ")[2]) for line in rendered.splitlines() if not line.startswith("#")]
    assert abs(sum(values) - sum(amounts)) <= sum(amounts) * Decimal(2) ** -50


def test_percent_signs_and_braces_in_labels_are_only_characters():
    odd = '%d{}%b %% {"'
    (parsed,) = parse_text(text(Family(SHEEP, [Group((odd,), ((odd,),), (1,))])))
    assert parsed.samples[0].labels == {"organization": "Acme", "flock": odd, "colour": odd}


def test_many_samples_come_in_chunks_that_count_them():
    chunks = list(render([sheep({(str(n), ""): n for n in range(9)}), family(DOGS, {(): 1})], "Acme"))
    assert [samples for _, samples in chunks] == [9, 1]
    groups = [Group((str(n),), (("black",), ("white",)), (n, n)) for n in range(5000)]
    chunks = list(render([Family(SHEEP, groups)], "Acme"))
    assert len(chunks) > 1
    assert sum(samples for _, samples in chunks) == 10_000
    assert b"".join(chunk for chunk, _ in chunks).count(b"# HELP") == 1


@pytest.mark.parametrize(
    ("families", "message"),
    [
        ([sheep({("a",): 1})], "1 label values where 2 are named"),
        ([sheep({("a", "b", "c"): 1})], "3 label values where 2 are named"),
        ([family(DOGS, {(): 1}), family(DOGS, {(): 2})], "the family stands twice"),
        ([Family(SHEEP, [Group(("a",), (("b",), ("b",)), (1, 2))])], "two samples with equal labels"),
        ([Family(SHEEP, [Group(("a",), (("b",),), (1,)), Group(("a",), (("c",),), (2,))])], "two groups with equal"),
        ([Family(SHEEP, [Group((), (("a", "b"),), (1,)), Group(("a",), (("b",),), (2,))])], "share different labels"),
    ],
)
def test_what_would_be_a_wrong_exposition_is_refused(families, message):
    with pytest.raises(ValueError, match=message):
        text(*families)


ODD_LABELS = [
    *('"', "\\", "\n", "\\n", '\\"', "\r\n", "\x00", "\t", " ", "}", ",", "%s", "#", "{}"),
    *(
        "日本語",
        "مرحبا",
        "🐑",
        "e\u0301",
        "\u2028",
        "\ufeff",
        "\ud800",
        "\udfff\ud800",
        "é" * 512,
        "é" * 513,
        "x" * 5000,
    ),
]


def odd_sheep() -> Family:
    return sheep({(value, str(number)): number for number, value in enumerate(ODD_LABELS)})


def test_promtool_reads_every_kind_of_label(tool):
    command = [tool("promtool"), "check", "metrics"]
    result = subprocess.run(command, input=text(odd_sheep()).encode(), capture_output=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")

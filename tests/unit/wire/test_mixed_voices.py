"""How a mix of voices is written: what is read out of a name, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.wire.voices import (
    MAX_CHARS,
    MAX_PARTS,
    MAX_WEIGHT,
    MixError,
    is_mix,
    parse_mix,
)


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("af_heart(2)+af_bella(1)", {"af_heart": 2 / 3, "af_bella": 1 / 3}),
        ("af_heart+af_bella", {"af_heart": 0.5, "af_bella": 0.5}),
        (" a ( 3 ) + b(1e0) ", {"a": 0.75, "b": 0.25}),
        ("a(1)+b(1)+a(2)", {"a": 0.75, "b": 0.25}),
        ("a(1)+a(1)", {"a": 1.0}),
        ("a(0.001)", {"a": 1.0}),
        ("+".join(f"v{n}" for n in range(MAX_PARTS)), {f"v{n}": 1 / 8 for n in range(MAX_PARTS)}),
    ],
)
def test_shares_of_a_mix(name: str, shares: dict[str, float]) -> None:
    """In the order of their first mention; they sum up to 1."""
    assert is_mix(name)
    mix = parse_mix(name)
    assert [voice for voice, _ in mix.shares] == list(shares)
    assert dict(mix.shares) == pytest.approx(shares)


def test_the_largest_part_leads_and_of_equals_the_first() -> None:
    """The text has to be read in one language."""
    assert parse_mix("a(1)+b(2)").leading == "b"
    assert parse_mix("a+b").leading == "a"
    assert not is_mix("af_heart")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a(0)+b", "weight of 'a' must be a number over 0 to 1000, but is '0'"),
        ("a(-1)+b", "but is '-1'"),
        ("a(nan)+b", "but is 'nan'"),
        ("a(inf)+b", "but is 'inf'"),
        ("a(1e999)+b", "but is '1e999'"),
        ("a(1000.1)", "but is '1000.1'"),
        ("a()+b", "but is ''"),
        ("a(two)+b", "but is 'two'"),
        ("a+", "'' is no voice with a weight, like af_heart(2)"),
        ("+", "is no voice"),
        ("(2)+a", "'(2)' is no voice"),
        ("a(1)b+c", "is no voice"),
        ("a((1))", "is no voice"),
        ("a(1", "is no voice"),
        ("a+" * MAX_PARTS + "a", "at most 8 voices"),
        ("a" * MAX_CHARS + "+b", "at most 8 voices and 1024 characters"),
        (f"{'x' * 500}(+b", f"'{'x' * 64}…' is no voice"),
    ],
)
def test_what_is_no_mix_is_refused_in_one_line(name: str, says: str) -> None:
    """With the part that is wrong."""
    with pytest.raises(MixError) as caught:
        parse_mix(name)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


_pieces = st.sampled_from(
    ["a", "af_heart", "(", ")", "+", "1", "-", ".", "e9", "nan", " ", "\n", "٣"]
)


@given(st.text(max_size=40) | st.lists(_pieces, max_size=20).map("".join))
def test_whatever_the_name_it_is_a_mix_or_one_clear_error(name: str) -> None:
    """Never another exception, and never shares that are no shares."""
    try:
        mix = parse_mix(name)
    except MixError:
        return
    shares = [share for _, share in mix.shares]
    assert 0 < len(shares) <= MAX_PARTS
    assert all(0 <= share <= 1 for share in shares)
    assert math.isclose(sum(shares), 1.0)
    assert len({voice for voice, _ in mix.shares}) == len(shares)
    assert all(voice and voice == voice.strip() for voice, _ in mix.shares)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z_]{1,9}", fullmatch=True),
            st.floats(0.01, MAX_WEIGHT, allow_nan=False),
        ),
        min_size=1,
        max_size=MAX_PARTS,
        unique_by=lambda part: part[0],
    )
)
def test_what_is_written_is_read(parts: list[tuple[str, float]]) -> None:
    """Names and shares come back as they were put in."""
    total = sum(weight for _, weight in parts)
    mix = parse_mix("+".join(f"{voice}({weight!r})" for voice, weight in parts))
    assert dict(mix.shares) == pytest.approx({voice: weight / total for voice, weight in parts})

"""Which messages quote a text, however they write it, and which only happen to look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.wire.quoting import RUN, characters, describe_exception, quotes

TEXT = "My password is swordfish, they said."


@pytest.mark.parametrize(
    "message",
    [
        f"cannot speak {TEXT}",
        f"cannot speak {TEXT!r}",
        f"cannot speak {TEXT.upper()}",
        f"cannot speak {TEXT.split()}",
        "token 3: 'swordfish'",
        "s-w-o-r-d-f-i-s-h",
        "\uff53\uff57\uff4f\uff52\uff44\uff46\uff49\uff53\uff48",
    ],
)
def test_a_quotation_is_known_in_any_dress(message: str) -> None:
    """Case, spaces, punctuation and forms of letters make no difference."""
    assert quotes(message, TEXT)


@pytest.mark.parametrize("text", ["Пароль — рыба-меч, сказали.", "合言葉は剣魚です。本当に。"])
def test_a_quotation_is_known_though_it_is_escaped(text: str) -> None:
    """As `ascii`, `repr` of bytes and a JSON encoder write it."""
    assert quotes(f"no: {text!a}", text)
    assert quotes(f"no: {text.encode()!r}", text)
    assert not quotes("no: \\u0431\\u0430", text)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Got invalid dimensions for input: tokens",
        "list index out of range",
        "'ˈ'",
        "nothing, he said",
    ],
)
def test_words_that_any_message_may_have_are_no_quotation(message: str) -> None:
    """What is said of tensors, and a word or two that are the same by chance."""
    assert not quotes(message, TEXT)


def test_a_short_text_is_quoted_by_all_of_it() -> None:
    """And one of three letters is in every message."""
    assert quotes("cannot speak 'Fail.'", "Fail.")
    assert not quotes("cannot speak 'Fail.'", "Fails.")
    assert not quotes("no", "No.")


@given(st.text("abcdefghijklmnop ", min_size=60, max_size=200), st.integers(0, 40))
def test_forty_characters_never_pass(text: str, at: int) -> None:
    """Whatever the text is: 40 of its characters in a message are found."""
    part = text[at : at + 40]
    if sum(map(str.isalnum, part)) >= RUN:
        assert quotes(f"failed on <{part}>", text)


def test_an_exception_is_told_by_type_and_place() -> None:
    """In one line, with its message where that says nothing of the text."""
    try:
        raise RuntimeError("shapes\ndo not match")
    except RuntimeError as error:
        harmless = describe_exception(error, [TEXT])
    try:
        raise KeyError(TEXT)
    except KeyError as error:
        quoting = describe_exception(error, ["Another one.", TEXT])
    assert harmless.startswith("RuntimeError in test_quoting.py:")
    assert harmless.endswith(": shapes do not match")
    assert quoting.startswith("KeyError in test_quoting.py:")
    assert quoting.endswith(" (its message quotes the text)")
    assert describe_exception(ValueError(), [TEXT]) == "ValueError"


def test_characters_are_named_a_few_and_in_no_order_of_the_text() -> None:
    """Names and code points; those without a name, too."""
    assert characters("яб!") == ("U+0431 CYRILLIC SMALL LETTER BE, U+044F CYRILLIC SMALL LETTER YA")
    assert characters("zyxw").count("U+") == 3
    assert characters("zyxw").endswith(", …")
    assert characters("!?") == ""

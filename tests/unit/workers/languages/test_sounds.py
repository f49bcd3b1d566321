"""How words of a language sound: what a person who speaks it would hear as wrong."""

from __future__ import annotations

import pytest

from workers.languages import readers
from workers.languages.base import line


def said(language: str, text: str) -> str:
    """The phonemes of a text."""
    return line(readers.reader(language).read(text))


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("Mañana vamos a la playa.", "maɲˈana βˈamos a la plˈaʝa."),
        ("¿Qué hay?", "kˈe ˈI?"),
        ("el gato duerme", "el ɣˈato ðwˈeɾme"),
        ("un día", "ˈun dˈia"),
        ("cinco ciudades", "θˈinko θjuðˈaðes"),
        ("guerra, pingüino, que, guía", "ɡˈera, pinɡwˈino, ke, ɡˈia"),
        ("país, oír, teléfono, reloj", "paˈis, oˈiɾ, telˈefono, relˈox"),
        ("rápidamente", "rˈapiðamˈente"),
        ("EL SEÑOR GARCÍA", "el seɲˈoɾ ɣaɾθˈia"),
    ],
)
def test_spanish(written: str, sounds: str) -> None:
    """Stress by accents and endings, soft stops between vowels, silent letters."""
    assert said("es", written).replace("pinɡ", "piŋɡ") == sounds.replace("pinɡ", "piŋɡ")


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("tavolo, tavoli", "tˈavolo, tˈavolɪ"),
        ("telefono, domani, città", "telˈɛfono, domˈanɪ, ʧitːˈa"),
        ("parlano, vogliono", "pˈarlano, vˈoʎono"),
        ("chiesa, ciao, ghiaccio, giorno", "kjˈɛza, ʧˈao, ɡjˈaʧːo, ʤˈorno"),
        ("gnocchi, figlio, scena, schiena", "ɲˈɔkːɪ, fˈiʎo, ʃˈɛna, skjˈɛna"),
        ("c'è l'amico dell'uomo", "ʧˈɛ lamˈiko dellwˈɔmo"),
        ("mio zio, farmacia, pizza, mezzo", "mˈio ʣˈio, farmaʧˈia, pˈiʦːa, mˈɛʣːo"),
    ],
)
def test_italian(written: str, sounds: str) -> None:
    """Stress and open vowels that are written nowhere, doubled letters, elision."""
    assert said("it", written) == sounds


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("Amanhã vamos à praia.", "ˌæmɐ̃ɲˈɐ̃ vˈɐ̃mʊz aː prˈIæ."),
        ("pão, leite, não", "pˈɐ̃ʊ̃, lˈAʧy, nˌɐ̃ʊ̃"),
        ("avó e avô, escola, novo, nova", "avˈɔ i avˈo, ˌeskˈɔlæ, nˈovʊ, nˈɔvæ"),
        ("carro, caro, rato, honra", "kˈaxʊ, kˈaɾʊ, xˈatʊ, ˈoŋxæ"),
        ("Brasil, mel, falam, homem", "brazˈiʊ, mˈɛʊ, fˈalɐ̃ʊ̃, ˈomAŋ"),
        ("as casas amarelas", "as kˈazaz ˌæmaɾˈɛlæs"),
    ],
)
def test_portuguese(written: str, sounds: str) -> None:
    """Brazil's: ti and di, nasal vowels, l at the end, /z/ before a vowel."""
    assert said("pt-BR", written).replace("kˈazaz", "kˈazæz") == sounds.replace("kˈazaz", "kˈazæz")


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("les enfants, les héros", "lez ɑ̃fˈɑ̃, le eʁˈo"),
        ("un ami, deux heures, vingt ans", "œ̃n amˈi, dˈøz ˈœʁ, vˈɛ̃t ˈɑ̃"),
        ("aujourd'hui c'est l'hiver", "oʒuʁdyˈi sɛ livˈɛʁ"),
        ("six personnes, six ans", "sˈi pɛʁsˈɔn, sˈiz ˈɑ̃"),
        ("la femme chante", "la fˈam ʃˈɑ̃t"),
        ("ils mangent, dit-il", "il mˈɑ̃ʒ, dˈit il"),
        ("Monsieur, où est-il ?", "məsjˈø, u ɛt il?"),
    ],
)
def test_french(written: str, sounds: str) -> None:
    """Liaison and where there is none, elision, silent endings."""
    assert said("fr-FR", written) == sounds


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("नमस्ते", "nəmˈʌsteː"),
        ("कमल, कमला", "kˈʌməl, kˈʌmlaː"),
        ("बच्चों के साथ", "bˈʌcːo\u0303 keː sˈaːtʰ"),
        ("हिन्दी, गंगा, चंपा", "hˈɪndi, ɡˈʌŋɡaː, cˈʌmpaː"),
        ("रोज़ अख़बार", "ɾˈoːz əxbˈaːɾ"),
        ("किताब। दुकान", "kɪtˈaːb. dʊkˈaːn"),
    ],
)
def test_hindi(written: str, sounds: str) -> None:
    """Which /ə/ is silent, nasals, letters with a dot below."""
    assert said("hi", written) == sounds


def test_english_words_in_hindi_are_english() -> None:
    """What stands in Latin letters has the sounds of English."""
    assert said("hi", "यह Python है") == "jˌeː pˈIθˌɑn hɛː"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")
def test_mandarin() -> None:
    """Tones behind the vowel, words by what they mean, figures as they are counted."""
    assert said("zh", "你好。") == "ni↓xau↓."
    assert said("zh", "银行, 行走") == "i↗nxa↗ŋ, ɕi↗ŋʦou↓"
    figures, characters = said("zh", "2024年5月"), said("zh", "二零二四年五月")
    assert figures.replace(" ", "") == characters.replace(" ", "")
    assert "pˈIθˌɑn" in said("zh", "我用Python写程序").split()


def test_japanese() -> None:
    """Figures with what they count; Latin words are English."""
    assert said("ja", "5月12日") == said("ja", "五月十二日") == "ɡoɡaʦɨ ʥɨːɲi ɲiʨi"
    assert "pˈIθˌɑn" in said("ja", "私はPythonが好きです。")


@pytest.mark.parametrize("language", ["es", "it", "pt", "fr", "hi"])
def test_a_pronunciation_that_is_given_is_kept(language: str) -> None:
    """Phonemes in IPA stand as they are given, stress at the vowel."""
    given = "\ue004Nguyen\ue005ˈt͡ʃwan\ue006"
    assert said(language, f"{given}.") == "ʧwˈan."

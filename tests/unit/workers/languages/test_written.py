"""What is said for figures, dates, money, units, signs and capitals."""

from __future__ import annotations

import time

import pytest

from workers.languages import readers
from workers.languages.cardinals import (
    french,
    hindi,
    italian,
    japanese,
    mandarin,
    portuguese,
    spanish,
)


def spoken(language: str, text: str) -> str:
    """The words of a text."""
    return " ".join(part.spoken for part in readers.reader(language).read(text))


@pytest.mark.parametrize(
    ("language", "written", "words"),
    [
        ("es", "El 12/05/2024", "el doce de mayo de dos mil veinticuatro"),
        ("es", "a las 14:30", "a las catorce treinta"),
        ("es", "12,50 €", "doce euros con cincuenta"),
        ("es", "1.234,5 m", "mil doscientos treinta y cuatro coma cinco metros"),
        ("es", "15 %", "quince por ciento"),
        ("es", "-3 °C", "menos tres grados"),
        ("es", "21 kilos, 200 personas", "veintiún kilos, doscientas personas"),
        ("es", "1er piso, 2ª puerta", "primer piso, segunda puerta"),
        ("es", "el DVD de la ONU", "el de uve de de la onu"),
        ("es", "el Sr. Pérez, etc.", "el señor pérez, etcétera"),
        ("es", "0034", "cero cero tres cuatro"),
        (
            "it",
            "il 1/5/2024 alle 14:30",
            "il primo maggio duemila ventiquattro alle quattordici e trenta",
        ),
        ("it", "12,50 €, 1 casa, 21 km", "dodici euro e cinquanta, una casa, ventuno chilometri"),
        ("pt", "R$ 12,50", "doze reais e cinquenta centavos"),
        ("pt", "2 horas, 200 pessoas", "duas horas, duzentas pessoas"),
        ("fr", "14h30, 1er mai, 2e étage", "quatorze heures trente, premier mai, deuxième étage"),
        ("fr", "1 234 567", "un million deux cent trente quatre mille cinq cent soixante sept"),
        ("fr", "12,50 €", "douze euros cinquante"),
        ("hi", "₹250, १२", "दो सौ पचास रुपये, बारह"),
        ("hi", "3.14", "तीन दशमलव एक चार"),
    ],
)
def test_said_for_written(language: str, written: str, words: str) -> None:
    """Each as a person reads it out."""
    assert spoken(language, written) == words


def test_numbers_in_words() -> None:
    """Irregular ones, and where the parts are joined."""
    assert [spanish(n) for n in (16, 21, 31, 100, 101, 21_000)] == [
        "dieciséis", "veintiuno", "treinta y uno", "cien", "ciento uno", "veintiún mil",
    ]  # fmt: skip
    assert [italian(n) for n in (8, 28, 33, 108, 2000)] == [
        "otto", "ventotto", "trentatré", "cento otto", "duemila",
    ]  # fmt: skip
    assert [portuguese(n) for n in (100, 121, 1100, 2024)] == [
        "cem", "cento e vinte e um", "mil e cem", "dois mil e vinte e quatro",
    ]  # fmt: skip
    assert [french(n) for n in (21, 71, 80, 91, 200)] == [
        "vingt et un", "soixante et onze", "quatre-vingts", "quatre-vingt-onze", "deux cent",
    ]  # fmt: skip
    assert hindi(2_050_000) == "बीस लाख पचास हज़ार"
    assert [mandarin(n) for n in (10, 105, 10_010)] == ["十", "一百零五", "一万零一十"]
    assert [japanese(n) for n in (0, 1100, 10_000)] == ["ゼロ", "千百", "一万"]


def test_each_word_has_its_place() -> None:
    """In the text as it was written."""
    text = "  Hola, 12,50 € más"
    read = readers.reader("es").read(text)
    assert [text[part.start : part.end] for part in read] == ["Hola", "12,50 €", "más"]
    assert read[0].phonemes == "ˈola,"


@pytest.mark.parametrize("language", ["es", "fr", "hi", "it", "pt"])
@pytest.mark.parametrize(
    "pattern",
    [
        "1",
        "1.",
        "1,2",
        "12/",
        "a'",
        "a-",
        "€1",
        "\ue004",
        "ा",
        "क्",
        "A",
        "(",
        '"',
        "é\u0301",
        "1 000 ",
        "€1 ",
        "1 ",
        "¿",
        "1-",
        "1/",
        "½",
        "한",
        "XV ",
        "km ",
    ],
)
def test_the_time_is_linear(language: str, pattern: str) -> None:
    """20 kB of anything take well below a second, however it goes on."""
    reader = readers.reader(language)
    reader.read("a")  # What is loaded with the first English word takes its time.
    started = time.process_time()
    reader.read(pattern * (20_000 // len(pattern)))
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("language", "written", "words"),
    [
        ("es", "Siglo XXI, Felipe VI", "siglo veintiuno, felipe sexto"),
        ("it", "XXI secolo", "ventunesimo secolo"),
        ("fr", "le XXIe siècle, Louis XIV", "le vingt et unième siècle, louis quatorze"),
        ("es", "ana.perez@correo.es", "ana punto perez arroba correo punto es"),
        ("es", "Pág. 3, a las 8 p. m.", "página tres, a las ocho de la tarde"),
        ("pt", "R$ 3,5 milhões", "três vírgula cinco milhões de reais"),
        ("hi", "9:05 बजे", "नौ बजकर पाँच मिनट"),
        ("hi", "1,40,00,000", "एक करोड़ चालीस लाख"),
        ("es", "3 x 4 = 12", "tres por cuatro igual a doce"),
        (
            "es",
            "3 x 4, la x, 21 casas, 21 kilos",
            "tres por cuatro, la x, veintiuna casas, veintiún kilos",
        ),
    ],
)
def test_said_for_what_stands_in_messages(language: str, written: str, words: str) -> None:
    """Centuries, addresses, abbreviations, large sums."""
    assert spoken(language, written) == words


@pytest.mark.parametrize(
    ("language", "written", "words"),
    [
        ("es", "½ litro, 3/4 de taza", "medio litro, tres cuartos de taza"),
        ("es", "12-15, 0,99 €", "doce a quince, noventa y nueve céntimos"),
        ("es", "12-15 km, 10-20 %", "doce a quince kilómetros, diez a veinte por ciento"),
        ("fr", "10:00-12:00, 3:2", "dix heures à douze heures, trois à deux"),
        ("es", "912-345-678", "nueve uno dos tres cuatro cinco seis siete ocho"),
        ("es", "$1,200.50 a las 8.30", "mil doscientos dólares con cincuenta a las ocho treinta"),
        ("es", "Alfonso X y Juan Carlos I, la X", "alfonso décimo y juan carlos primero, la equis"),
        ("es", "P. García, p. 5, n.º 3", "pe. garcía, página cinco, número tres"),
        ("es", "un pdf de 3 km", "un pe de efe de tres kilómetros"),
        ("fr", "François Ier, Xe siècle", "françois premier, dixième siècle"),
        ("fr", "av. J.-C., pp. 3-4", "avant Jésus Christ, pages trois à quatre"),
        ("it", "Carlo V alle 8.30", "carlo quinto alle otto e trenta"),
        ("it", "S.p.A., n° 5", "esse pi a, numero cinque"),
        ("pt", "D. Pedro I, séc. XIX", "dom pedro primeiro, século dezenove"),
        ("pt", "R$ 0,50, ½ xícara", "cinquenta centavos, meio xícara"),
        ("hi", "21वीं, 1ला, 100%", "इक्कीसवीं, पहला, सौ प्रतिशत"),
        ("hi", "8/3/1957, 2-3", "आठ मार्च उन्नीस सौ सत्तावन, दो से तीन"),
    ],
)  # fmt: skip
def test_said_for_parts_ranges_and_kings(language: str, written: str, words: str) -> None:
    """Fractions, from one figure to another, hundredths alone, one Roman figure behind a name."""
    assert spoken(language, written) == words


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")
@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2024/5/15", "二零二四年五月十五日"),
        ("1990-1995年", "一九九零年到一九九五年"),
        ("3/4", "四分之三"),
        ("2小时", "两小时"),
        ("¥99.5", "九十九点五元"),
        ("10m²", "十平方米"),
        ("2:30", "两点三十分"),
        ("第2个，2个，2年级", "第二个,两个,二年级"),
        ("2年，第2年，2-3天，1000-2000元", "两年,第二年,两到三天,一千到两千元"),
        ("10:00-12:00，3～5个", "十点到十二点,三到五个"),
        ("比分3:2，98：76", "比分三比二,九十八比七十六"),
        ("400-820-8820，电话是110", "四零零八二零八八二零,电话是一一零"),
        ("CA1234，5G，iPhone15", "CA一二三四,五G,iPhone十五"),
        ("周一-周五，早8点-晚9点，-5~3℃", "周一到周五,早八点到晚九点,负五到三度"),
        ("90后，85后，50‰，2%", "九零后,八五后,千分之五十,百分之二"),
        ("2~3kg，10-15%，5〜10℃", "两到三公斤,百分之十到十五,五到十度"),
        ("电话：010-12345678，1:2:3", "电话:零一零一二三四五六七八,一:二:三"),
    ],
)
def test_said_in_mandarin(written: str, words: str) -> None:
    """Dates, ranges, parts, what is counted and what is not, telephones, scores."""
    assert spoken("zh", written).replace(" ", "") == words


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")
@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("种了树", "ꭧʊ↘ŋlɤ ʂu↘"),
        ("三种", "sa→nꭧʊ↓ŋ"),
        ("你得去", "ni↓ tei↓ ʨʰy↘"),
        ("很长", "xə↓n ꭧʰa↗ŋ"),
        ("还了钱", "xwa↗nlɤ ʨʰjɛ↗n"),
        ("安静地坐", "a→nʨi↘ŋ tɤ ʦwo↘"),
        ("学生们", "ɕɥe↗ʂəŋmən"),
        ("还书", "xwa↗n ʂu→"),
        ("姓曾", "ɕi↘ŋ ʦə→ŋ"),
        ("1月", "i→ɥe↘"),
    ],
)
def test_characters_that_are_read_in_two_ways(written: str, sounds: str) -> None:
    """By what stands beside them."""
    assert " ".join(part.phonemes for part in readers.reader("zh").read(written)) == sounds


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2024/5/15", "二千二十四年五月十五日"),
        ("3/4", "四分の三"),
        ("1990-1995年", "千九百九十から千九百九十五年"),
        ("1990-1995", "千九百九十から千九百九十五"),
        ("10〜15%", "十から十五パーセント"),
        ("090-1234-5678", "ゼロ九ゼロ一二三四五六七八"),
    ],
)
def test_said_in_japanese(written: str, words: str) -> None:
    """Dates, parts, ranges; a telephone figure by figure."""
    assert spoken("ja", written).replace(" ", "") == words


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:pkg_resources")
@pytest.mark.parametrize("language", ["zh", "ja"])
@pytest.mark.parametrize("pattern", ["1 ", "€1 ", "¿", "我", "日本", "한"])
def test_the_time_is_linear_without_spaces(language: str, pattern: str) -> None:
    """20 kB of anything take seconds at most, however it goes on."""
    reader = readers.reader(language)
    reader.read("一")
    started = time.process_time()
    reader.read(pattern * (20_000 // len(pattern)))
    assert time.process_time() - started < 3.0

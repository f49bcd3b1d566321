"""What is heard of SSML, what is told of it, and what is refused."""

from __future__ import annotations

import pytest

from supervisor.core.markup.reading import MarkupError
from tests.fixtures.marked_texts import marked_whole, shown, told


def speak(inner: str) -> str:
    """What is shown of a document, without the paragraph's end that it ends with."""
    return shown(f"<speak>{inner}</speak>", "ssml").removesuffix("⟨paragraph⟩")


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("One  \n two", "One two"),
        ("<p>A</p>\n<p>B</p>", "A⟨paragraph⟩B"),
        ("<p><s>A</s><s>B</s></p>C", "A⟨item⟩B⟨paragraph⟩C"),
        ("a &lt;b&gt; AT&amp;T &#233; <![CDATA[c < d]]><!-- e --><?f g?>", "a <b> AT&T é c < d"),
        ('<sub alias="World Wide Web">WWW</sub>.', "World Wide Web."),
        ('<mark name="x"/>a <w role="b">c</w> <emphasis level="strong">d</emphasis>', "a c d"),
        ("<metadata><x>y</x></metadata>a<audio src='b'><desc>c</desc>d</audio>", "ad"),
        ("[tomato](/təˈmɑːtəʊ/) [b](/c/)", "⟨tomato = təˈmɑːtəʊ⟩ [b](/c/)"),
        ("Wait [pause:1.2s] here.", "Wait [pause:1.2s] here."),
        ("*a* # b", "*a* # b"),
    ],
)
def test_text_and_structure(text: str, heard: str) -> None:
    """Paragraphs and sentences end; white space is nothing but space."""
    assert speak(text) == heard


@pytest.mark.parametrize(
    ("attributes", "pause"),
    [
        ('time="1s"', "[pause:1s]"),
        ('time="500ms"', "[pause:0.5s]"),
        ('time="1.25s" strength="weak"', "[pause:1.25s]"),
        ('time="+2 s"', "[pause:2s]"),
        ("", "[pause:0.4s]"),
        ('strength="x-strong"', "[pause:1s]"),
        ('time="99999999s"', "[pause:999999s]"),
    ],
)
def test_a_break_is_a_silence(attributes: str, pause: str) -> None:
    """Of its time, else as strong as it is called; its longest is for others to say."""
    assert speak(f"a<break {attributes}/>b") == f"a {pause} b"


@pytest.mark.parametrize("attributes", ['strength="none"', 'time="0s"', 'time="soon"'])
def test_a_break_of_nothing_is_none(attributes: str) -> None:
    """Nor is one whose time nobody can read."""
    assert speak(f"a <break {attributes}/>b") == "a b"


@pytest.mark.parametrize(
    ("attributes", "manner"),
    [
        ('rate="slow"', "rate=0.8"),
        ('rate="80%"', "rate=0.8"),
        ('rate="+10%"', "rate=1.1"),
        ('rate="-30%"', "rate=0.7"),
        ('rate="1.2"', "rate=1.2"),
        ('rate="0"', "rate=0.1"),
        ('rate="5000%"', "rate=10"),
        ('volume="silent"', "volume=0"),
        ('volume="x-soft"', "volume=0.25"),
        ('volume="-6dB"', "volume=0.501187"),
        ('volume="+6dB"', "volume=1.99526"),
        ('volume="+40dB"', "volume=2"),
        ('volume="50"', "volume=0.5"),
        ('rate="x-fast" volume="soft"', "rate=1.6;volume=0.5"),
    ],
)
def test_prosody_becomes_a_manner(attributes: str, manner: str) -> None:
    """Factors on speed and volume, within what can be spoken."""
    assert speak(f"a <prosody {attributes}>b</prosody> c") == f"a ⟨{manner}⟩b ⟨as before⟩c"


def test_manners_within_others_multiply() -> None:
    """A voice is kept within, and the outer manner holds again behind."""
    inner = '<prosody rate="80%"><voice name="af_bella xx">b</voice></prosody>'
    assert speak(f'<prosody rate="50%">a {inner} c</prosody>') == (
        "⟨rate=0.5⟩a ⟨rate=0.4;voice=af_bella⟩b ⟨rate=0.5⟩c"
    )
    assert speak('<p>a</p><prosody rate="slow"><p>b</p></prosody><p>c</p>') == (
        "a⟨paragraph⟩⟨rate=0.8⟩b⟨paragraph⟩⟨as before⟩c"
    )
    assert speak('<prosody rate="default">a</prosody><prosody rate="slow"/>b') == "ab"


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ('<phoneme alphabet="ipa" ph="pɪˈkɑːn">pecan</phoneme> pie', "⟨pecan = pɪˈkɑːn⟩ pie"),
        ('<phoneme ph="/nuː jɔːk/">New York</phoneme>', "⟨New York = nuː jɔːk⟩"),
        ('<phoneme ph="æ"/>', "⟨æ = æ⟩"),
        ('<phoneme alphabet="x-sampa" ph="pI">pecan</phoneme>', "pecan"),
        ('<phoneme ph="">pecan</phoneme>', "pecan"),
    ],
)
def test_phonemes_are_a_pronunciation(text: str, heard: str) -> None:
    """In IPA; in other alphabets the word is read as it is written."""
    assert speak(text) == heard


@pytest.mark.parametrize(
    ("inner", "what"),
    [
        ("<foo a='b'>x</foo><foo/>", ["<foo>"]),
        ('<amazon:effect name="whispered">x</amazon:effect>', ["<amazon:effect>"]),
        ("<mstts:express-as style='sad'>x</mstts:express-as>", ["<mstts:express-as>"]),
        ('<voice gender="female">x</voice>', ['<voice gender="female">']),
        ('<lang xml:lang="fr-FR">x</lang>', ['<lang xml:lang="fr-FR">']),
        ('<phoneme alphabet="x-sampa" ph="I">x</phoneme>', ['<phoneme alphabet="x-sampa">']),
        ('<say-as interpret-as="song">x</say-as>', ['<say-as interpret-as="song">']),
        (
            '<prosody pitch="high" rate="quick">x</prosody>',
            ['<prosody rate="quick">', '<prosody pitch="high">'],
        ),
        ('<break time="soon"/>x', ['<break time="soon">']),
        ('<audio src="a.mp3">x</audio>', ["<audio>"]),
        ("<emphasis>x</emphasis><mark name='a'/><meta name='b'/><desc>c</desc>", []),
    ],
)
def test_what_is_not_understood_is_told_and_read_through(inner: str, what: list[str]) -> None:
    """Once each, with its place."""
    text = f"<speak>é {inner}</speak>"
    assert [one for one, _ in told(text)] == what
    assert all(
        at == text.index(one[: one.find("=") + 1 or -1].split(" ")[0]) for one, at in told(text)
    )
    assert marked_whole(text).startswith("é x")


def test_at_most_sixteen_are_told() -> None:
    """A client need not know all of them."""
    text = "<speak>" + "".join(f"<a{n}/>" for n in range(100)) + "</speak>"
    assert [what for what, _ in told(text)] == [f"<a{n}>" for n in range(16)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "<speak><p>a</s></speak>",
            "line 1, column 12: <p> is closed by </s>; write </p> before it",
        ),
        (
            "<speak>\nAT&T</speak>",
            "line 2, column 3: this & begins no reference; write &amp; for it",
        ),
        ("<speak>\r\n3 < 4</speak>", "line 2, column 3: this < begins no tag; write &lt; for it"),
        (
            "<speak>é<p a=1/>",
            "line 1, column 9: the tag <p is not written right; put the values of",
        ),
        (
            "<speak>\n <p>x</p>\n",
            "line 3, column 1: <speak> is not closed; write </speak> at its end",
        ),
        (
            "<speak>&nbsp;</speak>",
            "line 1, column 8: &nbsp; is unknown in SSML; write the character",
        ),
        ("Hello", "line 1, column 1: SSML begins with <speak>; write <speak> before the text and"),
        ("", "line 1, column 1: SSML begins with <speak>"),
        ("<p>x</p>", "line 1, column 1: SSML begins with <speak>"),
        (
            "<speak>a</speak> b",
            "line 1, column 18: there is more behind </speak>; write one <speak>",
        ),
        ("<speak><p a='1' a='2'/></speak>", "line 1, column 17: an attribute stands twice"),
        ("<speak><p", "line 1, column 8: a tag or a comment is not ended; write its > or -->"),
        ("<speak><!-- a -- b --></speak>", "line 1, column 8: a comment may not hold --"),
        ("<speak><![CDATA[a</speak>", "<![CDATA[ is not ended; write ]]> at its end"),
        ("<speak>a\x01</speak>", "line 1, column 9: a character here is none that XML allows"),
        ("<!DOCTYPE s [<!ENTITY a 'b'>]><speak>&a;</speak>", "a document type is refused"),
        (
            "<speak><p a='" + "x" * 100_000,
            "line 1, column 8: a tag or a comment is longer than 65,536",
        ),
        (
            "<speak>" + "<p>" * 10_000,
            "elements stand more than 1,000 deep in each other; close them",
        ),
    ],
)
def test_what_is_no_ssml_is_refused_in_one_line(text: str, line: str) -> None:
    """The line says where, what is wrong, and what to do."""
    with pytest.raises(MarkupError) as raised:
        marked_whole(text, "ssml")
    assert line in str(raised.value)
    assert "\n" not in str(raised.value)


def test_places_are_counted_over_many_steps() -> None:
    """In characters, however many bytes they are."""
    begun = "<speak>" + "é漢🙂\n" * 3000 + "x <bogus/>"
    with pytest.raises(MarkupError, match="line 3001, column 11: <speak> is closed by </p>"):
        marked_whole(f"{begun}</p>", "ssml")
    assert told(f"{begun}</speak>") == [("<bogus>", begun.index("<bogus"))]


def test_deep_and_long_documents_are_read() -> None:
    """A thousand elements deep, and whatever the length; no pronunciation is cut."""
    assert speak("<foo>" * 900 + "x" + "</foo>" * 900) == "x"
    unit = "<s>A [tomato](/təˈmɑːtəʊ/) <sub alias='b'>c</sub>.</s>"
    assert speak(unit * 500) == "⟨item⟩".join(["A ⟨tomato = təˈmɑːtəʊ⟩ b."] * 500)


_ALEXA = """<speak>
    Welcome to <amazon:emotion name="excited" intensity="medium">Ride Hailer</amazon:emotion>.
    <audio src="soundbank://soundlibrary/transportation/car_accelerate_01" />
    You can order a ride, or request a fare estimate.
    Your number is <say-as interpret-as="telephone">2125551212</say-as>.
</speak>"""
_AZURE = """<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis"
       xmlns:mstts="https://www.w3.org/2001/mstts" xml:lang="en-US">
    <voice name="en-US-AvaNeural">
        <mstts:express-as style="cheerful">That'd be just amazing!</mstts:express-as>
        <prosody rate="+30.00%" volume="+20.00%">Enjoy <break strength="weak" />it.</prosody>
    </voice>
</speak>"""
_GOOGLE = """<speak>
  Step 1, take a deep breath. <break time="200ms"/>
  <p><s>The code is <say-as interpret-as="characters">AB-12</say-as></s>
  <s>It is the <say-as interpret-as="ordinal">21</say-as> of
  <say-as interpret-as="date" format="yyyymmdd" detail="1">2026-11-30</say-as>.</s></p>
  <par><media xml:id="q"><speak>Who?</speak></media></par>
</speak>"""


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        (
            _ALEXA,
            (
                "Welcome to Ride Hailer. You can order a ride, or request a fare estimate. "
                "Your number is 2 1 2, 5 5 5, 1 2 1 2.⟨paragraph⟩"
            ),
        ),
        (
            _AZURE,
            (
                "⟨voice=en-US-AvaNeural⟩That'd be just amazing! "
                "⟨rate=1.3;volume=1.2;voice=en-US-AvaNeural⟩Enjoy [pause:0.2s] it.⟨paragraph⟩"
            ),
        ),
        (
            _GOOGLE,
            (
                "Step 1, take a deep breath. [pause:0.2s]⟨paragraph⟩The code is A B dash 1 2⟨item⟩"
                "It is the 21st of 2026-11-30.⟨paragraph⟩Who?⟨paragraph⟩"
            ),
        ),
    ],
)
def test_documents_as_other_services_show_them(text: str, heard: str) -> None:
    """What their own elements hold is read."""
    assert shown(text) == heard

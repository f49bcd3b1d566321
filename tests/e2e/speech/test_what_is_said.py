"""What is said for the texts that people send: pages, recipes, chats, manuals, novels.

All of them are read by one `supervisor read`, as they come: nobody says what they are written in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TEXTS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "letters of another script are left out of a dialogue": (
        "He looked up at the guard. Привет, как дела? Then he walked on.",
        [
            ("He looked up at the guard.", "sentence"),
            ("Then he walked on.", "sentence"),
        ],
    ),
    "a word of another script is left out of a sentence": (
        "Press the 開始 button.",
        [("Press the button.", "sentence")],
    ),
    "both signs for minus, with degrees": (
        "It was −12.5 °C or -3 °F.",
        [
            (
                "It was minus twelve point five degrees Celsius or minus three degrees Fahrenheit.",
                "sentence",
            )
        ],
    ),
    "soft hyphens": (
        "The co\u00adop\u00ader\u00ada\u00adtive met on Mon\u00adday.",
        [("The cooperative met on Monday.", "sentence")],
    ),
    "characters of no width": (
        "A\ufeff quiet\u200b eve\u2060ning\u200e.",
        [("A quiet evening.", "sentence")],
    ),
    "notes in Markdown": (
        "## Setup\n\n* **Unpack** it\n* Run `make`\n* See [the guide](https://e.org?a=1)\n\n---\n\nDone.",
        [
            ("Setup", "heading"),
            ("Unpack it", "item"),
            ("Run make", "item"),
            ("See the guide", "paragraph"),
            ("Done.", "sentence"),
        ],
    ),
    "a scrap of HTML": (
        "I can&#x27;t stay &amp; Ben won&rsquo;t&nbsp;either. A <b>bold</b> step<br>forward.",
        [
            ("I can't stay and Ben won't either.", "sentence"),
            ("A bold step forward.", "sentence"),
        ],
    ),
    "lines that end before they are full": (
        "Packing list:\nPassport\nTwo shirts\nA toothbrush\n",
        [
            ("Packing list:", "item"),
            ("Passport", "item"),
            ("Two shirts", "item"),
            ("A toothbrush", "sentence"),
        ],
    ),
    "lines that were broken because they are full": (
        "This letter goes on over the end\nof its line, and so does every\nother one.",
        [
            (
                "This letter goes on over the end of its line, and so does every other one.",
                "sentence",
            )
        ],
    ),
    "measures before what they measure": (
        '"It led to a 10m (33ft) tunnel with a 40cm gap."',
        [
            (
                '"It led to a ten meter (thirty three feet) tunnel with a forty centimeter gap."',
                "sentence",
            )
        ],
    ),
    "a recipe": (
        "Add 2 tsp of salt and 3 tbsp of oil. The oven takes 60W at 230V.",
        [
            ("Add two teaspoons of salt and three tablespoons of oil.", "sentence"),
            ("The oven takes sixty watts at two hundred thirty volts.", "sentence"),
        ],
    ),
    "fractions, and numbers in groups": (
        "Take ⅓ cup or 2½ spoons. It was .5 litres for 1 000 000 people.",
        [
            ("Take one third cup or two and a half spoons.", "sentence"),
            ("It was point five litres for one million people.", "sentence"),
        ],
    ),
    "roman numerals of kings and chapters": (
        "Ramses II built it.\n\nCHAPTER XIV\n\nThe rain began.",
        [
            ("Ramses the second built it.", "paragraph"),
            ("Chapter fourteen", "heading"),
            ("The rain began.", "sentence"),
        ],
    ),
    "dots in names, addresses and versions": (
        "See notes.app or https://www.example.com/help. It is v2.10.1.",
        [
            ("See notes dot app or W W W dot example dot com slash help.", "sentence"),
            ("It is version two point ten point one.", "sentence"),
        ],
    ),
    "the address of a machine": (
        "It is at 192.168.7.20 now.",
        [("It is at one nine two dot one six eight dot seven dot twenty now.", "sentence")],
    ),
    "accents in place of apostrophes": (
        "She won`t come, and he can´t go.",
        [("She won't come, and he can't go.", "sentence")],
    ),
    "the number of a footnote behind a sentence": (
        "The bridge fell in the flood.[7] It was rebuilt.¹² Nobody paid.",
        [
            ("The bridge fell in the flood.", "sentence"),
            ("It was rebuilt.", "sentence"),
            ("Nobody paid.", "sentence"),
        ],
    ),
    "short forms of large numbers": (
        "It has 1k readers, 2.5k likes, 3m views.",
        [
            (
                "It has one thousand readers, two point five thousand likes, three million views.",
                "sentence",
            )
        ],
    ),
    "words that only look like abbreviations": (
        "I asked twice, and he said no. King Charles met James Cook. Look at the Sun.",
        [
            ("I asked twice, and he said no. King Charles met James Cook.", "sentence"),
            ("Look at the Sun.", "sentence"),
        ],
    ),
}
"""By what is in it, a text; and what is said for each of its segments, and ends with it."""

LEFT_OUT = {
    "letters of another script are left out of a dialogue": ["Привет, как дела (Cyrillic)"],
    "a word of another script is left out of a sentence": ["開始 (Chinese characters)"],
    "the number of a footnote behind a sentence": ["[7]", "¹²"],
}
"""What of such a text is not said."""

HOMOGRAPHS = {
    "I read the paper every morning.": "ɹˈid",
    "She read it yesterday.": "ɹˈɛd",
    "The roof was covered with lead.": "lˈɛd",
    "This road will lead us home.": "lˈid",
}
"""A sentence, and how the word in it sounds that is written like another one."""

Segments = list[dict[str, Any]]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Segments]:
    """The segments of each text, all read by one command in a place without settings."""
    place = tmp_path_factory.mktemp("place")
    texts = [text for text, _said in TEXTS.values()] + list(HOMOGRAPHS)
    command = subprocess.run(
        [sys.executable, "-W", "error", "-m", "supervisor", "read", "--lines", "-"],
        input="\n".join(map(json.dumps, texts)).encode(),
        cwd=place,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (command.returncode, command.stderr) == (0, b"")
    answers = [json.loads(line) for line in command.stdout.splitlines()]
    assert all("error" not in answer for answer in answers)
    segments = [answer["segments"] for answer in answers]
    return dict(zip(texts, segments, strict=True))


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_is_said_as_a_person_would_say_it(read: dict[str, Segments], what: str) -> None:
    """Its words, and what ends with each segment."""
    text, said = TEXTS[what]
    assert [(segment["spoken"], segment["ends"]) for segment in read[text]] == said
    left_out = [shown for segment in read[text] for shown in segment["skipped"]]
    assert left_out == LEFT_OUT.get(what, [])


@pytest.mark.parametrize("sentence", HOMOGRAPHS)
def test_a_word_sounds_as_its_sentence_means_it(read: dict[str, Segments], sentence: str) -> None:
    """`read` and `lead` are two words each."""
    (segment,) = read[sentence]
    assert HOMOGRAPHS[sentence] in segment["phonemes"]


def test_letters_are_said_by_their_names(read: dict[str, Segments]) -> None:
    """The W of an address is a double-u."""
    segment, _version = read[TEXTS["dots in names, addresses and versions"][0]]
    assert segment["phonemes"].count("dˈʌb") + segment["phonemes"].count("dˌʌb") == 3


def test_a_note_with_emoji_is_said_without_them_unless_they_are_wanted(tmp_path: Path) -> None:
    """The setting names them."""
    program = [sys.executable, "-W", "error", "-m", "supervisor", "read", "--json", "See you 👍"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    said = []
    for options in ((), ("--set", "reading.emoji=names")):
        shown = subprocess.run(
            [*program, *options], cwd=tmp_path, env=environ, capture_output=True, check=True
        )
        (segment,) = json.loads(shown.stdout)["segments"]
        said.append(segment["spoken"])
    assert said == ["See you", "See you thumbs up"]

"""What is heard of the languages other than English: sentences spoken, recognised, and held against
what one would say.

The sentences are those of `sets/LANGUAGE.jsonl` (`benchmarks.spoken_sets`). Words that sound
otherwise than those of the nearest spoken form are errors (`benchmarks.sounds_alike`), in Mandarin
syllables, in Japanese kana. Beside it stands how much is written otherwise, letter by letter, and
how much sounds otherwise where more silence stands before it: what is spoken here begins 0.06 s
after the file does, and the recogniser misses first syllables then ("tato" for "la torre").

    python -m benchmarks.heard_languages [--languages es,fr] [--voice NAME] [FILE]

speaks one set or another file: JSON of the form {"es": {"voice": …, "sentences": […]}}.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.aside import RECOGNISER, ask, prepare
from benchmarks.harness import LeftOut, Result, at_least, at_most, say
from benchmarks.heard import differing
from benchmarks.lean_client import POOL_OF_TWO
from benchmarks.service import service
from benchmarks.sounds_alike import sounds, words
from benchmarks.spoken_sets import Row, load_set
from supervisor.audio.wav import write_wav

SILENCE_S: Final = 0.3
"""As much as the models put before a sentence."""

SETS = Path(__file__).parent / "sets"


class Spoken(NamedTuple):
    """A language: its name, the voice that speaks it here, and the most percent of errors."""

    name: str
    voice: str
    target: float | None


LANGUAGES: Final[Mapping[str, Spoken]] = {
    "es": Spoken("Spanish", "ef_dora", 5.0),
    "fr": Spoken("French", "ff_siwis", 15.0),
    "hi": Spoken("Hindi", "hf_alpha", None),
    "it": Spoken("Italian", "if_sara", 5.0),
    "ja": Spoken("Japanese", "jf_alpha", 15.0),
    "pt": Spoken("Portuguese", "pf_dora", 12.0),
    "zh": Spoken("Mandarin", "zf_xiaobei", 3.0),
}
"""For Hindi, the recogniser's ear is worse than any reader: that it is heard as Hindi is asked."""

_BY_SIGN: Final = frozenset({"ja", "zh"})
"""Languages written without spaces."""


class Sentence(NamedTuple):
    """A sentence as it was heard: the errors among what it sounds like, and those in writing.

    `after_silence`: the first two where silence of `SILENCE_S` stands before it.
    """

    text: str
    heard: str
    language: str
    errors: int
    sounds: int
    miswritten: int
    written: int
    after_silence: tuple[int, int]


class Ask(NamedTuple):
    """One sentence to speak."""

    language: str
    voice: str
    row: Row


def run() -> Result:
    """Every language's own set, by one voice."""
    asked = [
        Ask(tag, spoken.voice, row)
        for tag, spoken in LANGUAGES.items()
        for row in load_set(SETS / f"{tag}.jsonl")
    ]
    found = listened(asked)
    claims = []
    for tag, (name, voice, target) in LANGUAGES.items():
        measured = f"{len(found[tag])} sentences, {voice}, heard by Whisper-base"
        if target is None:
            recognised = sum(one.language == tag for one in found[tag])
            share = 100 * recognised / len(found[tag])
            claims.append(at_least(f"{name}: recognised as such", share, 100, "%", measured))
        else:
            percent = error_percent(found[tag])
            claims.append(at_most(f"{name}: {_rate(tag)}", percent, target, "%", measured))
    return Result(
        title="What is heard of other languages",
        arms={tag: [_counted(one) for one in heard] for tag, heard in found.items()},
        claims=claims,
        notes=[
            *(_summed(tag, heard) for tag, heard in found.items()),
            *(
                f"{tag}: {one.text!r} heard as {one.heard!r}"
                for tag, heard in found.items()
                for one in heard
                if one.errors and tag != "hi"
            ),
        ],
    )


def main() -> None:
    """Listen to some and print what was heard wrong; no result is kept."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.heard_languages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, nargs="?", help="other sentences, as JSON")
    parser.add_argument("--languages", help="only these, as in es,fr")
    parser.add_argument("--voice", help="another voice of the one language that is named")
    given = parser.parse_args()
    tags = given.languages.split(",") if given.languages else list(LANGUAGES)
    asked = [
        Ask(tag, given.voice or voice, row)
        for tag, (voice, rows) in _sets(given.file).items()
        if tag in tags
        for row in rows
    ]
    try:
        found = listened(asked)
    except LeftOut as left_out:
        raise SystemExit(str(left_out)) from None
    for tag, heard in found.items():
        for one in heard:
            if one.errors and tag != "hi":
                print(f"{one.errors} of {one.sounds}: {one.text!r} heard as {one.heard!r}")
        print(_summed(tag, heard))


def _sets(file: Path | None) -> dict[str, tuple[str, list[Row]]]:
    """A voice and its sentences for each language."""
    if file is None:
        return {
            tag: (spoken.voice, load_set(SETS / f"{tag}.jsonl"))
            for tag, spoken in LANGUAGES.items()
        }
    return {
        tag: (
            row.get("voice", LANGUAGES[tag].voice),
            [Row(cat="given", text=text, say=(text,)) for text in row["sentences"]],
        )
        for tag, row in json.loads(file.read_text(encoding="utf-8")).items()
    }


def listened(asked: Sequence[Ask]) -> dict[str, list[Sentence]]:
    """What is heard of each sentence, by language. Raises LeftOut without a recogniser, or without
    the voices.
    """
    prepare(RECOGNISER)
    with tempfile.TemporaryDirectory() as directory:
        paths = spoken(asked, Path(directory))
        say(f"recognising {len(paths)} files")
        known = [None if one.language == "hi" else one.language for one in asked]
        answers = _recognised(paths, known)
        say(f"recognising them after {SILENCE_S} s of silence")
        later = _recognised(map(_later, paths), known)
    found: dict[str, list[Sentence]] = {}
    for tag in dict.fromkeys(one.language for one in asked):
        places = [at for at, one in enumerate(asked) if one.language == tag]
        first, second = (
            judged(tag, [(asked[at].row, *heard[at]) for at in places])
            for heard in (answers, later)
        )
        found[tag] = [
            one._replace(after_silence=(other.errors, other.sounds))
            for one, other in zip(first, second, strict=True)
        ]
    return found


def _recognised(paths: Iterable[Path], languages: Iterable[str | None]) -> list[tuple[str, str]]:
    """What is heard in files of these languages, and which language each is taken for."""
    return ask(RECOGNISER, [[str(path), tag] for path, tag in zip(paths, languages, strict=True)])


def _later(path: Path) -> Path:
    """The file in which more silence stands before it."""
    return path.with_suffix(".later.wav")


def judged(tag: str, heard: Sequence[tuple[Row, str, str]]) -> list[Sentence]:
    """Sentences beside what was heard of them, and the language that it was taken for."""
    texts = {text for row, said, _language in heard for text in (said, *row.say)}
    alike = sounds(tag, sorted(texts))
    found = []
    for row, said, language in heard:
        counted = _nearest(alike[said], [alike[form] for form in row.say])
        forms = [_written(tag, form) for form in (row.text, *row.say)]
        written = _nearest(_written(tag, said), forms)
        found.append(Sentence(row.text, said, language, *counted, *written, after_silence=counted))
    return found


def error_percent(heard: Iterable[Sentence]) -> float:
    """Errors for each hundred words, syllables or kana of all sentences together."""
    heard = list(heard)
    return 100 * sum(one.errors for one in heard) / sum(one.sounds for one in heard)


def spoken(asked: Sequence[Ask], directory: Path) -> list[Path]:
    """A file for each sentence, and another one beside it (`_later`). Raises LeftOut where a voice
    is not here.
    """
    paths = [directory / f"{number}.wav" for number in range(len(asked))]
    settings = {**POOL_OF_TWO, "engines.preload": ["kokoro"]}
    with service(settings) as running, running.client() as client:
        there = client.engines()["kokoro"]["voices"]
        if missing := {one.voice for one in asked}.difference(there):
            raise LeftOut(
                f"voices are missing ({', '.join(sorted(missing))}): "
                "supervisor models pull kokoro-voices"
            )
        say(f"speaking {len(asked)} sentences")
        for one, path in zip(asked, paths, strict=True):
            audio = client.synthesize(one.row.text, voice=one.voice, engine="kokoro", seed=1)
            write_wav(path, audio.samples, audio.sample_rate)
            silence = np.zeros(round(SILENCE_S * audio.sample_rate), audio.samples.dtype)
            write_wav(_later(path), np.concatenate([silence, audio.samples]), audio.sample_rate)
    return paths


def _nearest(heard: Sequence[str], forms: Iterable[Sequence[str]]) -> tuple[int, int]:
    """Errors and length of the form that has the fewest errors for its length."""
    counted = [(differing(form, heard), max(1, len(form))) for form in forms]
    return min(counted, key=lambda one: one[0] / one[1])


def _written(tag: str, text: str) -> list[str]:
    said = [word.replace("'", "") for word in words(text)]
    return list("".join(said)) if tag in _BY_SIGN else said


def _rate(tag: str) -> str:
    return {"zh": "syllable error rate", "ja": "kana error rate"}.get(tag, "word error rate")


def _summed(tag: str, heard: Sequence[Sentence]) -> str:
    written = 100 * sum(one.miswritten for one in heard) / sum(one.written for one in heard)
    recognised = sum(one.language == tag for one in heard)
    if tag == "hi":
        return f"hi: taken for Hindi {recognised} of {len(heard)} times"
    wrong, sounding = (sum(one.after_silence[at] for one in heard) for at in (0, 1))
    return (
        f"{tag}: {error_percent(heard):.1f} % sounds otherwise, {100 * wrong / sounding:.1f} % "
        f"after {SILENCE_S} s of silence; {written:.1f} % is written otherwise"
    )


def _counted(one: Sentence) -> dict[str, float]:
    return {"errors": float(one.errors), "sounds": float(one.sounds)}


if __name__ == "__main__":
    main()

"""What is offered is spoken: each voice says a sentence in each language that it is listed with.

A speech recogniser writes down what it hears. It is gibberish where more than 60 % of it sounds
otherwise than what was written; Hindi is told by the recogniser's own guess of the language, and a
language that nothing here can compare is left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.aside import RECOGNISER, ask, prepare
from benchmarks.harness import Result, at_most, say
from benchmarks.heard import nearest
from benchmarks.heard_languages import LANGUAGES, SETS, error_percent, judged
from benchmarks.lean_client import POOL_OF_TWO
from benchmarks.service import service
from benchmarks.spoken_sets import Row, load_set
from supervisor.audio.wav import write_wav
from supervisor.client import Client, SupervisorError

GIBBERISH_PERCENT = 60.0
ENGLISH: Final = "The ferry to the old harbour leaves at noon."


class Offer(NamedTuple):
    """A voice of an engine, with a language that it is listed with."""

    engine: str
    voice: str
    language: str

    @property
    def subtag(self) -> str:
        """The language without its region."""
        return self.language.partition("-")[0]


class Told(NamedTuple):
    """An offer, what was heard of it or why it was refused, and the percent that is otherwise."""

    offer: Offer
    heard: str
    percent: float
    refused: bool = False


def run() -> Result:
    """Every voice that is here in every language of it, one sentence each."""
    prepare(RECOGNISER)
    with tempfile.TemporaryDirectory() as directory:
        told = list(_told(Path(directory)))
    refused = [one for one in told if one.refused]
    gibberish = [one for one in told if not one.refused and one.percent > GIBBERISH_PERCENT]
    voices = {(one.offer.engine, one.offer.voice) for one in told}
    measured = f"{len(told)} pairs of a voice and a language, {len(voices)} voices"
    return Result(
        title="What is offered is spoken",
        arms={
            f"{engine} {subtag}": [
                {"otherwise %": one.percent}
                for one in told
                if (one.offer.engine, one.offer.subtag) == (engine, subtag) and not one.refused
            ]
            for engine, subtag in sorted({(one.offer.engine, one.offer.subtag) for one in told})
        },
        claims=[
            at_most(
                "voices that are gibberish in a language of theirs", len(gibberish), 0, "", measured
            ),
            at_most(
                "voices that are refused in a language of theirs", len(refused), 0, "", measured
            ),
        ],
        notes=[
            *(f"{one.offer}: refused: {one.heard}" for one in refused),
            *(f"{one.offer}: {one.percent:.0f} % of {one.heard!r}" for one in gibberish),
        ],
    )


def sentence(subtag: str) -> Row | None:
    """What is said in a language: the first sentence of its set."""
    if subtag == "en":
        return Row(cat="plain", text=ENGLISH, say=(ENGLISH,))
    return load_set(SETS / f"{subtag}.jsonl")[0] if subtag in LANGUAGES else None


def offers(client: Client) -> Iterator[Offer]:
    """All that the catalogue lists."""
    for engine, about in sorted(client.engines().items()):
        if about["unavailable"] is not None:
            continue
        for voice, own in about["voices"].items():
            for language in about["languages"].get(voice, (own,)):
                yield Offer(engine, voice, language)


def _told(directory: Path) -> Iterator[Told]:
    spoken: list[tuple[Offer, Row, Path]] = []
    settings = {**POOL_OF_TWO, "engines.preload": ["kokoro", "hibari"]}
    with service(settings) as running, running.client() as client:
        for offer in offers(client):
            row = sentence(offer.subtag)
            if row is None:
                say(f"{offer}: no sentence of this language is here")
                continue
            try:
                audio = client.synthesize(
                    row.text, offer.voice, offer.engine, seed=1, language=offer.language
                )
            except SupervisorError as refusal:
                yield Told(offer, str(refusal), 100.0, refused=True)
                continue
            spoken.append((offer, row, directory / f"{len(spoken)}.wav"))
            write_wav(spoken[-1][2], audio.samples, audio.sample_rate)
    say(f"recognising {len(spoken)} files")
    asked = [[str(path), None if one.subtag == "hi" else one.subtag] for one, _, path in spoken]
    answers = ask(RECOGNISER, asked)
    for (offer, row, _path), (text, language) in zip(spoken, answers, strict=True):
        yield Told(offer, text, _percent(offer.subtag, row, text, language))


def _percent(subtag: str, row: Row, heard: str, language: str) -> float:
    """How much sounds otherwise. For Hindi all or nothing."""
    if subtag == "hi":
        return 0.0 if language == "hi" else 100.0
    if subtag == "en":
        one = nearest(row, heard)
        return 100 * one.errors / one.words
    return error_percent(judged(subtag, [(row, heard, language)]))

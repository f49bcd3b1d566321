"""Speech options: engine, voice, speed, volume and seed, carried whole from request to engine.

A client sends those it cares for (`PartialSpeech`); `broker.requests` checks them and fills in the
rest, and jobs, workers and engines have a `Speech`. An option with a default that changes nothing
stands in `_Manner`, for both; that puts it on the wire, in the journal, in reports and traces.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final, Literal

import msgspec

End = Literal["phrase", "clause", "sentence", "item", "heading", "paragraph"]
"""What ends with a segment, from the weakest to the strongest; `phrase` is no end at all: the
sentence was too long for one segment."""

Ends = End | float
"""What ends with a segment; or the seconds of silence after it that the text itself asks for."""

SENTENCE_S: Final = 0.6
"""Silence after a sentence."""
CLAUSE_S: Final = 0.2
"""Silence between two clauses of one sentence, as a comma has it in a sentence spoken at once."""


Markup = Literal["auto", "plain", "markdown", "html", "ssml", "tags"]
"""What a text is written in. `auto`: SSML if it begins with `<speak`, HTML if it begins as a
document, else whatever signs of Markdown and HTML are in it."""

Unreadable = Literal["skip", "spell", "refuse"]
"""What becomes of letters that a voice cannot read: left out, called by their names, or the
request is refused."""


RequestClass = Literal["interactive", "stream", "batch"]
"""How urgent a text is, the most urgent first: somebody waits for it, somebody listens to it, or
neither, as for a book."""


class _Manner(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Options that are independent of the engine.

    `speed` is a factor, 1.0 the voice's own pace. `volume` is one, too, 1.0 as loud as the
    engine speaks; it is applied to the samples that an engine returns. With `words` the times of
    the words come with the audio, which is the same.
    """

    speed: float = 1.0
    volume: float = 1.0
    words: bool = False


_MANNER: Final = _Manner.__struct_fields__
_manner_of: Final = attrgetter(*_MANNER)


class PartialSpeech(_Manner, frozen=True, kw_only=True):
    """Options that a client asks for.

    None means the configured default engine, that engine's default voice, a seed that is drawn,
    and to read the text as the settings say (`reading`). `language`: the tag of the language to
    read it in (`wire.languages`); None is the voice's own. Without a voice it takes one that reads
    it. `markup` is a Markup, `unreadable` an Unreadable; `pronunciations` are entries for this text
    (`supervisor.lexicon`), before those of the settings. The client will play the audio `tempo`
    times as fast: so much longer are the silences that the text asks for.
    """

    engine: str | None = None
    voice: str | None = None
    seed: int | None = None
    language: str | None = None
    markup: str | None = None
    unreadable: str | None = None
    pronunciations: dict[str, Any] | None = None
    tempo: float = 1.0

    def complete(self, *, engine: str, voice: str, language: str | None, seed: int) -> Speech:
        """The same options, complete."""
        manner = dict(zip(_MANNER, _manner_of(self), strict=True))
        return Speech(engine=engine, voice=voice, language=language, seed=seed, **manner)


class Speech(_Manner, frozen=True, kw_only=True):
    """All options that decide the samples of a text, checked and complete.

    `voice` may be a mix of voices (`wire.voices`); `seed` fixes what the engine draws at random.
    `language`: the BCP 47 tag to read the text in, one of the voice's; None: the voice's own.
    """

    engine: str
    voice: str
    seed: int = 0
    language: str | None = None


class Word(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A word as it is written in the text, punctuation with it, and when it is heard, in seconds.

    On the wire they count from the first sample of its segment, for a client's user from that of
    the job. `start` and `end` are its place in the text as it was sent, in characters; None where
    it does not stand there as it was read, and on the wire, where they are left out.
    """

    text: str
    begin_s: float
    end_s: float
    start: int | None = None
    end: int | None = None


class LeftOut(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What of a text was not read: letters of a script (`chars` of them), or a tag that nobody
    knows. `at`: where it begins, in characters of the text as it was sent; None where unknown.
    """

    what: str
    at: int | None = None
    chars: int = 0

    def __str__(self) -> str:
        count = f"{self.chars} character{'s' if self.chars > 1 else ''} ({self.what})"
        what = count if self.chars else self.what
        return what if self.at is None else f"{what} at {self.at}"


class Prosody(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a part of a text is spoken, beside the job's own speech: factors on its speed and its
    volume, and another voice of the same engine, None for the job's own. `language` is what that
    voice reads it in, None for its own.
    """

    rate: float = 1.0
    volume: float = 1.0
    voice: str | None = None
    language: str | None = None

    def applied(self, speech: Speech) -> Speech:
        """The job's speech in this manner."""
        return msgspec.structs.replace(
            speech,
            speed=speech.speed * self.rate,
            volume=speech.volume * self.volume,
            voice=speech.voice if self.voice is None else self.voice,
            language=speech.language if self.voice is None else self.language,
        )

    def encoded(self) -> str:
        """On one line, without a tab; empty where nothing differs. `decoded` reads it."""
        fields = [f"rate={self.rate:.6g}"] if self.rate != 1.0 else []
        fields += [f"volume={self.volume:.6g}"] if self.volume != 1.0 else []
        fields += [f"voice={self.voice}"] if self.voice is not None else []
        fields += [f"language={self.language}"] if self.language is not None else []
        return ";".join(fields)

    @classmethod
    def decoded(cls, line: str) -> Prosody:
        """What `encoded` wrote. What nobody knows is left out."""
        fields = dict(field.partition("=")[::2] for field in line.split(";"))
        try:
            rate, volume = (float(fields.get(name, 1.0)) for name in ("rate", "volume"))
        except ValueError:
            rate = volume = 1.0
        voice, language = fields.get("voice"), fields.get("language")
        return cls(rate=rate, volume=volume, voice=voice, language=language)


class Pauses(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Silence from the last sound of a segment to the first of the next, in seconds at speed 1.

    `asked` is a factor on those that a text asks for.
    """

    sentence_s: float = SENTENCE_S
    heading_s: float = 0.8
    paragraph_s: float = 1.0
    asked: float = 1.0

    def after(self, ends: Ends, speed: float) -> float:
        """Seconds of silence after a segment. Those that a text asks for are the same at any
        speed; a list's item pauses like a sentence.
        """
        match ends:
            case float():
                return ends * self.asked
            case "phrase":
                return 0.0
            case "clause":
                return CLAUSE_S / speed
            case "heading":
                return self.heading_s / speed
            case "paragraph":
                return self.paragraph_s / speed
        return self.sentence_s / speed

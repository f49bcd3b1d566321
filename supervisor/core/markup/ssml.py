"""SSML 1.1 becomes a marked text: breaks, pronunciations, manners of speaking, and plain writing.

A document that is not well-formed is refused with its place and what to do; an element or a value
that nobody knows is read through and told. There are no entities of a document's own, so that no
text can grow. What `<say-as>` means stands in `say_as`, what rates and volumes are in `prosody`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final
from xml.parsers import expat

import msgspec

from supervisor.core.markup import faults, prosody, say_as
from supervisor.core.markup.flow import Flow
from supervisor.core.markup.ipa import with_pronunciations
from supervisor.core.markup.places import Places
from supervisor.core.markup.told import MarkupError, Told
from supervisor.marks import ITEM, PARAGRAPH, PRIVATE, pronounced
from supervisor.phonemes import PhonemeError, one_form
from supervisor.speech import Prosody

_STEP: Final = 1024
"""Characters that one step reads."""
_LONGEST_TAG: Final = 65_536
"""Characters of one tag or comment; reading one in pieces takes time with its square."""
_DEEPEST: Final = 1000
_MOST_TOLD: Final = 16
_LONGEST_TOLD: Final = 60
_LONGEST_SAID: Final = 1000
"""Characters of an element that are written anew."""
_MOST_SECONDS: Final = 999_999.0
"""The longest break that can be written. How long a silence may be is for the cutter to say."""

_PARAGRAPHS: Final = frozenset(["p", "paragraph", "speak"])
_SENTENCES: Final = frozenset(["s", "sentence"])
_THROUGH: Final = frozenset(["emphasis", "mark", "bookmark", "token", "w", "lookup", "meta"])
"""Understood, and without a meaning of their own for what is written here."""
_UNREAD: Final = frozenset(["metadata", "desc"])
_UNHEARD: Final = ("pitch", "range", "contour", "duration")
"""Attributes of `prosody` that no engine follows."""

_UNFIT: Final = re.compile(r"[;\t\ue000-\ue00f]")
"""What no name of a voice holds."""


def read(source: str) -> Iterator[str | Told]:
    """The marked text of SSML, a step at a time. Raises MarkupError."""
    document = _Document(source)
    try:
        at = document.begin
        while at < len(source):
            end = _step(source, at)
            document.feed(at, end)
            at = end
            yield document.flow.take()
            yield from document.told_since()
        document.close()
        yield document.flow.finish()
        yield from document.told_since()
    finally:
        document.let_go()


def _step(source: str, at: int) -> int:
    """The end of a step: behind a tag or a word, so that no pronunciation in the text is cut."""
    end = at + _STEP
    if end >= len(source):
        return len(source)
    half = at + _STEP // 2
    return (source.rfind(">", half, end) + 1) or (source.rfind(" ", half, end) + 1) or end


class _Open(msgspec.Struct, gc=False):
    """An element that is open: its name, and the manner around it."""

    name: str
    around: Prosody


class _Written(msgspec.Struct, frozen=True, gc=False):
    """An element whose content is written anew when it ends, at a depth."""

    depth: int
    name: str
    attributes: dict[str, str]
    byte: int
    """Where it begins."""


class _Document:
    """A document as it is read."""

    def __init__(self, source: str) -> None:
        self.flow = Flow()
        self.flow.mode = "collapsed"
        self._source = source
        self.begin = len(source) - len(source.lstrip("\ufeff \t\r\n"))
        self._places = Places(source, self.begin)
        if not source.startswith("<", self.begin):
            raise MarkupError(f"{self._places.line_and_column(self.begin)}: {faults.NO_SPEAK}")
        self._open: list[_Open] = []
        self._manner = Prosody()
        self._unread = 0
        """Depth of the element that is left out with its content; 0 if there is none."""
        self._anew: _Written | None = None
        self._content: list[str] = []
        self._told: list[Told] = []
        self._all_told: set[str] = set()
        self._readers: dict[str, Callable[[dict[str, str]], None]] = {
            "break": self._break, "prosody": self._prosody, "voice": self._voice, "sub": self._sub,
            "say-as": self._say_as, "phoneme": self._phoneme, "lang": self._lang,
        }  # fmt: skip
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        self._parser = parser

    def feed(self, at: int, end: int) -> None:
        """Read this part of the source, which follows what was read before."""
        written = self._source[at:end].encode("utf-8", "replace")
        self._places.add(at, written)
        try:
            self._parser.Parse(written)
        except expat.ExpatError as error:
            raise self._fault(error) from None
        waits = self._places.bytes - max(self._parser.CurrentByteIndex, 0)
        if waits > _LONGEST_TAG:
            raise self._error(faults.endless(_LONGEST_TAG))

    def close(self) -> None:
        """There is no more."""
        try:
            self._parser.Parse(b"", True)  # noqa: FBT003 (it takes no names)
        except expat.ExpatError as error:
            raise self._fault(error) from None

    def let_go(self) -> None:
        """Nothing more is read. The parser holds our methods, and they us, and the whole text."""
        self._readers.clear()
        parser = self._parser
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        parser.StartDoctypeDeclHandler = None

    def told_since(self) -> list[Told]:
        """What was told since."""
        told, self._told = self._told, []
        return told

    # -- faults ------------------------------------------------------------------------------------

    def _error(self, message: str, at: int | None = None) -> MarkupError:
        place = self._places.char(self._parser.CurrentByteIndex) if at is None else at
        return MarkupError(f"{self._places.line_and_column(place)}: {message}")

    def _fault(self, error: expat.ExpatError) -> MarkupError:
        at = self._places.char(self._parser.ErrorByteIndex)
        inner = self._open[-1].name if self._open else ""
        if error.code == faults.INVALID:
            at = faults.cause(self._source, at)
        elif self._source.startswith("</", at - 2):
            at -= 2
        return self._error(faults.message(error.code, self._source[at : at + 100], inner), at)

    def _doctype(self, *_: object) -> None:
        raise self._error(faults.DOCTYPE)

    def _tell(self, what: str, byte: int | None = None) -> None:
        """Tell once of what is read through. `byte`: where it began, if not just now."""
        if len(self._all_told) < _MOST_TOLD and what not in self._all_told:
            self._all_told.add(what)
            at = self._places.char(self._parser.CurrentByteIndex if byte is None else byte)
            self._told.append(Told(PRIVATE.sub("", what)[:_LONGEST_TOLD], at))

    # -- what stands in it -------------------------------------------------------------------------

    def _text(self, text: str) -> None:
        if self._unread:
            return
        text = PRIVATE.sub("", text)
        if self._anew is None:
            self.flow.text(with_pronunciations(text))
            return
        self._content.append(text)
        if sum(map(len, self._content)) > _LONGEST_SAID:
            self._anew = None
            self.flow.text("".join(self._content))
            self._content.clear()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open and name != "speak":
            raise self._error(faults.NO_SPEAK)
        self._open.append(_Open(name, self._manner))
        if len(self._open) > _DEEPEST:
            raise self._error(faults.deep(_DEEPEST))
        if self._unread:
            return
        if name in _PARAGRAPHS:
            self.flow.end(PARAGRAPH)
        elif name in _SENTENCES:
            self.flow.end(ITEM)
        elif name in _UNREAD:
            self._unread = len(self._open)
        elif name in self._readers:
            self._readers[name](attributes)
        elif name not in _THROUGH:
            self._tell(f"<{name}>")

    def _break(self, attributes: dict[str, str]) -> None:
        time, strength = attributes.get("time"), attributes.get("strength")
        seconds = prosody.silence_s(time, strength)
        if seconds is None:
            self._tell(_tag("break", "time" if time is not None else "strength", attributes))
        elif seconds:
            written = f"{min(seconds, _MOST_SECONDS):.3f}".rstrip("0").rstrip(".")
            self.flow.text(f" [pause:{written}s] ")

    def _prosody(self, attributes: dict[str, str]) -> None:
        factors: dict[str, float] = {}
        for name, factor in (("rate", prosody.rate), ("volume", prosody.volume)):
            if name in attributes:
                value = factor(attributes[name].strip())
                if value is None:
                    self._tell(_tag("prosody", name, attributes))
                else:
                    factors[name] = value
        for name in _UNHEARD:
            if attributes.get(name, "default") not in {"default", "medium", "+0%", "0%", "+0st"}:
                self._tell(_tag("prosody", name, attributes))
        self._speak_as(prosody.combined(self._manner, **factors))

    def _voice(self, attributes: dict[str, str]) -> None:
        name = next(iter(attributes.get("name", "").split()), "")
        if not name or _UNFIT.search(name):
            self._tell(_tag("voice", next(iter(attributes), ""), attributes))
        else:
            self._speak_as(msgspec.structs.replace(self._manner, voice=name))

    def _speak_as(self, manner: Prosody) -> None:
        self._manner = manner
        self.flow.manner(manner.encoded())

    def _sub(self, attributes: dict[str, str]) -> None:
        if "alias" in attributes:
            self._text(attributes["alias"])
            self._unread = len(self._open)
        else:
            self._tell("<sub>")

    def _say_as(self, attributes: dict[str, str]) -> None:
        self._begin_anew("say-as", attributes)

    def _phoneme(self, attributes: dict[str, str]) -> None:
        if attributes.get("alphabet", "ipa").lower() != "ipa":
            self._tell(_tag("phoneme", "alphabet", attributes))
        else:
            self._begin_anew("phoneme", attributes)

    def _lang(self, attributes: dict[str, str]) -> None:
        self._tell(_tag("lang", "xml:lang", attributes))

    def _begin_anew(self, name: str, attributes: dict[str, str]) -> None:
        if self._anew is None:
            self._anew = _Written(
                depth=len(self._open),
                name=name,
                attributes=attributes,
                byte=self._parser.CurrentByteIndex,
            )

    def _write_anew(self, element: _Written) -> None:
        """Say the content of an element that has ended, as the element has it."""
        content = "".join(self._content)
        self._content.clear()
        self._anew = None
        attributes = element.attributes
        if element.name == "phoneme":
            phonemes = PRIVATE.sub("", attributes.get("ph", "")).strip(" /[]")
            said = content.strip() or phonemes
            try:
                said = pronounced(said, one_form(phonemes))
            except PhonemeError:
                self._tell(_tag("phoneme", "ph", attributes), element.byte)
        else:
            what, form = attributes.get("interpret-as", ""), attributes.get("format", "")
            rewritten = say_as.said(content, what, form)
            if rewritten is None:
                self._tell(_tag("say-as", "interpret-as", attributes), element.byte)
            said = content if rewritten is None else rewritten
        before, after = (" " * bool(edge.isspace()) for edge in (content[:1], content[-1:]))
        self.flow.text(f"{before}{said}{after}")

    def _end(self, name: str) -> None:
        ended = self._open.pop()
        depth = len(self._open) + 1
        if self._unread:
            if self._unread == depth:
                self._unread = 0
            return
        if self._anew is not None and self._anew.depth == depth:
            self._write_anew(self._anew)
        if name in _PARAGRAPHS:
            self.flow.end(PARAGRAPH)
        elif name in _SENTENCES:
            self.flow.end(ITEM)
        if ended.around is not self._manner:
            self._manner = ended.around
            self.flow.manner(self._manner.encoded())


def _tag(name: str, attribute: str, attributes: dict[str, str]) -> str:
    """A tag and that one of its attributes which is not understood."""
    if attribute not in attributes:
        return f"<{name}>"
    return f'<{name} {attribute}="{attributes[attribute]}">'

"""Check a SUBMIT: it becomes a job request, or a refusal that says what was wrong.

Compares what the client asked for with what the engines can do. `core.jobs.admission` decides
whether there is room for the job, `cutting` when its text is cut.
"""

from __future__ import annotations

import functools
import hashlib
import random
import re
from collections.abc import Callable
from typing import TypeVar, get_args

import msgspec

from supervisor import marks
from supervisor.broker.cutting import TextReader
from supervisor.broker.preparing import Preparation
from supervisor.broker.refused import Refused, bad_text, shown
from supervisor.broker.voices import Choice, choose, find_voice, language_for, of_one_rate
from supervisor.config import Settings
from supervisor.core.jobs.classes import CLASSES
from supervisor.core.jobs.pronunciations import Dictionary, Pronunciations
from supervisor.core.jobs.request import HIGHEST_PRIORITY, JobRequest, Shared, TraceContext
from supervisor.core.jobs.segmentation import Uncut, uncut
from supervisor.core.jobs.stretches import Stretch
from supervisor.lexicon import MAX_REQUEST, Entry, LexiconError, parse
from supervisor.speech import Markup, PartialSpeech, Prosody, RequestClass, Unreadable
from supervisor.wire.client import Submit
from supervisor.wire.codec import Body
from supervisor.wire.trace_context import header_or_none
from supervisor.wire.worker import Catalogue

MAX_ID_CHARS = 128
MAX_SEED = (1 << 63) - 1
SHARED_SEED = 0
"""That of requests without a seed, where they share one."""
MAX_VOLUME = 2.0
MAX_TEMPO = 10.0
MAX_CREDIT = 1 << 40
MAX_KEY_CHARS = 256
MAX_ON_BEHALF_CHARS = 128
MAX_LABEL_CHARS = 256
MAX_PARTS = 10_000
MAX_SEGMENT = 1 << 30
MAX_DEADLINE_MS = 366 * 24 * 3_600_000
_Name = TypeVar("_Name", bound=str)
_LEFT_OPEN = PartialSpeech()
_NO_ENTRIES = Dictionary()


def read_text(body: Body, max_bytes: int) -> str:
    """The text of a SUBMIT. Raises Refused (`text_too_long`, `bad_text`)."""
    if len(body) > max_bytes:
        raise bad_text("text_too_long", f"the text has {len(body)} bytes, more than {max_bytes}")
    try:
        text = str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise bad_text(
            "bad_text", f"the text is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}"
        ) from None
    if "\0" in text:
        where = text.index("\0")
        raise bad_text("bad_text", f"the text has a NUL character at position {where}")
    return text


def read_request(
    submit: Submit,
    text: str,
    catalogue: Catalogue,
    settings: Settings,
    now: float,
    scope: str = "",
) -> tuple[JobRequest, TextReader]:
    """The job request of a SUBMIT, complete but for its segments, and the reader that cuts them.

    `now` is when the request came in, monotonic seconds; `scope`, within which what is spoken for
    it is cached. Raises Refused.
    """
    asked = _Asked(submit, catalogue, settings)
    fingerprint = b"" if submit.key is None else _fingerprint(submit, text)
    return asked.request(now, fingerprint, scope), asked.reader(text)


def read_open_request(
    submit: Submit, catalogue: Catalogue, settings: Settings, now: float, scope: str = ""
) -> tuple[JobRequest, Callable[[str, bool], TextReader], str]:
    """The job request of a SUBMIT whose text is open, what reads stretches of it, and the language
    that it is in. `scope` as in `read_request`. Raises Refused.
    """
    asked = _Asked(submit, catalogue, settings)
    if submit.part is not None or submit.first_segment:
        field = "part" if submit.first_segment == 0 else "first_segment"
        raise Refused("out_of_range", f"an open text has no {field}: it is not whole", field=field)
    if submit.key is not None and not submit.durable:
        reason = "an open text is named by a key only if it is durable: nobody else has it"
        raise Refused("out_of_range", reason, field="open")
    if asked.markup in {"html", "ssml"}:
        reason = f"an open text is written in plain or markdown, not in {asked.markup}"
        raise Refused("out_of_range", reason, field="markup")
    fingerprint = b"" if submit.key is None else _fingerprint(submit, "")
    request = msgspec.structs.replace(
        asked.request(now, fingerprint, scope),
        open=True,
        asked=msgspec.msgpack.encode(submit) if submit.durable else b"",
    )
    return request, asked.stretch_reader, asked.language


def read_again(
    request: JobRequest, catalogue: Catalogue, settings: Settings, now: float
) -> tuple[Callable[[str, bool], TextReader], str]:
    """What reads more of a durable open text, and the language that it is in. Raises Refused.

    The voice stays as it was chosen, whichever is the default one by now.
    """
    submit = msgspec.structs.replace(
        msgspec.msgpack.decode(request.asked, type=Submit),
        engine=request.speech.engine,
        voice=request.speech.voice,
    )
    _request, read, language = read_open_request(submit, catalogue, settings, now)
    return read, language


class _Asked:
    """A checked SUBMIT without its text. Raises Refused."""

    def __init__(self, submit: Submit, catalogue: Catalogue, settings: Settings) -> None:
        _check(submit)
        self._submit, self._settings = submit, settings
        self._chosen = choose(submit, settings.engines.default, catalogue)
        engine = self._chosen.engine
        _within("speed", submit.speed, engine.min_speed, engine.max_speed)
        self.language = self._chosen.read_in
        reading = settings.reading
        self.markup, self._policy = reading.markup, reading.unreadable
        if submit.markup is not None:
            self.markup = _one_of("markup", submit.markup, get_args(Markup))
        if submit.unreadable is not None:
            self._policy = _one_of("unreadable", submit.unreadable, get_args(Unreadable))
        self._class: RequestClass | None = None
        if submit.request_class is not None:
            self._class = _one_of("class", submit.request_class, CLASSES)
        self._begin = functools.partial(
            uncut,
            language=self.language,
            first_max_chars=settings.segments.first_max_chars,
            max_chars=settings.segments.max_chars,
            finish=_pronounced(submit, settings, self.language),
        )

    def reader(self, text: str) -> TextReader:
        """The reader that prepares and cuts a text."""
        submit = self._submit
        stretch = None
        if submit.part is not None or submit.first_segment:
            stretch = Stretch(submit.first_segment, submit.part)
        return TextReader(
            self._preparation(text), self._begin, whole=submit.durable, stretch=stretch
        )

    def stretch_reader(self, text: str, begun: bool) -> TextReader:  # noqa: FBT001 (a callback)
        """The reader of one stretch of an open text; `begun`: it is not the first."""

        def begin(marked: str) -> Uncut:
            return msgspec.structs.replace(self._begin(marked), begun=begun)

        return TextReader(self._preparation(text), begin, whole=True)

    def request(self, now: float, fingerprint: bytes, scope: str) -> JobRequest:
        """The job request, but for its segments."""
        submit, settings, chosen = self._submit, self._settings, self._chosen
        reproducible = submit.seed is not None or submit.durable
        draws, shared = chosen.engine.draws, settings.cache.enabled
        seed = submit.seed
        if seed is None and draws and not (shared and settings.cache.unseeded == "share"):
            shared = False  # It will not be drawn again.
        elif seed is None and draws:
            seed = SHARED_SEED
        if seed is None:
            seed = random.getrandbits(63)
        return JobRequest(
            speech=submit.complete(
                engine=chosen.engine.name, voice=chosen.voice, language=chosen.language, seed=seed
            ),
            sample_rate=chosen.leading.sample_rate,
            segments=(),
            pauses=settings.segments.pauses(submit.tempo),
            progress=submit.progress,
            priority=submit.priority,
            deadline=None if submit.deadline_ms is None else now + submit.deadline_ms / 1000,
            durable=submit.durable,
            key=submit.key,
            label=submit.label,
            fingerprint=fingerprint,
            reproducible=reproducible,
            trace=_trace_context(submit, now) if settings.tracing.enabled else None,
            tolerant=self._policy != "refuse",
            request_class=self._class,
            recut=None if reproducible else self.language.partition("-")[0].lower(),
            shared=Shared(scope, draws) if shared else None,
        )

    def _preparation(self, text: str) -> Preparation:
        return Preparation(
            text,
            language=self.language,
            markup=self.markup,
            policy=self._policy,
            name_emoji=self._settings.reading.emoji == "names",
            fit=_Fit(self._chosen, self._submit),
        )


def complete(request: JobRequest, reader: TextReader) -> JobRequest:
    """The request with its text, as far as that is cut by now."""
    parts, rest = reader.take()
    return msgspec.structs.replace(
        request,
        segments=parts,
        rest=rest,
        first_segment=reader.first_segment,
        left_out=reader.left_out,
    )


def _one_of(field: str, asked: str, known: tuple[_Name, ...]) -> _Name:
    """What the client asks for, if it is one of these names. Raises Refused."""
    for name in known:
        if name == asked:
            return name
    raise Refused(
        "out_of_range", f"{field} {shown(asked)} is none of {', '.join(known)}", field=field
    )


def _pronounced(submit: Submit, settings: Settings, language: str) -> Callable[[str], str] | None:
    """What puts the pronunciations of request and settings into a text. Raises Refused."""
    own = _NO_ENTRIES
    if submit.pronunciations:
        try:
            own = Dictionary(parse(submit.pronunciations, at_most=MAX_REQUEST))
        except LexiconError as error:
            raise Refused(
                "out_of_range", f"pronunciations: {error}", field="pronunciations"
            ) from None
    known = _dictionary(settings.reading.entries)
    if not own.first and not known.first:
        return None
    return Pronunciations(own, known, language=language).in_text


_last: list[tuple[tuple[Entry, ...], Dictionary]] = [((), _NO_ENTRIES)]
"""The dictionary that was asked for last, and what it is of."""


def _dictionary(entries: tuple[Entry, ...]) -> Dictionary:
    """That of the settings, built when they have changed: which is told by the object, for there
    may be thousands of entries.
    """
    if _last[0][0] is not entries:
        _last[0] = entries, Dictionary(entries)
    return _last[0][1]


class _Fit:
    """Checks the manners that a markup asks for, and keeps them within what the engine can do."""

    def __init__(self, chosen: Choice, submit: Submit) -> None:
        self._engine = chosen.engine
        self._leading = chosen.leading
        self._language = submit.language
        self._speed = submit.speed
        self._volume = submit.volume

    def __call__(self, piece: str) -> str:
        """A piece of a marked text. Raises Refused for a voice that the engine does not have."""
        return marks.PROSODY.sub(self._fitting, piece)

    def _fitting(self, mark: re.Match[str]) -> str:
        wanted = Prosody.decoded(mark[1])
        least, most = self._engine.min_speed / self._speed, self._engine.max_speed / self._speed
        voice, language = (None, None) if wanted.voice is None else self._other(wanted.voice)
        fitting = Prosody(
            rate=min(max(wanted.rate, least), most),
            volume=min(wanted.volume, MAX_VOLUME / max(self._volume, 1e-9)),
            voice=voice,
            language=language,
        )
        return marks.manner(fitting.encoded())

    def _other(self, name: str) -> tuple[str, str | None]:
        """A voice for a part of the text, of the job's sample rate, and what it reads that in: the
        language that was asked for, or its own (None). Raises Refused.
        """
        voice, leading = find_voice(name, self._engine)
        of_one_rate([self._leading, leading])
        return voice, language_for(self._language, leading)


def _trace_context(submit: Submit, now: float) -> TraceContext:
    """The client's trace context; an invalid one counts as none, and the job is traced anyway."""
    parent, state = header_or_none(submit.traceparent), header_or_none(submit.tracestate)
    return TraceContext(parent or "", state or "", now)


def _fingerprint(submit: Submit, text: str) -> bytes:
    """Digest that is the same for every attempt to submit one request.

    A later attempt may differ in deadline and priority, but not in what is to be spoken, nor in
    whether it is durable. An option that is left open is not in it: so one that a later version
    adds leaves the digests of older requests as they are.
    """
    options = {
        name: option
        for name in PartialSpeech.__struct_fields__
        if (option := getattr(submit, name)) != getattr(_LEFT_OPEN, name)
    }
    if submit.part is not None or submit.first_segment:
        options["stretch"] = (submit.first_segment, submit.part)
    what = options, submit.durable, text
    packed = msgspec.msgpack.encode(what, order="deterministic")
    return hashlib.blake2b(packed, digest_size=16).digest()


def _check(submit: Submit) -> None:
    """Check the fields whose bounds no engine sets. Raises Refused."""
    if (
        0 <= submit.volume <= MAX_VOLUME
        and 1 / MAX_TEMPO <= submit.tempo <= MAX_TEMPO
        and 0 <= (submit.seed or 0) <= MAX_SEED
        and 0 <= submit.credit <= MAX_CREDIT
        and 0 <= submit.priority <= HIGHEST_PRIORITY
        and 0 < len(submit.id) <= MAX_ID_CHARS
        and submit.deadline_ms is None
        and submit.key is None
        and submit.on_behalf is None
    ):
        return  # As nearly all are, which need not be asked for one after the other.
    _within("volume", submit.volume, 0, MAX_VOLUME)
    _within("tempo", submit.tempo, 1 / MAX_TEMPO, MAX_TEMPO)
    _within("seed", submit.seed or 0, 0, MAX_SEED)
    _within("credit", submit.credit, 0, MAX_CREDIT)
    _within("priority", submit.priority, 0, HIGHEST_PRIORITY)
    _within("deadline_ms", submit.deadline_ms or 0, 0, MAX_DEADLINE_MS)
    _within("first_segment", submit.first_segment, 0, MAX_SEGMENT)
    if submit.part is not None:
        number, count = submit.part
        _within("part", count, 1, MAX_PARTS)
        _within("part", number, 0, count - 1)
    _named("id", submit.id, MAX_ID_CHARS)
    _named("key", submit.key, MAX_KEY_CHARS)
    _named("on_behalf", submit.on_behalf, MAX_ON_BEHALF_CHARS)
    _named("label", submit.label, MAX_LABEL_CHARS)


def _within(field: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:  # What is no number is not within anything.
        message = f"{field} {_number(value)} is outside {_number(least)} to {_number(most)}"
        raise Refused("out_of_range", message, field=field)


def _number(value: float) -> str:
    """The number for a message: an integer in full, however large."""
    return str(value) if isinstance(value, int) else f"{value:g}"


def _named(field: str, name: str | None, most_chars: int) -> None:
    if name is not None and not 0 < len(name) <= most_chars:
        message = f"{field} must have 1 to {most_chars} characters"
        raise Refused("bad_message", message, field=field)

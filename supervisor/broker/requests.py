"""From a SUBMIT to a job request, or to a refusal that says what was wrong.

Checks what the client asked for against what the engines can do. Whether there is
room for the job is admission's business, when its text is cut `cutting`'s.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import random

import msgspec

from supervisor.broker.cutting import Reading
from supervisor.config import Settings
from supervisor.core.jobs.request import HIGHEST_PRIORITY, JobRequest, TraceContext
from supervisor.core.jobs.segmentation import uncut
from supervisor.wire.client import Error, ErrorCode, Submit
from supervisor.wire.codec import Body
from supervisor.wire.trace_context import carried
from supervisor.wire.voices import MixError, is_mix, parse_mix
from supervisor.wire.worker import Catalogue, EngineState

MAX_ID_CHARS = 128
MAX_SEED = (1 << 63) - 1
MAX_CREDIT = 1 << 40
MAX_KEY_CHARS = 256
MAX_ON_BEHALF_CHARS = 128
MAX_DEADLINE_MS = 366 * 24 * 3_600_000
_SHOWN_CHARS = 64


class Refused(Exception):
    """The request is not carried out; `code` and the message go to the client."""

    def __init__(self, code: ErrorCode, message: str, *, retry_after_ms: int | None = None) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.retry_after_ms = retry_after_ms

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.retry_after_ms is not None

    def answer(self, id: str) -> Error:
        """What the client is told, who named the request `id`."""
        return Error(
            self.code,
            str(self),
            id=id,
            retryable=self.retryable,
            retry_after_ms=self.retry_after_ms,
        )


def read_text(body: Body, max_bytes: int) -> str:
    """The text of a SUBMIT. Raises Refused (`text_too_long`, `bad_text`)."""
    if len(body) > max_bytes:
        raise Refused("text_too_long", f"the text has {len(body)} bytes, more than {max_bytes}")
    try:
        text = str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            "bad_text", f"the text is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}"
        ) from None
    if "\0" in text:
        raise Refused("bad_text", f"the text has a NUL character at position {text.index(chr(0))}")
    return text


def read_request(
    submit: Submit, text: str, catalogue: Catalogue, settings: Settings, now: float
) -> tuple[JobRequest, Reading]:
    """Everything that SUBMIT leaves open filled in, but for the segments: these are read from the
    text next. Raises Refused.

    `now` is when the request came in, monotonic seconds.
    """
    _check_numbers(submit)
    engine = _engine(submit.engine or settings.engines.default, catalogue)
    if not engine.min_speed <= submit.speed <= engine.max_speed:
        raise Refused(
            "out_of_range",
            f"speed {submit.speed:g} is outside {engine.min_speed:g} to {engine.max_speed:g}",
        )
    voice, language = _voice(submit.voice or engine.default_voice, engine)
    whole = uncut(
        text,
        language=language,
        first_max_chars=settings.segments.first_max_chars,
        max_chars=settings.segments.max_chars,
    )
    request = JobRequest(
        engine=engine.name,
        voice=voice,
        speed=submit.speed,
        seed=random.getrandbits(63) if submit.seed is None else submit.seed,
        sample_rate=engine.sample_rate,
        segments=(),
        progress=submit.progress,
        priority=submit.priority,
        deadline=None if submit.deadline_ms is None else now + submit.deadline_ms / 1000,
        durable=submit.durable,
        key=submit.key,
        fingerprint=b"" if submit.key is None else _fingerprint(submit, text),
        reproducible=submit.seed is not None or submit.durable,
        trace=_trace_context(submit, now) if settings.tracing.enabled else None,
    )
    return request, Reading(whole, whole=submit.durable)


def complete(request: JobRequest, reading: Reading) -> JobRequest:
    """The request with its text, as far as that is read by now. Raises Refused."""
    segments, rest = reading.take()
    if not segments and rest is None:
        raise Refused("empty_text", "the text has nothing to speak: no letter and no number")
    return msgspec.structs.replace(request, segments=segments, rest=rest)


def _trace_context(submit: Submit, now: float) -> TraceContext:
    """What cannot be a trace context is none; the job is traced all the same."""
    parent, state = carried(submit.traceparent), carried(submit.tracestate)
    return TraceContext(parent or "", state or "", now)


def _fingerprint(submit: Submit, text: str) -> bytes:
    """The same for every attempt to hand in one request.

    A later attempt may have less time left, or be in more of a hurry; what is to be
    spoken, and what was promised about it, is the same.
    """
    what = (submit.engine, submit.voice, submit.speed, submit.seed, submit.durable, text)
    return hashlib.blake2b(msgspec.msgpack.encode(what), digest_size=16).digest()


def _check_numbers(submit: Submit) -> None:
    if not 0 < len(submit.id) <= MAX_ID_CHARS:
        raise Refused("bad_message", f"the request id must have 1 to {MAX_ID_CHARS} characters")
    if not math.isfinite(submit.speed):
        raise Refused("out_of_range", "speed must be a finite number")
    if submit.seed is not None and not 0 <= submit.seed <= MAX_SEED:
        raise Refused("out_of_range", f"seed must be within 0 to {MAX_SEED}")
    if not 0 <= submit.credit <= MAX_CREDIT:
        raise Refused("out_of_range", f"credit must be within 0 to {MAX_CREDIT} bytes")
    if not 0 <= submit.priority <= HIGHEST_PRIORITY:
        raise Refused("out_of_range", f"priority must be within 0 to {HIGHEST_PRIORITY}")
    if submit.deadline_ms is not None and not 0 <= submit.deadline_ms <= MAX_DEADLINE_MS:
        raise Refused("out_of_range", f"deadline_ms must be within 0 to {MAX_DEADLINE_MS}")
    if submit.key is not None and not 0 < len(submit.key) <= MAX_KEY_CHARS:
        raise Refused("bad_message", f"the key must have 1 to {MAX_KEY_CHARS} characters")
    if submit.on_behalf is not None and not 0 < len(submit.on_behalf) <= MAX_ON_BEHALF_CHARS:
        most = MAX_ON_BEHALF_CHARS
        raise Refused("bad_message", f"on_behalf must have 1 to {most} characters")


def _engine(name: str, catalogue: Catalogue) -> EngineState:
    engines = {engine.name: engine for engine in catalogue.engines}
    engine = engines.get(name)
    if engine is None:
        raise Refused("unknown_engine", f"no engine {_shown(name)}{_nearest(name, list(engines))}")
    if engine.unavailable is not None:
        raise Refused("engine_unavailable", engine.unavailable)
    return engine


def _voice(name: str, engine: EngineState) -> tuple[str, str]:
    """The voice's name and language; a mix is read in the language of its largest part."""
    languages = {voice: language for voice, language, _licence in engine.voices}
    if name in languages:
        return name, languages[name]
    if is_mix(name) and engine.mixes:
        return _mixed(name, engine, languages)
    hint = _nearest(name, list(languages))
    if is_mix(name):
        hint = ", and it cannot mix voices"
    raise Refused("unknown_voice", f"engine {engine.name} has no voice {_shown(name)}{hint}")


def _mixed(name: str, engine: EngineState, languages: dict[str, str]) -> tuple[str, str]:
    """Check each part. What comes down to one voice is that voice."""
    try:
        mix = parse_mix(name)
    except MixError as error:
        raise Refused("out_of_range", f"voice: {error}") from None
    for voice, _share in mix.shares:
        if voice not in languages:
            hint = _nearest(voice, list(languages))
            raise Refused(
                "unknown_voice", f"engine {engine.name} has no voice {_shown(voice)}{hint}"
            )
    return mix.leading if len(mix.shares) == 1 else name, languages[mix.leading]


def _shown(name: str) -> str:
    """The name for a message: quoted, and cut where it is longer than any real one."""
    return repr(name if len(name) <= _SHOWN_CHARS else f"{name[:_SHOWN_CHARS]}…")


def _nearest(name: str, names: list[str]) -> str:
    """'; nearest: a, b' from the names that look alike, or a few of all if none does."""
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"; nearest: {', '.join(near)}" if near else f"; there are: {', '.join(names[:8])}"

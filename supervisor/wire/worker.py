"""Messages between the supervisor and its own processes: template and workers.

They travel over socket pairs of type SOCK_SEQPACKET that the supervisor made and
handed down: a packet is a message, no other process can write one, and the end of
the process is the end of the file. A worker has two: `work` carries one segment
at a time and its audio, `control` everything that must not wait behind a segment.

Records are packed as arrays: both ends are of the same release, so no field is ever
missing or unknown, and positions cost less than names.
"""

from __future__ import annotations

import msgspec

from supervisor.speech import Ends, Speech, Word

PACKET_BYTES = 64 * 1024
"""PCM in one packet, and so in one CHUNK: large enough to cost nothing, small enough to meter."""

_LENGTH_BYTES = 2
MAX_PACKET_BYTES = PACKET_BYTES + 16 * 1024
"""Longest packet: PCM, a length, and a header with an error text."""

MAX_ERROR_CHARS = 2_000

NO_ROOM = 71
"""Exit status of a worker that found, once started, that the machine has no room for it (EX_OSERR
of sysexits.h)."""


class _Record(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    pass


# -- supervisor to worker, on `work` ----------------------------------------------------


class Run(_Record, frozen=True, kw_only=True):
    """Speak one segment. The answer is one or more `Piece` with the same four numbers.

    The seed of `speech` is the segment's own. `reproducible`: the samples must not depend on
    the worker's number of threads. `ends` is what ends with the text, and `silence_s` the seconds
    from its last sound to the first of the next segment. A text without characters is that silence,
    and so is one that the engine cannot read if the job is `tolerant`.
    """

    job: str
    segment: int
    attempt: int
    epoch: int
    speech: Speech
    reproducible: bool
    text: str
    ends: Ends = "sentence"
    silence_s: float = 0.0
    tolerant: bool = False


# -- worker to supervisor, on `work` ----------------------------------------------------


class Piece(_Record, frozen=True, kw_only=True):
    """Part of a segment's audio; PCM follows the record. `last` ends the segment.

    `synthesis_s` is the worker's own time for the whole segment. `error` is set, on
    a last piece without PCM, when the engine refused or failed; `terminated` when
    it was interrupted, `unreadable` when it is the text that cannot be spoken. `left_out`: why
    there is a silence instead of the text. `words`, where the request wants them, come with the
    last piece, which is then without PCM. `made_by`: the fingerprint of all that speaks this voice,
    empty if it is not known; `exact`: one thread made the samples.
    """

    job: str
    segment: int
    attempt: int
    epoch: int
    last: bool
    synthesis_s: float = 0.0
    error: str | None = None
    terminated: bool = False
    unreadable: bool = False
    left_out: str | None = None
    words: tuple[Word, ...] = ()
    made_by: str = ""
    exact: bool = False


# -- supervisor to worker, on `control` -------------------------------------------------


class Reshape(_Record, frozen=True):
    """Hold these cores with this many intra-op threads; answered with `Shaped`."""

    cpus: tuple[int, ...]
    threads: int


class Interrupt(_Record, frozen=True):
    """Stop this segment if it is the one that runs. `gently`: it comes to its end if it does not
    stop soon, as one does whose engine cannot be interrupted.
    """

    job: str
    segment: int
    attempt: int
    gently: bool = False


class Exit(_Record, frozen=True):
    """Exit; only sent to a worker that runs nothing."""


class Ping(_Record, frozen=True):
    """Ask for a sign of life; answered with `Beat`."""


class Trim(_Record, frozen=True):
    """Give memory that is free inside the process back to the system; there is no answer."""


Control = Reshape | Interrupt | Exit | Ping | Trim


# -- worker to supervisor, on `control` -------------------------------------------------


class Shaped(_Record, frozen=True):
    """The worker's shape as observed: the mask of every thread, read back after the change.

    Sent once when the worker can take its first segment and after each `Reshape`.
    `affinities` holds each distinct mask among the threads (one, if all is well).
    `error` says why a session could not be rebuilt, or the cores not be taken; the old session
    then stays, and `cpus` are the cores that it has.
    """

    pid: int
    cpus: tuple[int, ...]
    threads: int
    affinities: tuple[tuple[int, ...], ...]
    session_generation: int
    session_build_s: float
    environment: dict[str, str]
    error: str | None = None


class Beat(_Record, frozen=True):
    """A sign of life. `steps` grows with the worker's progress in its segments; `waits`: it
    waits for a program of its own, which may take long.
    """

    steps: int
    waits: bool = False


class VoiceState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One voice of an `EngineState`: BCP 47 tag, licence, and its sample rate in Hz. `languages`:
    the tags that it can be asked to read, its own among them.
    """

    name: str
    language: str
    licence: str
    sample_rate: int
    languages: tuple[str, ...] = ()


class EngineState(_Record, frozen=True):
    """One engine as `Catalogue` reports it. `unavailable`: the part that is missing; `mixes`:
    it takes mixes of its voices (`wire.voices`); `parallel`: share of its work that threads
    divide; `seconds_per_character`: its declared cost, if any; `offered`: it stands in lists that
    people choose from; `further_languages`: tags of those that it reads once the line beside them
    is carried out; `draws`: another seed gives other samples.
    """

    name: str
    sample_rate: int
    default_voice: str
    voices: tuple[VoiceState, ...]
    licence: str
    min_speed: float
    max_speed: float
    unavailable: str | None
    mixes: bool = False
    parallel: float | None = None
    seconds_per_character: float | None = None
    offered: bool = True
    further_languages: dict[str, str] = {}
    draws: bool = True


class Catalogue(_Record, frozen=True):
    """Report every installed engine. From the template, or from a spawned worker."""

    engines: tuple[EngineState, ...]


FromWorker = Shaped | Catalogue | Beat


# -- supervisor to template -------------------------------------------------------------


class Setup(_Record, frozen=True):
    """First message to a template or a spawned worker: engine settings, and what to load."""

    preload: tuple[str, ...]
    settings: dict[str, dict[str, object]]


class Fork(_Record, frozen=True):
    """Start a worker. File descriptors that go along: work, control, lifeline, log."""

    slot: int
    epoch: int
    cpus: tuple[int, ...]
    threads: int
    environment: dict[str, str]


class Forked(_Record, frozen=True):
    """Answer to `Fork`: the new worker's pid, or the reason why there is none."""

    epoch: int
    pid: int
    error: str | None = None


FromTemplate = Catalogue | Forked

_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode
"""Bytes of one record without a payload."""

decode_run = msgspec.msgpack.Decoder(Run).decode
decode_control = msgspec.msgpack.Decoder(Control).decode
decode_from_worker = msgspec.msgpack.Decoder(FromWorker).decode
decode_setup = msgspec.msgpack.Decoder(Setup).decode
decode_fork = msgspec.msgpack.Decoder(Fork).decode
decode_from_template = msgspec.msgpack.Decoder(FromTemplate).decode
_decode_piece = msgspec.msgpack.Decoder(Piece).decode


def encode_piece(piece: Piece, pcm: bytes | memoryview = b"") -> list[bytes | memoryview]:
    """Parts of one packet, for `sendmsg`: length of the header, header, PCM."""
    header = encode(piece)
    return [len(header).to_bytes(_LENGTH_BYTES, "big"), header, pcm]


def decode_piece(packet: bytes) -> tuple[Piece, memoryview]:
    """Read a packet that `encode_piece` made. Raises msgspec.MsgspecError."""
    end = _LENGTH_BYTES + int.from_bytes(packet[:_LENGTH_BYTES], "big")
    view = memoryview(packet)
    return _decode_piece(view[_LENGTH_BYTES:end]), view[end:]

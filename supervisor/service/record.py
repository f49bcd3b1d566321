"""Events as JSON, and back: the format that `ring` writes and `replay` reads.

A record of the core is an object with its name in `is`, such as `core.jobs.events:Tick`; a type
that JSON lacks is an object with one member. So a field that is added to an event needs no change
here. Only records of the core, and those below, are ever made from a file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

import msgspec

from supervisor.core.jobs.repeats import Recalled
from supervisor.speech import Pauses, Speech

FORMAT = 3

Family = Literal["jobs", "pool", "allocation"]
"""The state machine that an event belongs to."""

Cut = tuple[tuple[int, ...], int]
"""Sizes of segments that were cut, and the number of characters left after."""

_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(tuple[Recalled, ...])

_STRANGE = (
    AttributeError,
    ImportError,
    KeyError,
    OverflowError,
    TypeError,
    ValueError,
    msgspec.ValidationError,
)
"""What comes of a record that was not written by us."""

_CORE = "supervisor.core."
_PACKAGE = "supervisor."


class RecordError(Exception):
    """A file that is no record of events; the message is one line that says why."""


class Silence(msgspec.Struct, frozen=True, gc=False):
    """Audio reduced to its size, in bytes."""

    size: int


class Unsaid(msgspec.Struct, frozen=True, gc=False):
    """The rest of a text reduced to its length, in characters."""

    characters: int

    def __len__(self) -> int:
        return self.characters


class Entry(msgspec.Struct, gc=False):
    """One event, the names of the commands that followed, the cuts of its job, and what came out of
    the segment cache (`pack`). `shortened`: segments that were cut in two for their turn, by job
    and index, and the length of the rest.
    """

    family: Family
    event: Any
    commands: tuple[str, ...] = ()
    cut: Cut | None = None
    recalled: bytes = b""
    shortened: dict[tuple[str, int], int] = {}


class Document(msgspec.Struct):
    """A whole record, decoded. Times in it are monotonic seconds; `now` and `written_at` (Unix
    seconds) are the same moment.
    """

    written_at: float
    now: float
    version: str
    lost: int
    fault: str | None
    entries: list[Entry]


_OURS = {kind.__name__: kind for kind in (Silence, Unsaid, Speech, Pauses)}


def pack(recalled: Sequence[Recalled]) -> bytes:
    """What was recalled, as an entry has it: tuples would take several times the memory."""
    return _packer.encode(recalled) if recalled else b""


def unpack(recalled: bytes) -> tuple[Recalled, ...]:
    """What `pack` has packed."""
    return _unpacker.decode(recalled) if recalled else ()


def encode_entry(entry: Entry) -> dict[str, Any]:
    """Encode an entry as plain JSON values."""
    document = {"family": entry.family, "event": _encode(entry.event)}
    if entry.commands:
        document["commands"] = list(entry.commands)
    if entry.recalled:
        document["recalled"] = unpack(entry.recalled)
    if entry.cut is not None:
        document["cut"] = [list(entry.cut[0]), entry.cut[1]]
    if entry.shortened:
        document["shortened"] = [[*which, size] for which, size in entry.shortened.items()]
    return document


def _encode(value: Any) -> Any:  # noqa: ANN401 - anything in, JSON out
    match value:
        case float() if not math.isfinite(value):
            return {"float": repr(value)}
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return {"bytes": value.hex()}
        case tuple() | list():
            return [_encode(each) for each in value]
        case dict():
            return {"map": [[_encode(key), _encode(each)] for key, each in value.items()]}
        case msgspec.Struct():
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            return {"is": _name(type(value)), **{k: _encode(v) for k, v in fields.items()}}
    raise TypeError(f"{type(value).__name__} has no form in a record of events")


def _name(kind: type) -> str:
    if _OURS.get(kind.__name__) is kind:
        return kind.__name__
    return f"{kind.__module__.removeprefix(_PACKAGE)}:{kind.__name__}"


def read(data: bytes) -> Document:
    """Decode a record of `supervisor status --events --json`, or of a supervisor that failed.

    Raises RecordError.
    """
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise RecordError(f"it is no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RecordError(f"it is no record of events of format {FORMAT}")
    try:
        return Document(
            written_at=float(document["written_at"]),
            now=float(document["now"]),
            version=str(document["version"]),
            lost=int(document["lost"]),
            fault=document["fault"],
            entries=[_decode_entry(entry) for entry in document["events"]],
        )
    except _STRANGE as error:
        raise RecordError(f"it cannot be understood: {type(error).__name__}: {error}") from error


def _decode_entry(document: dict[str, Any]) -> Entry:
    cut = document.get("cut")
    return Entry(
        document["family"],
        _decode(document["event"]),
        tuple(document.get("commands", ())),
        None if cut is None else (tuple(cut[0]), int(cut[1])),
        pack(msgspec.convert(document.get("recalled", []), tuple[Recalled, ...])),
        {(job, index): int(size) for job, index, size in document.get("shortened", ())},
    )


def _decode(value: Any) -> Any:  # noqa: ANN401 - JSON in, anything out
    match value:
        case list():
            return tuple(_decode(each) for each in value)
        case {"is": str(name), **fields}:
            return _kind(name)(**{str(key): _decode(each) for key, each in fields.items()})
        case {"float": str(text)}:
            return float(text)
        case {"bytes": str(text)}:
            return bytes.fromhex(text)
        case {"map": list(pairs)}:
            return {_decode(key): _decode(each) for key, each in pairs}
        case dict():
            raise ValueError(f"an object with {', '.join(value) or 'nothing'}")
    return value


def _kind(name: str) -> type[msgspec.Struct]:
    if name in _OURS:
        return _OURS[name]
    module, _, kind = name.partition(":")
    path = _PACKAGE + module
    if not path.startswith(_CORE):
        raise ValueError(f"{name} is no record of the core")
    found = getattr(import_module(path), kind)
    if not (isinstance(found, type) and issubclass(found, msgspec.Struct)):
        raise ValueError(f"{name} is no record of the core")  # noqa: TRY004 - of the file's value
    return found

"""Rows of the journal to jobs and back, with checks for damage.

The text is stored beside the request, not in it, so that it can be deleted once the job has its
outcome. Both have a checksum, for a disk may return other bytes than were written. Damage to a row
loses as little as possible: an implausible time counts as now, a job that cannot be spoken any more
has failed, and only a row without a valid id and owner is lost. `store` holds the rows.
"""

from __future__ import annotations

import math
import re
import zlib
from typing import Any, Final, NamedTuple

import msgspec

from supervisor.core.jobs.job import OUTCOMES
from supervisor.core.jobs.parts import Part, line_of, part_of
from supervisor.core.jobs.request import JobRequest
from supervisor.core.jobs.segmentation import Uncut
from supervisor.journal.schema import PAGE_BYTES
from supervisor.speech import Speech

ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""Valid ids of jobs; an id names a directory, too."""
_FEW_SEGMENTS: Final = 64
"""With more segments than this the text is cut as they are needed."""
_CENTURIES_S: Final = 1e11
"""Seconds since 1970 beyond which a time is implausible."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode


class Row(NamedTuple):
    """One job as it is stored.

    `request` is the msgpack form of a JobRequest without its text and its deadline, with the
    fields of its speech beside the others. `text` has its segments, `parts` in number, a line each
    (`core.jobs.parts`), in UTF-8, and is None once the job has ended. Of a text that is open there
    is nothing here (`texts`). Times are wall-clock seconds.
    """

    id: str
    owner: str
    request: bytes
    parts: int
    accepted_at: float
    deadline: float | None = None
    outcome: str | None = None
    message: str = ""
    ended_at: float | None = None
    text: bytes | None = None


class Reading(NamedTuple):
    """A row that was read, None if it is lost, and its damage."""

    row: Row | None
    wrong: str = ""


def pack(
    job: str, owner: str, request: JobRequest, accepted_at: float, deadline: float | None
) -> Row:
    """The row of a new job."""
    fields = msgspec.structs.asdict(request)
    fields.update(msgspec.structs.asdict(fields.pop("speech")))
    segments: tuple[Part, ...] = fields.pop("segments")
    rest: Uncut | None = fields.pop("rest")
    del fields["deadline"]
    parts = map(line_of, segments)
    lines = "\n".join([*parts, *(() if rest is None else [rest.text[rest.at :]])])
    count = lines.count("\n") + 1 if segments or rest is not None else 0
    text = lines.encode()
    return Row(
        id=job,
        owner=owner,
        request=_encode(fields),
        parts=count,
        accepted_at=accepted_at,
        deadline=deadline,
        text=text,
    )


def unpack(row: Row, deadline: float | None = None) -> JobRequest:
    """The request of a row; without a text it has as many empty segments.

    `deadline` is monotonic seconds. Raises ValueError, also as msgspec.ValidationError.
    """
    text = "\n" * (row.parts - 1) if row.text is None else row.text.decode()
    found = text.count("\n") + 1 if row.parts or text else 0
    if found != row.parts:
        raise ValueError(f"{found} segments instead of {row.parts}")
    few = found <= _FEW_SEGMENTS
    fields = _decode(row.request)
    if row.outcome is not None:
        fields["open"] = False
    speech = {name: fields[name] for name in Speech.__struct_fields__ if name in fields}
    fields.update(speech=speech, segments=(), deadline=deadline)
    request = msgspec.convert(fields, JobRequest)
    if few:
        parts = tuple(map(part_of, text.split("\n"))) if found else ()
        return msgspec.structs.replace(request, segments=parts)
    return msgspec.structs.replace(request, rest=Uncut(text))


def sums_of(row: Row) -> tuple[int, int]:
    """The checksums of a row: of its request, and of its text."""
    return _sum(row.id.encode(), row.owner.encode(), row.request, row.parts), _text_sum(row.text)


def ended(request: bytes) -> bytes | None:
    """A request whose text was open and is gone; None where there is nothing to leave out."""
    fields = _decode(request)
    if not fields.get("open") and not fields.get("asked"):
        return None
    return _encode({**fields, "open": False, "asked": b""})


def values_of(row: Row) -> tuple[object, ...]:
    """The values of a row for `schema.INSERT`."""
    *plain, text = row
    return *plain, *sums_of(row), 0 if text is None else PAGE_BYTES, text


def read(values: tuple[Any, ...], now: float) -> Reading:
    """Read a row from stored values. Texts come as bytes, for they may be damaged.

    `now` is the wall clock, which stands in for an implausible time.
    """
    id, owner, request, parts, accepted, due, outcome, message, ended, *sums, text = values
    name, whose, state = _word(id), _word(owner), _word(outcome)
    if name is None or not whose or ID.fullmatch(name) is None:
        return Reading(None, "it does not say whose it is")
    wrong: list[str] = []
    accepted_at, deadline, ended_at = _time(accepted), _time(due), _time(ended)
    if accepted_at is None:
        wrong.append("its time of acceptance makes no sense")
    if due is not None and deadline is None:
        wrong.append("its deadline makes no sense")
    if outcome is not None and ended_at is None:
        wrong.append("the time of its end makes no sense")
    row = Row(
        id=name,
        owner=whose,
        request=request,
        parts=parts,
        accepted_at=now if accepted_at is None else accepted_at,
        deadline=deadline,
        outcome=state,
        message=(_word(message) or "")[:MESSAGE_CHARS],
        ended_at=None if outcome is None else (now if ended_at is None else ended_at),
        text=text if outcome is None else None,
    )
    if not isinstance(request, bytes) or sums[0] != _sum(id, owner, request, parts):
        return _failed(row._replace(request=_NOTHING.request, parts=1), "its request", now)
    if outcome is None and (not isinstance(text, bytes) or sums[1] != _text_sum(text)):
        return _failed(row, "its text", now)
    if outcome is not None and state not in OUTCOMES:
        return _failed(row, "its outcome", now)
    try:
        unpack(row)
    except (ValueError, TypeError, msgspec.MsgspecError):
        return _failed(row._replace(request=_NOTHING.request, parts=1), "its request", now)
    return Reading(row, ", ".join(wrong))


def from_version_1(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Convert the values of a version 1 row to the current version.

    Its request held the segments, also those of a job that has ended.
    """
    id, owner, request, accepted_at, deadline, outcome, message, ended_at = values
    try:
        fields = _decode(request)
        segments: list[str] = fields.pop("segments")
        joined = "\n".join(segments)
        text = joined.encode()
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError):
        request, parts, text = b"", 1, b""
    else:
        request, parts = _encode(fields), len(segments)
        message = redact(_word(message) or "", joined).encode()
    plain = id, owner, request, parts, accepted_at, deadline, outcome, message, ended_at
    sums = _sum(_bytes(id), _bytes(owner), request, parts), _text_sum(text)
    return *plain, *sums, text if outcome is None else None


def _failed(row: Row, what: str, now: float) -> Reading:
    """The reading of a job that cannot be spoken any more: it has failed, and says why."""
    message = f"{what} is damaged in the journal"
    return Reading(
        row._replace(outcome="failed", message=message, ended_at=now, text=None),
        f"{what} is damaged",
    )


def _word(value: object) -> str | None:
    try:
        return value.decode() if isinstance(value, bytes) else None
    except UnicodeDecodeError:
        return None


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _time(value: object) -> float | None:
    """A plausible time, else None. SQLite has NULL for NaN."""
    if isinstance(value, float | int) and math.isfinite(value) and 0 <= value < _CENTURIES_S:
        return float(value)
    return None


def _sum(id: object, owner: object, request: bytes, parts: object) -> int:
    """Checksum of the fields that are constant from a job's acceptance to its end."""
    return zlib.crc32(b"\0".join((_bytes(id), _bytes(owner), str(parts).encode(), request)))


def _text_sum(text: bytes | None) -> int:
    return zlib.crc32(text or b"")


# -- what may be kept of a message ------------------------------------------------------

MESSAGE_CHARS: Final = 1_000
"""Longest message of an outcome that is stored."""
_QUOTED_CHARS: Final = 16
"""A message shares fewer characters in a row with the text than twice this."""
_SHORT_CHARS: Final = 6
"""A shorter segment is ignored: it may be a common word in the message."""


def redact(message: str, text: str) -> str:
    """A message for storage: shortened, and without quotations from the text.

    Workers already leave quotations out (`wire.quoting`), a segment at a time. Reasons given by
    clients pass through here alone, with texts of up to 2 MB: hence the plain search, which takes
    10 ms for such a text where comparing letters takes 270.
    """
    message = message[:MESSAGE_CHARS]
    start = 0
    while start + _QUOTED_CHARS <= len(message):
        at = text.find(message[start : start + _QUOTED_CHARS])
        if at < 0:
            start += _QUOTED_CHARS
            continue
        end = start + _alike(message[start:], text[at : at + MESSAGE_CHARS])
        begin = start - _alike(message[:start][::-1], text[max(0, at - start) : at][::-1])
        message = f"{message[:begin]}…{message[end:]}"
        start = begin + 1
    for line in text.split("\n"):
        said = part_of(line).text
        if len(said) >= _SHORT_CHARS and said in message:
            message = message.replace(said, "…")
    return message


def _alike(one: str, other: str) -> int:
    """Length of the common beginning of two texts, in characters."""
    size = min(len(one), len(other))
    return next((i for i in range(size) if one[i] != other[i]), size)


_NOTHING: Final = pack(
    "",
    "",
    JobRequest(
        speech=Speech(engine="", voice=""), sample_rate=24_000, segments=(Part(""),), durable=True
    ),
    0.0,
    None,
)
"""Stands in for a request that cannot be read."""

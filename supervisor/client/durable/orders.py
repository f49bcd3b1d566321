"""A request as what waits in the queue: one message, or one for each part of a long text.

Every part names the whole text: where a text is cut depends on what stands before, so each host
cuts all of it and speaks its part (docs/PROTOCOL.md, `part`). Pure: no clock, no chance.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from typing import Final

import msgspec

from supervisor.wire.client import DEFAULT_CREDIT, Submit
from supervisor.wire.fleet.jobs import Config, Job, predicted_s, request_digest
from supervisor.wire.fleet.names import (
    MAX_PARTS,
    MAX_TEXT_BYTES,
    PIECE_BYTES,
    JobName,
    class_of,
    job_id,
    job_name,
    lane_of,
    token,
)

_FEWEST_CHARS: Final = 400
"""Characters of a part at least: about three segments."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be handed in under `name`: a message each for `jobs`, after the text in `pieces`,
    which are laid down below the name `text_of` where the messages do not have it.
    """

    name: JobName
    jobs: tuple[Job, ...]
    pieces: tuple[bytes, ...] = ()
    text_of: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request goes: the engine that speaks it, with its sample rate, and for whom."""

    engine: str
    sample_rate: int
    tenant: str
    owner: str = ""
    made_by: str | None = None
    """The speech fingerprint that the parts of a text are to be of; None: of any."""


def named(submit: Submit, place: Place, config: Config) -> JobName:
    """The name of the job that a request with a key becomes, if it is in one piece.

    Raises NameRefused for an engine that cannot be part of a name.
    """
    return job_name(
        class_of(submit.priority, submit.request_class),
        token(place.engine),
        lane_of(place.tenant, config.lanes),
        place.tenant,
        job_id(place.owner, submit.key or ""),
    )


def parts_of(chars: int, submit: Submit, config: Config) -> int:
    """Into how many parts a text is cut; 0 for none."""
    if submit.part is not None:  # It is a part already.
        return 0
    parts = -int(-predicted_s(chars) // config.part_s)
    parts = min(parts, chars // _FEWEST_CHARS, MAX_PARTS)
    return parts if parts > 1 else 0


def order(
    submit: Submit,
    body: bytes,
    *,
    name: JobName,
    place: Place,
    config: Config,
    seed: int,
    now_ms: int,
    parts: int | None = None,
) -> Order:
    """What is handed in for a request under its `name`, in as many `parts`, or as it takes for
    None. `body` is the text in UTF-8; `now_ms` is Unix time.
    """
    text = str(body, "utf-8")
    count = parts_of(len(text), submit, config) if parts is None else parts
    name = name._replace(parts=count)
    each = name.each()
    inline = len(body) * len(each) <= MAX_TEXT_BYTES
    text_of = "" if inline else _digest(body)
    pieces = () if inline else tuple(_cut(body))
    plain = msgspec.structs.replace(
        submit,
        id="",
        key=None,
        durable=False,
        credit=DEFAULT_CREDIT,
        on_behalf=None,
        deadline_ms=None,
        engine=place.engine,
        seed=seed,
    )
    whole = Job(
        id=name.id,
        tenant=place.tenant,
        submit=plain,
        text=text if inline else None,
        text_of=text_of or None,
        text_pieces=len(pieces),
        text_bytes=len(body),
        owner=place.owner,
        request=request_digest(submit, text),
        submitted_ms=now_ms,
        deadline_ms=None if submit.deadline_ms is None else now_ms + submit.deadline_ms,
        cost_s=round(predicted_s(len(text)) / len(each), 3),
        sample_rate=place.sample_rate,
    )
    if not name.parts:
        return Order(name=name, jobs=(whole,), pieces=pieces, text_of=text_of)
    jobs = tuple(
        msgspec.structs.replace(
            whole,
            id=part.id,
            made_by=place.made_by,
            submit=msgspec.structs.replace(plain, part=(number, name.parts)),
        )
        for number, part in enumerate(each)
    )
    return Order(name=name, jobs=jobs, pieces=pieces, text_of=text_of)


def _digest(text: bytes) -> str:
    return b32encode(hashlib.sha256(text).digest()).decode().lower()[:26]


def _cut(text: bytes) -> list[bytes]:
    return [text[at : at + PIECE_BYTES] for at in range(0, len(text), PIECE_BYTES)]

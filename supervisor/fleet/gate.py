"""What a client at another host may say to this host's supervisor; without I/O.

The agent speaks to the supervisor as its own user, who may do everything. A requester may ask for
speech, and for what becomes of it: of any other job, or of the supervisor itself, he hears nothing.
Whom a job is charged to, and the key that names it, are made such that no requester can take those
of another.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from msgspec.structs import replace

from supervisor.client.live.link import MAX_CREDIT
from supervisor.wire import client as wire
from supervisor.wire.codec import Frames, WireError, decode_reply, decode_request, encode

_PASSED: Final = (wire.Hello, wire.Ping, wire.Bye)
_ABOUT_JOBS: Final = (wire.Append, wire.Finish, wire.Credit, wire.Cancel, wire.Attach)

_MOST_JOBS: Final = 4096
"""Jobs of one conversation that are remembered, the latest of them."""


class Passed(NamedTuple):
    """What becomes of a message: it goes on to the supervisor, is answered, or neither. `asks`: it
    asks for speech.
    """

    on: Frames | None = None
    answer: Frames | None = None
    asks: bool = False


class Gate:
    """The gate for one requester: a client of `tenant`, whom the servers know as `user`."""

    def __init__(self, tenant: str, user: str) -> None:
        self._tenant = tenant
        self._user = user
        self._jobs: dict[str, None] = {}

    def ask(self, frames: Frames, *, accepts: bool = True) -> Passed:
        """A message of the requester; `accepts`: this host speaks for others now."""
        try:
            request = decode_request(frames)
        except WireError as error:
            return Passed(answer=encode(wire.Error(error.code, str(error))))
        message, json = request.message, request.json
        if isinstance(message, wire.Submit):
            return self._submit(message, frames, json=json, accepts=accepts)
        if isinstance(message, _PASSED):
            return Passed(on=frames)
        id = getattr(message, "id", None) or None
        if not isinstance(message, _ABOUT_JOBS):
            text = "a host of a fleet tells its own users alone"
            return _refused("not_found", text, id=id or "", json=json)
        if message.job in self._jobs:
            return Passed(on=self._bounded(message, frames, json=json))
        text = "no such job in this conversation"
        return _refused("not_found", text, id=id, job=None if id else message.job, json=json)

    def answered(self, frames: Frames) -> None:
        """A message of the supervisor, which goes to the requester as it is."""
        try:
            message = decode_reply(frames).message
        except WireError:
            return  # The requester's own affair: it is the supervisor who wrote it.
        if isinstance(message, wire.Accepted):
            self._jobs[message.job] = None
            if len(self._jobs) > _MOST_JOBS:
                del self._jobs[next(iter(self._jobs))]

    def _submit(self, message: wire.Submit, frames: Frames, *, json: bool, accepts: bool) -> Passed:
        if not accepts:
            text = "this host takes no more speech of others"
            return _refused("draining", text, id=message.id, json=json, retryable=True)
        if message.durable:
            text = "a durable job goes into the fleet's queue, not to one host"
            return _refused("out_of_range", text, id=message.id, json=json, field="durable")
        named = replace(
            message,
            on_behalf=f"fleet:{self._tenant}:{self._digest(message.on_behalf or '')}",
            key=None if message.key is None else f"fleet:{self._digest(message.key)}",
            credit=min(message.credit, MAX_CREDIT),
        )
        body = frames[2] if len(frames) == 3 else None
        return Passed(on=encode(named, body, json=json), asks=True)

    def _bounded(self, message: wire.Request, frames: Frames, *, json: bool) -> Frames:
        """The message with no more credit than may be on the way."""
        if isinstance(message, wire.Credit) and message.bytes > MAX_CREDIT:
            return encode(replace(message, bytes=MAX_CREDIT), json=json)
        if isinstance(message, wire.Attach) and message.credit > MAX_CREDIT:
            return encode(replace(message, credit=MAX_CREDIT), json=json)
        return frames

    def _digest(self, name: str) -> str:
        """A name of the requester's, which stands for him and for nobody else."""
        said = f"{self._tenant}:{self._user}:{name}".encode(errors="surrogatepass")
        return hashlib.blake2b(said, digest_size=12).hexdigest()


def _refused(
    code: wire.ErrorCode,
    text: str,
    *,
    json: bool,
    id: str | None = None,
    job: str | None = None,
    field: str | None = None,
    retryable: bool = False,
) -> Passed:
    if id is None and job is None:
        return Passed()
    error = wire.Error(code, text, id=id, job=job, field=field, retryable=retryable)
    return Passed(answer=encode(error, json=json))

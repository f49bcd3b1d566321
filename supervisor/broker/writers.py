"""Writers of open texts: their APPEND and FINISH, and what the journal has of durable ones.

A piece of a plain text is read at once (`open_texts`). One of a durable text goes to the job
machine (`core.jobs.writing`), which tells when the journal has it: then it is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from supervisor.broker.open_texts import OpenTexts, Prepared
from supervisor.broker.refused import Refused
from supervisor.core.jobs import events as e
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.request import JobRequest
from supervisor.wire import client as wire
from supervisor.wire.codec import Body


class Writers:
    """Adds to `texts`. `tell` takes events, `find` finds a job that has not ended, `refuse` answers
    the request of a client with this `id`; `prepare` finds what reads the text of such a job.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        texts: OpenTexts,
        tell: Callable[[e.Event], None],
        find: Callable[[str], Job | None],
        refuse: Callable[[bytes, str, Refused], None],
        prepare: Callable[[JobRequest], Prepared | None],
        most_bytes: Callable[[], int],
    ) -> None:
        self._loop = loop
        self._texts = texts
        self._tell = tell
        self._find = find
        self._refuse = refuse
        self._prepare = prepare
        self._most_bytes = most_bytes
        self.effects: Mapping[type, Callable[[Any], None]] = {
            e.ReadText: self._read,
            e.TakeText: self._read_on,
        }
        """The handler of each job command for durable texts."""

    def take(self, client: bytes, job: Job, message: wire.Append | wire.Finish, body: Body) -> None:
        """Take more of a job's text, or its end."""
        if job.request.durable:
            self._write(client, job, message, body)
            return
        if isinstance(message, wire.Append):
            taken = self._texts.append(job.id, body, flush=message.flush)
        else:
            taken = self._texts.finish(job.id)
        if not taken:
            text = f"the text of job {job.id} is ended: nothing can be added to it"
            self._refuse(client, message.id, Refused("conflict", text))

    def _write(
        self, client: bytes, job: Job, message: wire.Append | wire.Finish, body: Body
    ) -> None:
        """Write down more of a durable text, before it is read."""
        last = isinstance(message, wire.Finish)
        added = b"" if last else bytes(body)
        at, most = message.offset, self._most_bytes()
        if at is None or not 0 <= at <= most:
            reason = "to the text of a durable job add with `offset`, the bytes before it"
            self._refuse(client, message.id, Refused("out_of_range", reason, field="offset"))
        elif at + len(added) > most:
            now = self._loop.time()
            self._tell(e.TextRefused(now, job.id, f"the text has more than {most} bytes"))
        else:
            self._tell(
                e.TextWritten(
                    now=self._loop.time(),
                    job=job.id,
                    client=client,
                    reference=message.id,
                    at=at,
                    body=added,
                    flush=isinstance(message, wire.Append) and message.flush,
                    last=last,
                )
            )

    # -- what the journal has of a durable text -----------------------------------------

    def _read(self, command: e.ReadText) -> None:
        """Read it, as far as it is there."""
        job = self._find(command.job)
        if job is not None:
            prepare = partial(self._prepare, command.request)
            self._texts.go_on(job, prepare, self._most_bytes(), command.unread)

    def _read_on(self, command: e.TakeText) -> None:
        """Read on: there is more of it."""
        if command.body or command.flush:
            self._texts.append(command.job, command.body, flush=command.flush)
        if command.last:
            self._texts.finish(command.job)

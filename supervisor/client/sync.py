"""`Client`: the API for plain code, on one thread. It moves messages while the caller waits.

What is asked, answered and owed is `protocol`'s; the connection is `link`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

from supervisor.audio.samples import Samples
from supervisor.client.audio import Audio, Progress, samples_of
from supervisor.client.credentials import read_credentials
from supervisor.client.discovery import find_endpoint
from supervisor.client.errors import NoSupervisor, SupervisorError, WaitTimeout
from supervisor.client.job import JobView
from supervisor.client.link import CONNECT_TIMEOUT_S, TICK_S, Link
from supervisor.client.records import JobRecord
from supervisor.client.resuming import RESUME_S, Request, Resumption, Terms
from supervisor.client.waiting import Backoff, Deadline
from supervisor.wire.client import Accepted, Welcome
from supervisor.wire.codec import Body


class Job(JobView):
    """An accepted job. Iterate over it for chunks, or call `result` for the whole.

    Leaving it in a `with` block cancels it unless it has ended or is durable.
    """

    def __init__(
        self,
        client: Client,
        link: Link,
        record: JobRecord,
        accepted: Accepted,
        request: Request | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(record, accepted, Resumption(request))
        self._client = client
        self._link = link
        self._timeout = timeout

    @property
    def progress(self) -> Progress:
        """How far the job is, after taking in what has arrived.

        It stands still when nobody takes the audio and a megabyte of it waits here.
        """
        self._link.pump()
        return self._record.progress

    def chunks(self, timeout: float | None = None) -> Iterator[Samples]:
        """Pieces of audio in order, float32 [n], as they are ready.

        `timeout` is the longest wait for the next one, in seconds. Raises
        WaitTimeout, JobFailed, JobCancelled, SupervisorGone.
        """
        self._begin_stream()
        while (body := self._next(Deadline(timeout))) is not None:
            yield samples_of(body)

    def result(self, timeout: float | None = None) -> Audio:
        """Wait for the whole audio. A WaitTimeout leaves the job as it is: call again.

        Raises WaitTimeout, JobFailed, JobCancelled, SupervisorGone.
        """
        self._begin_result()
        if self._audio is None:
            deadline = Deadline(timeout)
            while (body := self._next(deadline)) is not None:
                self._pcm += body
            self._audio = self._whole()
        return self._audio

    def cancel(self) -> None:
        """Stop the job. Does nothing to one that has ended."""
        self._link.conversation.cancel(self._record)
        self._link.flush()

    def __iter__(self) -> Iterator[Samples]:
        return self.chunks(self._timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if not self._resumption.durable:
            self.cancel()

    def _next(self, deadline: Deadline) -> Body | None:
        """The next piece of audio, None after the last; over the loss of a supervisor."""
        while True:
            record = self._record
            if not wait(self._link, lambda: self._record.readable, deadline):
                raise WaitTimeout(f"job {self.id} has no more audio yet")
            body = self._link.conversation.take(record)
            self._link.flush()
            if body is not None or record.error is None:
                return body
            self._go_on(record.error, deadline)

    def _go_on(self, error: SupervisorError, deadline: Deadline) -> None:
        """Find the job at the next supervisor, or raise `error`: that of the loss."""
        if not self._resumption.possible(error):
            raise error
        limit = deadline.within(self._client.resume)
        backoff = Backoff(limit.remaining())
        while True:
            try:
                link = self._client.connected(limit)
                record = self._resumption.ask(link.conversation, self._record)
                accepted = self._client.answer(link, record, limit)
            except NoSupervisor:
                found: SupervisorError | None = None
            else:
                if accepted is not None:
                    self._resumption.accepted()
                    self._link, self._record, self._accepted = link, record, accepted
                    return
                found = record.error
            if found is not None and not self._resumption.is_passing(found):
                raise error if found.code == "not_found" else found
            time.sleep(backoff.pause_or_raise(error))


class Client:
    """Speech from the supervisor at `endpoint`, by default the one of this user.

    Connects at the first use, and again after a supervisor was lost. `name` is for
    the supervisor's logs. Use it from one thread, and as a context manager or with
    `close`. Every call may raise NoSupervisor or SupervisorGone.

    An endpoint on tcp takes `server_key`, the supervisor's public key as its `supervisor
    keygen` prints it, and `key_file`, which `supervisor keygen FILE` makes for a client.
    Raises BadRequest for keys that cannot be used.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        name: str = "",
        resume: float = RESUME_S,
        server_key: str | None = None,
        key_file: str | Path | None = None,
    ) -> None:
        self.resume = resume
        self._credentials = read_credentials(server_key, key_file)
        self._endpoint = endpoint
        self._name = name
        self._link: Link | None = None

    def synthesize(
        self,
        text: str,
        voice: str | None = None,
        engine: str | None = None,
        speed: float = 1.0,
        seed: int | None = None,
        timeout: float | None = None,
        **terms: Unpack[Terms],
    ) -> Audio:
        """Speak a text and return all of it.

        `speed` is a factor on the voice's own pace, `timeout` is in seconds for the
        whole call. A refusal that may pass (`busy`) is tried again within the
        timeout, or for half a minute without one. Raises BadRequest, Refused,
        JobFailed, WaitTimeout; the job does not outlive the call.
        """
        deadline = Deadline(timeout)
        with self.submit(text, voice, engine, speed, seed, timeout, **terms) as job:
            return job.result(deadline.remaining())

    @contextmanager
    def stream(
        self,
        text: str,
        voice: str | None = None,
        engine: str | None = None,
        speed: float = 1.0,
        seed: int | None = None,
        timeout: float | None = None,
        **terms: Unpack[Terms],
    ) -> Iterator[Job]:
        """Speak a text and iterate over its chunks as they are ready.

        As `synthesize`, but `timeout` is the longest wait for acceptance and then
        for each next chunk. Leaving the block early cancels the job; a slow reader
        slows the supervisor down instead of filling memory.
        """
        with self.submit(text, voice, engine, speed, seed, timeout, **terms) as job:
            yield job

    def submit(
        self,
        text: str,
        voice: str | None = None,
        engine: str | None = None,
        speed: float = 1.0,
        seed: int | None = None,
        timeout: float | None = None,
        **terms: Unpack[Terms],
    ) -> Job:
        """Hand in a text and return once it is accepted; `timeout` is for that.

        The job ends with this client. Raises BadRequest, Refused, WaitTimeout.
        """
        deadline, backoff = Deadline(timeout), Backoff(timeout)
        began = time.monotonic()
        request = Request(text=text, voice=voice, engine=engine, speed=speed, seed=seed, **terms)
        while True:
            link = self.connected(deadline)
            record = request.submit(link.conversation, time.monotonic() - began)
            accepted = self.answer(link, record, deadline)
            if accepted is not None:
                return Job(self, link, record, accepted, request, timeout)
            if record.error is not None:
                time.sleep(backoff.pause(record.error))

    def attach(self, job: str, timeout: float | None = None) -> Job:
        """Take over the audio of a job by its id, from its beginning.

        A job that this client holds already is that job, with the audio not taken
        yet. Raises BadRequest (`not_found`, `out_of_range`), WaitTimeout.
        """
        deadline = Deadline(timeout)
        link = self.connected(deadline)
        record = link.conversation.attach(job, time.monotonic())
        accepted = self.answer(link, record, deadline)
        if accepted is None:
            raise record.error or WaitTimeout(f"no answer about job {job}")
        return Job(self, link, record, accepted)

    def status(self, timeout: float | None = 10.0, *, events: bool = False) -> dict[str, Any]:
        """The status document, as `supervisor status --json` prints it; with `events` there is
        that, as `supervisor replay` reads it, for clients of the supervisor's own user.
        """
        deadline = Deadline(timeout)
        link = self.connected(deadline)
        answer = link.conversation.status(events=events)
        if not wait(link, lambda: answer.settled, deadline):
            raise WaitTimeout("the supervisor has not reported its status in time")
        if answer.value is None:
            raise answer.error or NoSupervisor("no answer")
        return answer.value.status

    def jobs(
        self, job: str | None = None, *, limit: int = 100, timeout: float | None = 10.0
    ) -> dict[str, Any]:
        """The jobs of this user, or one of them with its story; see `supervisor jobs`.

        Raises BadRequest (`not_found`).
        """
        deadline = Deadline(timeout)
        link = self.connected(deadline)
        answer = link.conversation.jobs(job, limit)
        if not wait(link, lambda: answer.settled, deadline):
            raise WaitTimeout("the supervisor has not reported its jobs in time")
        if answer.value is None:
            raise answer.error or NoSupervisor("no answer")
        return answer.value.status

    def cancel(self, job: str, timeout: float | None = 10.0) -> None:
        """Stop a job by its id. Raises BadRequest (`not_found`)."""
        link = self.connected(Deadline(timeout))
        link.conversation.cancel_job(job)
        self.jobs(job, timeout=timeout)

    def welcome(self) -> Welcome:
        """What the supervisor said of itself: epoch, version, engines, limits."""
        greeting = self.connected(Deadline(None)).conversation.welcome
        if greeting.value is None:
            raise greeting.error or NoSupervisor("no answer")
        return greeting.value

    def engines(self) -> dict[str, Any]:
        """Engines by name: default_voice, voices, sample_rate, licence, min_speed, max_speed."""
        return self.welcome().engines

    def close(self) -> None:
        """Say goodbye; jobs of this client that still run are cancelled. Idempotent."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def __enter__(self) -> Self:
        self.connected(Deadline(None))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def connected(self, deadline: Deadline) -> Link:
        """The link in use, or a new one that has been welcomed."""
        if self._link is not None and not self._link.lost:
            return self._link
        self.close()
        self._link = link = Link(
            self._endpoint or find_endpoint(), self._name, credentials=self._credentials
        )
        greeting = link.conversation.welcome
        try:
            if not wait(link, lambda: greeting.settled, deadline.within(CONNECT_TIMEOUT_S)):
                raise NoSupervisor(f"the supervisor at {link.endpoint} does not answer")
            if greeting.error is not None:
                raise greeting.error
        except BaseException:
            self.close()
            raise
        return link

    @staticmethod
    def answer(link: Link, record: JobRecord, deadline: Deadline) -> Accepted | None:
        """ACCEPTED, or None when `record.error` says why not. A request given up is cancelled."""
        try:
            if not wait(link, lambda: record.answered, deadline):
                raise WaitTimeout("the supervisor has not answered in time")
        except BaseException:
            link.conversation.cancel(record)
            link.flush()
            raise
        return record.accepted if record.error is None else None


def wait(link: Link, arrived: Callable[[], bool], deadline: Deadline) -> bool:
    """Move messages until `arrived()`; False when the deadline passes first."""
    while True:
        link.pump()
        link.tick()
        if arrived():
            return True
        remaining = deadline.remaining()
        if remaining <= 0.0:
            return False
        link.poll(min(remaining, TICK_S))

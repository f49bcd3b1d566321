"""`Client`: the API for plain code, on one thread. It moves messages while the caller waits.

`calls` and `job` carry out the calls, `protocol` has the messages.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self, Unpack

from supervisor.audio.samples import Samples
from supervisor.client.audio import Audio, Progress, samples_of
from supervisor.client.blocking_link import BlockingLink, run
from supervisor.client.calls import Calls, SocketCalls
from supervisor.client.credentials import read_credentials
from supervisor.client.deadlines import Deadline
from supervisor.client.errors import WaitTimeout
from supervisor.client.events import Events
from supervisor.client.job import JobHandle
from supervisor.client.request import RESUME_S, Request, Terms
from supervisor.client.roads import fleet_calls, is_fleet
from supervisor.wire.client import Welcome
from supervisor.wire.codec import Body
from supervisor.wire.events import EVENTS
from supervisor.wire.fleet.names import DEFAULT_TENANT

_LOOK_S = 0.01
"""Seconds between two looks at the pieces of a text that is being written."""
_LOOK_AGAIN_S = 0.1
"""The same whether anybody still takes them."""
_PIECES_AHEAD = 64


class Job(JobHandle):
    """An accepted job. Iterate over it for chunks, or call `result` for the whole.

    Leaving it in a `with` block cancels it unless it has ended or is durable.
    """

    _pieces: _Pieces | None = None
    """Pieces of its text that are still to be sent."""

    @property
    def progress(self) -> Progress:
        """Progress of the job, with the messages that have arrived by now.

        It stands still while the audio is not taken and a megabyte of it waits here.
        """
        self._job.link.pump()
        return self._job.record.progress

    def chunks(self, timeout: float | None = None) -> Iterator[Samples]:
        """Pieces of audio in order, float32 [n], as they are ready.

        `timeout` is the longest wait for the next one, in seconds. Raises
        WaitTimeout, JobFailed, JobCancelled, SupervisorGone.
        """
        self._begin_stream()
        while (body := self._next_piece(Deadline(timeout))) is not None:
            yield samples_of(body)

    def result(self, timeout: float | None = None) -> Audio:
        """Wait for the whole audio. A WaitTimeout leaves the job as it is: call again.

        Raises WaitTimeout, JobFailed, JobCancelled, SupervisorGone.
        """
        return run(self._collect(Deadline(timeout)))

    def wait_written(self, timeout: float | None = None) -> None:
        """Wait until all that was given to `write` and `end_text` is written down, so that it
        survives this process and the supervisor; only of a durable job. Raises WaitTimeout,
        BadRequest, JobFailed, SupervisorGone.
        """
        run(self._all_written(Deadline(timeout)))

    def __iter__(self) -> Iterator[Samples]:
        return self.chunks(self._timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._pieces is not None:
            self._pieces.leave()
        self._end_block()

    def _write_all(self, pieces: Iterable[str]) -> None:
        """Write pieces as they come, while the audio is taken; a thread waits for them."""
        self._pieces = _Pieces(pieces)

    def _write_waiting(self) -> None:
        """Send the pieces that have come. Raises what their source raised."""
        while self._pieces is not None and not self._pieces.waiting.empty():
            piece = self._pieces.waiting.get()
            if isinstance(piece, str):
                self.write(piece)
                continue
            self._pieces = None
            if piece is not None:
                raise piece
            self.end_text()

    def _next_piece(self, deadline: Deadline) -> Body | None:
        while self._pieces is not None:
            self._write_waiting()
            try:
                return run(self._next(deadline, look=deadline.within(_LOOK_S)))
            except WaitTimeout:
                if not deadline.remaining():
                    raise
        return run(self._next(deadline))


class _Pieces:
    """Pieces of a text that a thread takes from their source, a few ahead of what was written."""

    def __init__(self, source: Iterable[str]) -> None:
        self.waiting: queue.Queue[str | BaseException | None] = queue.Queue(_PIECES_AHEAD)
        """None comes after the last, or what the source raised."""
        self._source = source
        self._left = threading.Event()
        threading.Thread(target=self._pull, daemon=True).start()

    def leave(self) -> None:
        """Take no more: nobody listens."""
        self._left.set()

    def _pull(self) -> None:
        try:
            for piece in self._source:
                if not self._put(piece):
                    return
        except BaseException as error:  # noqa: BLE001 (it is raised where the pieces are taken)
            self._put(error)
        else:
            self._put(None)

    def _put(self, piece: str | BaseException | None) -> bool:
        """Hand a piece over; False where nobody takes it any more."""
        while not self._left.is_set():
            with suppress(queue.Full):
                self.waiting.put(piece, timeout=_LOOK_AGAIN_S)
                return True
        return False


class Client:
    """Speech from the supervisor at `endpoint`, by default the one of this user.

    Connects at the first use, and again after a supervisor was lost. `name` is for
    the supervisor's logs. Use it from one thread, and as a context manager or with
    `close`. Every call may raise NoSupervisor or SupervisorGone.

    An endpoint on tcp takes `server_key`, the supervisor's public key as its `supervisor
    keygen` prints it, and `key_file`, which `supervisor keygen FILE` makes for a client.

    "nats://a,b,c" are the servers of a fleet: each request goes to the host that can start it
    soonest, and on to another one if that is lost. `credentials` is a file of credentials for
    them, `ca` one of certificates that they are trusted by, and `tenant` whose jobs these are.
    A `durable` job waits in the fleet's queue; any client of the tenant takes its `id`, and a long
    text is spoken by several hosts at once, and heard as they are done (`Busy` where the queue is
    full, Refused `fleet_unavailable` without servers, JobFailed `result_lost` once its audio is
    gone). Raises BadRequest for keys that cannot be used.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        name: str = "",
        resume: float = RESUME_S,
        server_key: str | None = None,
        key_file: str | Path | None = None,
        credentials: str | Path | None = None,
        ca: str | Path | None = None,
        tenant: str = DEFAULT_TENANT,
    ) -> None:
        self.resume = resume
        self._calls: Calls
        if endpoint is not None and is_fleet(endpoint):
            self._calls = fleet_calls(
                endpoint, name=name, credentials=credentials, ca=ca, tenant=tenant, blocking=True
            )
            return
        keys = read_credentials(server_key, key_file)
        self._calls = SocketCalls(BlockingLink, endpoint, name, keys)

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
        timeout, or for half a minute without one. The job does not outlive the call.
        Raises BadRequest, Refused, JobFailed, WaitTimeout.
        """
        deadline = Deadline(timeout)
        with self.submit(text, voice, engine, speed, seed, timeout, **terms) as job:
            return job.result(deadline.remaining())

    @contextmanager
    def stream(
        self,
        text: str | Iterable[str],
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

        A text that is still being written may be given as its pieces, however small: they are
        spoken as they come. What their iterator raises is raised here.
        """
        if isinstance(text, str):
            with self.submit(text, voice, engine, speed, seed, timeout, **terms) as job:
                yield job
            return
        terms["open"] = True
        with self.submit("", voice, engine, speed, seed, timeout, **terms) as job:
            job._write_all(text)  # noqa: SLF001 (of this module)
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
        """Submit a text and return once it is accepted; `timeout` is for that.

        The job ends with this client. Raises BadRequest, Refused, WaitTimeout.
        """
        request = Request(text, voice=voice, engine=engine, speed=speed, seed=seed, **terms)
        accepted = run(self._calls.submit(request, Deadline(timeout)))
        return Job(self._calls, accepted, self.resume, request, timeout)

    def attach(self, job: str, timeout: float | None = None) -> Job:
        """Take over the audio of a job by its id, from its beginning.

        For a job that this client holds already it is the audio not taken yet. Raises
        BadRequest (`not_found`, `out_of_range`), WaitTimeout.
        """
        return Job(self._calls, run(self._calls.attach(job, Deadline(timeout))), self.resume)

    def status(self, timeout: float | None = 10.0, *, events: bool = False) -> dict[str, Any]:
        """The status document, as `supervisor status --json` prints it.

        With `events`, and for clients of the supervisor's own user, it has the last events, as
        `supervisor replay` reads them.
        """
        return run(self._calls.status(Deadline(timeout), events=events))

    def jobs(
        self, job: str | None = None, *, limit: int = 100, timeout: float | None = 10.0
    ) -> dict[str, Any]:
        """The jobs of this user, or one of them with its story; see `supervisor jobs`.

        Raises BadRequest (`not_found`).
        """
        return run(self._calls.jobs(job, limit, Deadline(timeout)))

    def outlook(self, timeout: float | None = 10.0) -> dict[str, Any]:
        """How soon a sentence of a new client would be begun (`starts_s`, predicted seconds), how
        many of the `workers` are `idle`, and what waits. Cheap, unlike `status`.

        Raises BadRequest (`not_found`) where another user runs the supervisor.
        """
        return run(self._calls.outlook(Deadline(timeout)))

    def clear_cache(self, timeout: float | None = 10.0) -> dict[str, Any]:
        """Forget all cached segments; returns how many `entries` and `bytes` were in memory.

        Raises BadRequest (`not_found`) where another user runs the supervisor.
        """
        return run(self._calls.clear_cache(Deadline(timeout)))

    def cancel(self, job: str, timeout: float | None = 10.0, *, forget: bool = False) -> None:
        """Stop a job by its id; with `forget` nothing of it is left, also of one that has ended:
        neither its audio nor its key. Raises BadRequest (`not_found`).
        """
        run(self._calls.cancel(job, Deadline(timeout), forget=forget))

    def events(self, *kinds: str, timeout: float | None = 10.0) -> Events:
        """Watch what happens: `allocation`, `workers`, `jobs`, or all of them where none is named.

        Returns once they are watched; iterate over it, and close it. It has a connection of its
        own. Of jobs one hears of those that `jobs` lists. Raises BadRequest (`out_of_range`),
        Refused, WaitTimeout.
        """
        return Events(run(self._calls.watch(kinds or EVENTS, Deadline(timeout))))

    def welcome(self) -> Welcome:
        """The supervisor's WELCOME: epoch, version, engines, limits."""
        return run(self._calls.welcome())

    def engines(self) -> dict[str, Any]:
        """Engines by name: default_voice, voices, sample_rate, licence, min_speed, max_speed."""
        return self.welcome().engines

    def close(self) -> None:
        """Disconnect; jobs of this client that still run are cancelled. Idempotent."""
        run(self._calls.close())

    def __enter__(self) -> Self:
        run(self._calls.connected(Deadline(None)))
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

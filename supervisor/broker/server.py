"""The broker: clients' messages become job events, job commands become replies.

Knows connections and the wire, and nothing about workers. It decides only what the job machine
cannot know: whether a message is valid, and which client and job it concerns.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from supervisor import __version__
from supervisor.broker.cutting import TextReader, Turns
from supervisor.broker.open_texts import OpenTexts, Prepared
from supervisor.broker.refused import Refused
from supervisor.broker.replies import Replies
from supervisor.broker.reports import engines_document, job_document, jobs_document
from supervisor.broker.requests import (
    MAX_CREDIT,
    complete,
    read_again,
    read_open_request,
    read_request,
    read_text,
)
from supervisor.broker.sockets.endpoints import Endpoints
from supervisor.broker.sockets.liveness import LivenessProbe
from supervisor.broker.sockets.peers import flow_of, is_ours, scope_of
from supervisor.broker.watchers import Watchers
from supervisor.broker.writers import Writers
from supervisor.config import Settings
from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Stored, Worded
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.request import JobRequest
from supervisor.logs import get_logger
from supervisor.marks import written
from supervisor.wire import client as wire
from supervisor.wire.codec import Body, WireError, decode_request, encode
from supervisor.wire.worker import Catalogue
from supervisor.wording import counted

_LOGGED_CHARS = 500
_SHORT_CHARS = 1_024
"""A text of no more is not refused for those that are being read: on a busy machine our thread
may have had no core for the time that each text has at first. It is read in its next turn."""
_READ_AT_ONCE = 4
_READ_AT_ONCE_IN_ALL = 32

log = get_logger(__name__)


class Connection(msgspec.Struct):
    """One client's connection. `json`: it is answered in JSON."""

    owner: str
    json: bool = False
    name: str = ""


class PendingSubmit(msgspec.Struct, eq=False, kw_only=True):
    """A SUBMIT whose text is being cut: no job yet. `flow`: the client that is charged for it."""

    client: bytes
    connection: Connection
    message: wire.Submit
    flow: str
    request: JobRequest
    reader: TextReader


class Broker:
    """Serves clients at `endpoint`, and on tcp where the settings open it.

    `status` makes the document for STATUS, `events` its part with the last events, and `load`
    reads audio from the journal.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        endpoint: str,
        settings: Settings,
        jobs: Jobs,
        tell: Callable[[e.Event], None],
        status: Callable[[], dict[str, Any]],
        events: Callable[[], dict[str, Any]],
        load: Callable[[Stored], bytes | Worded],
    ) -> None:
        self.epoch = secrets.token_hex(6)
        self.settings = settings
        self.catalogue = Catalogue(())
        self.draining = False
        self._loop = loop
        self._jobs = jobs
        self._tell = tell
        self._status = status
        self._events = events
        self._connections: dict[bytes, Connection] = {}
        self._turns = Turns(loop)
        self._open_texts = OpenTexts(
            loop,
            self._turns,
            tell,
            jobs.jobs.get,
            lambda: self.settings.journal.open_text_s,
        )
        self._writers = Writers(
            loop,
            self._open_texts,
            tell,
            jobs.jobs.get,
            self._refuse,
            self._prepared,
            lambda: self.settings.broker.max_text_bytes,
        )
        self._pending: set[PendingSubmit] = set()
        """Requests whose texts wait for a turn."""
        self._submitted = 0
        self.outlook: Callable[[], dict[str, Any]] = dict
        """Makes the document for OUTLOOK."""
        self.recovered = False
        """Whether the journal was read, so that jobs may be accepted."""
        self._requests: dict[type, Callable[[bytes, Connection, Any, Body], None]] = {
            wire.Hello: self._hello,
            wire.Submit: self._submit,
            wire.Append: self._write,
            wire.Finish: self._write,
            wire.Credit: self._credit,
            wire.Cancel: self._cancel,
            wire.Attach: self._attach,
            wire.Status: self._report,
            wire.Jobs: self._list,
            wire.ClearCache: self._clear_cache,
            wire.Outlook: self._outlook,
            wire.Watch: self._watch,
            wire.Ping: self._ping,
            wire.Bye: self._bye,
        }
        self.endpoints = Endpoints(loop, endpoint, settings.broker, self._take, self._gone)
        self.watchers = Watchers(loop, self.endpoints.offer)
        self._liveness = LivenessProbe(loop, self._probe, lambda: self._connections, jobs.listeners)
        replies = Replies(self._send, load, self._liveness.listener_added)
        self.effects: dict[type, Callable[[Any], None]] = {
            **replies.effects,
            **self._writers.effects,
            e.CutText: self._cut_text,
        }
        """The handler of each job command for clients, or for their texts."""

    def drain(self, reason: str) -> None:
        """Refuse new jobs from now on, and tell every client."""
        self.draining = True
        self._open_texts.finish_all()
        for client in list(self._connections):
            self._send(client, wire.Goaway(reason))
        for pending in self._pending:
            self._refuse(pending.client, pending.message.id, _draining())
        self._pending.clear()

    def open(self) -> None:
        """Accept requests from now on: the jobs of earlier epochs are known."""
        self.recovered = True

    def reload_keys(self) -> None:
        """Read the allowed keys again; a client whose key is not among them counts as gone."""
        self.endpoints.reload_keys()
        for client, connection in list(self._connections.items()):
            if not self.endpoints.admits(connection.owner):
                self._gone(client)

    def close(self) -> None:
        """Send what is queued and close the socket."""
        self._liveness.close()
        self.watchers.close()
        self.endpoints.close()

    # -- messages -----------------------------------------------------------------------

    def _take(self, client: bytes, owner: str, frames: list[bytes]) -> None:
        connection = self._connections.get(client)
        if connection is None or connection.owner != owner:
            self._gone(client)  # a peer may choose the routing id of another one that has left
            connection = self._connections[client] = Connection(owner)
        try:
            request = decode_request(frames)
        except WireError as error:
            connection.json = len(frames) > 1 and frames[1][:1] == b"{"
            self._send(client, wire.Error(error.code, str(error)))
            return
        connection.json = request.json
        self._requests[type(request.message)](client, connection, request.message, request.body)

    def _hello(
        self, client: bytes, connection: Connection, message: wire.Hello, _body: Body
    ) -> None:
        connection.name = message.client[:64]
        limits = {"max_text_bytes": self.settings.broker.max_text_bytes}
        default = self.settings.engines.default
        welcome = wire.Welcome(
            epoch=self.epoch,
            version=__version__,
            default_engine=default,
            engines=engines_document(self.catalogue),
            limits=limits,
        )
        self._send(client, welcome)

    def _submit(
        self, client: bytes, connection: Connection, message: wire.Submit, body: Body
    ) -> None:
        now = self._loop.time()
        try:
            self._check_open()
            if message.durable and not self.settings.journal.enabled:
                raise Refused("journal_unavailable", "durable jobs need journal.enabled: true")
            if message.open:
                self._submit_open(client, connection, message, body)
                return
            text = read_text(body, self.settings.broker.max_text_bytes)
            scope = self._scope(connection, message)
            request, reader = read_request(message, text, self.catalogue, self.settings, now, scope)
            flow = flow_of(connection.owner, client, message.on_behalf)
            pending = PendingSubmit(
                client=client,
                connection=connection,
                message=message,
                flow=flow,
                request=request,
                reader=reader,
            )
            reader.read(self._loop.time)
            if reader.ready:
                self._hand_in(pending)
            else:
                if len(text) > _SHORT_CHARS:
                    self._check_reading(flow)
                self._pending.add(pending)
                self._turns.add(partial(self._read_on, pending))
        except Refused as refused:
            self._refuse(client, message.id, refused)

    def _submit_open(
        self, client: bytes, connection: Connection, message: wire.Submit, body: Body
    ) -> None:
        """A job whose text is to come. Raises Refused."""
        now = self._loop.time()
        scope = self._scope(connection, message)
        request, read, language = read_open_request(
            message, self.catalogue, self.settings, now, scope
        )
        if message.durable and body:
            reason = "a durable open text begins with APPEND: leave the body of SUBMIT empty"
            raise Refused("out_of_range", reason, field="text")
        flow = flow_of(connection.owner, client, message.on_behalf)
        job = self._hand_in_request(client, connection, message, flow, request)
        if self._jobs.jobs.get(job) is not None and not message.durable:
            most = self.settings.broker.max_text_bytes
            self._open_texts.begin(job, lambda: (read, language), most, body)

    def _scope(self, connection: Connection, message: wire.Submit) -> str:
        """Within which what is spoken for this request is cached."""
        if self.settings.cache.scope != "owner":
            return ""
        return scope_of(connection.owner, message.on_behalf)

    def _prepared(self, request: JobRequest) -> Prepared | None:
        """What reads a durable text; None where the engines are not known yet. Raises Refused."""
        if not self.catalogue.engines:
            return None
        return read_again(request, self.catalogue, self.settings, self._loop.time())

    def _write(
        self, client: bytes, connection: Connection, message: wire.Append | wire.Finish, body: Body
    ) -> None:
        job = self._find(connection, message.job)
        if job is not None:
            self._writers.take(client, job, message, body)
        elif self.draining:  # It may be left to the next supervisor.
            self._refuse(client, message.id, _draining())
        else:
            self._no_such_job(client, message.job, message.id)

    def _read_on(self, pending: PendingSubmit) -> bool:
        """Cut a little more of a text; its client may have left, or have been refused."""
        if pending not in self._pending:
            return False
        gone = self._connections.get(pending.client) is not pending.connection
        try:
            if not gone:
                pending.reader.read(self._loop.time)
                if not pending.reader.ready:
                    return True
                self._hand_in(pending)
        except Refused as refused:
            self._refuse(pending.client, pending.message.id, refused)
        self._pending.discard(pending)
        return False

    def _cut_text(self, command: e.CutText) -> None:
        """A job needs more segments."""
        self._turns.add(partial(self._cut_turn, command.job))

    def _cut_turn(self, job: str) -> bool:
        self._tell(e.CutTurn(self._loop.time(), job))
        return False

    def _check_open(self) -> None:
        if self.draining:
            raise _draining()
        if not self.catalogue.engines:
            raise Refused("busy", "the supervisor is starting", retry_after_ms=500)
        self._check_recovered()

    def _check_recovered(self) -> None:
        if not self.recovered:
            raise Refused("busy", "the journal is being read", retry_after_ms=100)

    def _check_reading(self, flow: str) -> None:
        """Bound the texts that are being cut, which take memory and are not in admission's count.

        Raises Refused.
        """
        mine = sum(pending.flow == flow for pending in self._pending)
        if mine >= _READ_AT_ONCE or len(self._pending) >= _READ_AT_ONCE_IN_ALL:
            text = f"{counted(len(self._pending), 'long text is', 'long texts are')} being read"
            raise Refused("busy", text, retry_after_ms=200)

    def _hand_in(self, pending: PendingSubmit) -> None:
        """Submit the job: enough of its text is cut."""
        request = complete(pending.request, pending.reader)
        client, connection = pending.client, pending.connection
        self._hand_in_request(client, connection, pending.message, pending.flow, request)

    def _hand_in_request(
        self,
        client: bytes,
        connection: Connection,
        message: wire.Submit,
        flow: str,
        request: JobRequest,
    ) -> str:
        """Submit a job; returns its name, also of one that was refused."""
        self._submitted += 1
        job = f"{self.epoch}-{self._submitted}"
        if self.settings.logging.text:
            said = " ".join(part.text for part in request.segments)
            text = said or (request.rest.text if request.rest else "")
            text = written(text[: _LOGGED_CHARS * 8])  # Marks take most of some texts.
            log.info("job %s says: %s", job, text[:_LOGGED_CHARS], extra={"data": {"job": job}})
        self._tell(
            e.Submitted(
                now=self._loop.time(),
                job=job,
                owner=connection.owner,
                client=client,
                request=request,
                credit=message.credit,
                reference=message.id,
                flow=flow,
            )
        )
        return job

    def _credit(
        self, client: bytes, _connection: Connection, message: wire.Credit, _body: Body
    ) -> None:
        job = self._jobs.find(message.job)
        if job is not None and job.client == client and 0 <= message.bytes <= MAX_CREDIT:
            self._tell(e.CreditGranted(self._loop.time(), message.job, message.bytes))

    def _find(self, connection: Connection, id: str) -> Job | None:
        """The job, if it is this client's; a job of another owner is not found."""
        job = self._jobs.find(id)
        return job if job is not None and job.owner == connection.owner else None

    def _cancel(
        self, client: bytes, connection: Connection, message: wire.Cancel, _body: Body
    ) -> None:
        if self._find(connection, message.job) is None:
            self._no_such_job(client, message.job)
        elif message.forget:
            self._tell(e.Forgotten(self._loop.time(), message.job, "forgotten by the client"))
        else:
            self._tell(e.Cancelled(self._loop.time(), message.job, "cancelled by the client"))

    def _attach(
        self, client: bytes, connection: Connection, message: wire.Attach, _body: Body
    ) -> None:
        try:
            self._check_recovered()
        except Refused as refused:
            self._refuse(client, message.id, refused)
            return
        job = self._find(connection, message.job)
        if job is None:
            self._no_such_job(client, message.job, message.id)
            return
        # A recovered job is spoken from its beginning: its client may have more of it than we do.
        ahead = job.failed or (job.request.durable and not job.ended)
        end = MAX_CREDIT if ahead else job.audio.end
        if not job.kept_from <= message.offset <= end:
            text = f"audio of job {job.id} is kept from byte {job.kept_from} to {job.audio.end}"
            self._send(client, wire.Error("out_of_range", text, id=message.id))
        elif not 0 <= message.credit <= MAX_CREDIT:
            text = f"credit must be within 0 to {MAX_CREDIT} bytes"
            self._send(client, wire.Error("out_of_range", text, id=message.id))
        else:
            now = self._loop.time()
            self._tell(
                e.ClientAttached(
                    now=now,
                    job=job.id,
                    client=client,
                    offset=message.offset,
                    credit=message.credit,
                    reference=message.id,
                )
            )

    def _no_such_job(self, client: bytes, job: str, id: str | None = None) -> None:
        self._send(client, wire.Error("not_found", f"there is no job {job!r}", id=id, job=job))

    def _list(self, client: bytes, connection: Connection, message: wire.Jobs, _body: Body) -> None:
        now = self._loop.time()
        if message.job is None:
            document = jobs_document(self._jobs, connection.owner, message.limit, now)
        else:
            job = self._find(connection, message.job)
            if job is None:
                self._no_such_job(client, message.job, message.id)
                return
            document = job_document(job, self._jobs, now)
        self._send(client, wire.Report(message.id, document))

    def _report(
        self, client: bytes, connection: Connection, message: wire.Status, _body: Body
    ) -> None:
        document = self._status()
        if message.events and is_ours(connection.owner):
            document["events"] = self._events()
        self._send(client, wire.Report(message.id, document))

    def _clear_cache(
        self, client: bytes, connection: Connection, message: wire.ClearCache, _body: Body
    ) -> None:
        if not is_ours(connection.owner):
            text = "only the user that the supervisor runs as may clear its cache"
            self._send(client, wire.Error("not_found", text, id=message.id))
            return
        cache = self._jobs.repeats.cache
        document = {"entries": len(cache), "bytes": cache.bytes}
        self._tell(e.CacheCleared(self._loop.time()))
        self._send(client, wire.Report(message.id, document))

    def _outlook(
        self, client: bytes, connection: Connection, message: wire.Outlook, _body: Body
    ) -> None:
        if not is_ours(connection.owner):
            text = "only the user that the supervisor runs as may ask for its outlook"
            self._send(client, wire.Error("not_found", text, id=message.id))
            return
        self._send(client, wire.Report(message.id, self.outlook()))

    def _watch(
        self, client: bytes, connection: Connection, message: wire.Watch, _body: Body
    ) -> None:
        owner, json = connection.owner, connection.json
        try:
            watching = self.watchers.watch(client, owner, message, json=json)
        except Refused as refused:
            self._refuse(client, message.id, refused)
        else:
            self._send(client, watching)

    def _ping(
        self, client: bytes, _connection: Connection, _message: wire.Ping, _body: Body
    ) -> None:
        self._send(client, wire.Pong())

    def _bye(self, client: bytes, _connection: Connection, _message: wire.Bye, _body: Body) -> None:
        self._gone(client)

    # -- answers ------------------------------------------------------------------------

    def _refuse(self, client: bytes, id: str, refused: Refused) -> None:
        self._send(client, refused.answer(id))

    def _send(self, client: bytes, message: wire.Message, body: Body | None = None) -> None:
        connection = self._connections.get(client)
        if connection is not None:
            self.endpoints.send(client, encode(message, body, json=connection.json))

    def _probe(self, client: bytes) -> None:
        connection = self._connections.get(client)
        if connection is not None:
            self.endpoints.probe(client, encode(wire.Pong(), json=connection.json))

    # -- clients that leave -------------------------------------------------------------

    def _gone(self, client: bytes) -> None:
        if self._connections.pop(client, None) is not None:
            self.watchers.forget(client)
            self._tell(e.ClientLost(self._loop.time(), client))


def _draining() -> Refused:
    return Refused("draining", "the supervisor is stopping", retry_after_ms=1000)

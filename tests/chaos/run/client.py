"""One client of the chaos run: `python -m tests.chaos.run.client ENDPOINT DIRECTORY NAME SEED`.

It asks for speech, several jobs at a time, until SIGTERM; then it waits for what it asked
for. What it is owed it asks for again when the connection ends, and looks at every
message: offsets, the owner of each job, nothing after the end, the audio. It writes down
what it sees, and the judge decides.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

import zmq
from zmq.utils.monitor import parse_monitor_message

from supervisor.wire import client as protocol
from supervisor.wire.codec import Body, decode_reply
from tests.chaos.run import catalogue
from tests.chaos.run.ledger import Ledger, Line
from tests.supervised import Wire

IN_FLIGHT = 3
STALLED_S = 120.0
"""A job that does not move for so long is lost: a restart alone takes half a minute where other
processes take most of the machine.
"""
_RECONNECT_S = 0.1
_PING_S = 5.0
_CREDIT = 256 * 1024
FLOWS = (None, None, "one", "two", "three")
"""On whose behalf jobs are handed in: all clients share these, and have a share of their own."""


class Asked:
    """A request that is not answered to the end."""

    def __init__(self, id: str, request: catalogue.Request, *, durable: bool, cancel: bool) -> None:
        self.id = id
        self.request = request
        self.durable = durable
        self.cancel = cancel
        self.again_at = 0.0
        self.job = ""
        self.first_job = ""
        self.audio = b""
        self.moved_at = time.monotonic()


class ChaosClient:
    """Runs until `stopping` is set and nothing is owed."""

    def __init__(self, endpoint: str, directory: Path, name: str, seed: str) -> None:
        self.stopping = False
        self._endpoint = endpoint
        self._name = name
        self._random = random.Random(f"{seed} {name}")
        self._expected = catalogue.load(directory / "expected.json")
        self._ledger = Ledger(directory / f"{name}.ledger")
        self._owed: dict[str, Asked] = {}
        self._over: set[str] = set()
        self._count = 0
        self._next_at = 0.0
        self._pinged_at = 0.0
        self._connect()

    def run(self) -> None:
        """Ask, listen, and ask again."""
        while not self.stopping or self._owed:
            now = time.monotonic()
            self._ask(now)
            if self._peer.socket.poll(20):
                self._take()
            if self._monitor.poll(0):
                self._watch()
            self._look(now)
        self._ledger.note(Line("left"))

    # -- the connection -----------------------------------------------------------------

    def _connect(self) -> None:
        self._peer = Wire(self._endpoint)
        self._monitor = self._peer.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self._over.clear()
        self._number = 0
        self._peer.send(protocol.Watch("watch", ("jobs",)))

    def _watch(self) -> None:
        """The connection ended: whatever had arrived before still counts."""
        parse_monitor_message(self._monitor.recv_multipart())
        while self._peer.socket.poll(0):
            self._take()
        self._peer.socket.disable_monitor()
        self._monitor.close(0)
        self._peer.close()
        time.sleep(_RECONNECT_S)
        self._connect()
        for asked in self._owed.values():
            if asked.job:
                self._ledger.note(Line("lost", asked.id, job=asked.job))
            asked.job, asked.audio = "", b""
            asked.moved_at = time.monotonic()
            self._submit(asked)

    # -- asking -------------------------------------------------------------------------

    def _ask(self, now: float) -> None:
        if not self.stopping and len(self._owed) < IN_FLIGHT and now >= self._next_at:
            self._next_at = now + self._random.uniform(0.0, 0.4)
            self._count += 1
            durable = self._random.random() < 0.4
            asked = Asked(
                f"{self._name}-{self._count}",
                self._random.choice(catalogue.CATALOGUE),
                durable=durable,
                cancel=self._random.random() < 0.05,
            )
            self._owed[asked.id] = asked
            self._ledger.note(Line("asked", asked.id, asked.request.name, durable=durable))
            self._submit(asked)
        for asked in self._owed.values():
            if asked.again_at and now >= asked.again_at:
                self._submit(asked)

    def _submit(self, asked: Asked) -> None:
        asked.again_at = 0.0
        message = protocol.Submit(
            asked.id,
            engine=asked.request.engine,
            seed=asked.request.seed,
            credit=_CREDIT,
            key=asked.id if asked.durable else None,
            durable=asked.durable,
            on_behalf=self._random.choice(FLOWS),
            request_class=self._random.choice((None, "interactive", "batch")),
        )
        self._peer.send(message, asked.request.text.encode())

    def _look(self, now: float) -> None:
        """A silent supervisor is asked for a sign; what does not move at all is a breach."""
        if now - self._pinged_at > _PING_S:
            self._pinged_at = now
            self._peer.send(protocol.Ping())
        for asked in list(self._owed.values()):
            if now - asked.moved_at > STALLED_S:
                self._ledger.breach(f"{asked.id} (job {asked.job or 'none'}) has stalled")
                del self._owed[asked.id]

    # -- listening ----------------------------------------------------------------------

    def _take(self) -> None:
        message, body = decode_reply(self._peer.socket.recv_multipart())
        match message:
            case protocol.Accepted():
                self._accepted(message)
            case protocol.Chunk():
                self._chunk(message, body)
            case protocol.End():
                self._end(message, body)
            case protocol.Event():
                if message.number <= self._number:
                    self._ledger.breach(f"event {message.number} came after {self._number}")
                self._number = message.number
            case protocol.Error():
                self._error(message)

    def _accepted(self, message: protocol.Accepted) -> None:
        asked = self._owed.get(message.id)
        if asked is None or asked.job:
            self._ledger.breach(f"{message.id} was accepted again, as {message.job}")
            return
        if asked.durable and asked.first_job not in {"", message.job}:
            self._ledger.breach(f"{asked.id} was job {asked.first_job} and is now {message.job}")
        asked.job = message.job
        asked.first_job = asked.first_job or message.job
        asked.moved_at = time.monotonic()
        self._ledger.note(Line("accepted", asked.id, job=message.job))
        if asked.cancel:
            self._ledger.note(Line("cancelling", asked.id, job=message.job))
            self._peer.send(protocol.Cancel(message.job))

    def _chunk(self, message: protocol.Chunk, body: Body) -> None:
        asked = self._of(message.job, "CHUNK")
        if asked is None:
            return
        if message.offset != len(asked.audio):
            self._ledger.breach(
                f"{asked.id}: audio at byte {message.offset} instead of {len(asked.audio)}"
            )
        asked.audio += body
        asked.moved_at = time.monotonic()
        self._peer.send(protocol.Credit(message.job, len(body)))

    def _end(self, message: protocol.End, body: Body) -> None:
        asked = self._of(message.job, "END")
        if asked is None:
            return
        audio = asked.audio + body
        found = catalogue.digest(audio)
        if message.bytes != len(audio):
            self._ledger.breach(f"{asked.id}: {len(audio)} bytes came of {message.bytes}")
        if found != self._expected[asked.request.name]:
            self._ledger.breach(f"{asked.id}: the audio of {asked.request.name} is another")
        self._ended(asked, "done", found)

    def _error(self, message: protocol.Error) -> None:
        asked = self._owed.get(message.id or "")
        if asked is not None and not asked.job and message.retryable:
            pause = (message.retry_after_ms or 200) / 1000
            asked.again_at = asked.moved_at = time.monotonic() + pause
            self._ledger.note(
                Line("refused", asked.id, detail=message.code, digest=message.message)
            )
        elif message.job is not None and message.id is None:
            asked = self._of(message.job, f"ERROR {message.code}")
            if asked is not None:
                if message.code != "cancelled":
                    self._ledger.breach(f"{asked.id}: {message.code}: {message.message}")
                self._ended(asked, message.code)
        else:
            self._ledger.breach(f"{message.id or message.job}: {message.code}: {message.message}")
            if asked is not None:
                del self._owed[asked.id]

    def _of(self, job: str, what: str) -> Asked | None:
        """Who asked for this job on this connection."""
        for asked in self._owed.values():
            if asked.job == job:
                return asked
        when = "after the end of" if job in self._over else "for the strange"
        self._ledger.breach(f"{what} {when} job {job}")
        return None

    def _ended(self, asked: Asked, outcome: str, digest: str = "") -> None:
        del self._owed[asked.id]
        self._over.add(asked.job)
        self._ledger.note(Line("ended", asked.id, job=asked.job, detail=outcome, digest=digest))


def main(endpoint: str, directory: str, name: str, seed: str) -> None:
    """Be a client until SIGTERM."""
    client = ChaosClient(endpoint, Path(directory), name, seed)

    def stop(*_: object) -> None:
        client.stopping = True

    signal.signal(signal.SIGTERM, stop)
    client.run()


if __name__ == "__main__":
    main(*sys.argv[1:])

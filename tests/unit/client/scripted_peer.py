"""A supervisor that answers as its test tells it: for what a real one does only by accident.

It is no second broker: it knows no jobs. Tests that need speech use a real supervisor.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq

from supervisor.wire import client as wire
from supervisor.wire.codec import Body, decode_request, encode

Answer = tuple[wire.Message, bytes | None]
Script = Callable[[wire.Message, Body], list[Answer]]


class ScriptedPeer:
    """A ROUTER in a thread. `heard` is everything it was told, HELLO included."""

    def __init__(
        self, endpoint: str, script: Script, engines: Mapping[str, Any] | None = None
    ) -> None:
        self._welcome = wire.Welcome("e1", "0", "hibari", dict(engines or {}))
        self.endpoint = endpoint
        self.heard: list[wire.Message] = []
        self.told = threading.Condition()
        self._script = script
        self._context = zmq.Context()
        self._stop_in, self._stop_out = (self._context.socket(zmq.PAIR) for _ in range(2))
        self._stop_in.bind("inproc://stop")
        self._stop_out.connect("inproc://stop")
        self._router = self._context.socket(zmq.ROUTER)
        self._router.setsockopt(zmq.LINGER, 0)
        self._router.bind(endpoint)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def wait_for(self, kind: type[wire.Message], count: int = 1) -> list[wire.Message]:
        """Messages of one kind, once there are `count` of them."""

        def heard() -> list[wire.Message]:
            return [message for message in self.heard if isinstance(message, kind)]

        with self.told:
            assert self.told.wait_for(lambda: len(heard()) >= count, 10), f"heard {self.heard}"
            return heard()

    def close(self) -> None:
        """End as a killed supervisor does: the connection closes, nothing is said. Idempotent."""
        if self._thread.is_alive():
            self._stop_in.send(b"")
            self._thread.join()
            self._stop_in.close(0)
            self._context.term()

    def _serve(self) -> None:
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(self._stop_out, zmq.POLLIN)
        while self._stop_out not in dict(poller.poll()):
            identity, *frames = self._router.recv_multipart()
            request = decode_request(frames)
            for message, body in self._answers(request.message, request.body):
                self._router.send_multipart([identity, *encode(message, body)])
            with self.told:
                self.heard.append(request.message)
                self.told.notify_all()
        self._router.close()
        self._stop_out.close()

    def _answers(self, message: wire.Message, body: Body) -> list[Answer]:
        if isinstance(message, wire.Hello):
            return [(self._welcome, None)]
        return self._script(message, body)


@contextmanager
def scripted_peer(
    directory: Path, script: Script, engines: Mapping[str, Any] | None = None
) -> Iterator[ScriptedPeer]:
    """A peer on a socket in `directory`, with these engines; closed at the end."""
    peer = ScriptedPeer(f"ipc://{directory}/client.sock", script, engines)
    try:
        yield peer
    finally:
        peer.close()


def published(directory: Path, peer: ScriptedPeer) -> dict[str, str]:
    """Write where the peer is as a supervisor does; the environment in which it is found."""
    document = {
        "pid": os.getpid(),
        "epoch": "e1",
        "protocol": 1,
        "endpoints": {"client": peer.endpoint},
        "version": "0",
    }
    (directory / "supervisor.json").write_text(json.dumps(document))
    return {**os.environ, "SUPERVISOR_RUN_DIR": str(directory)}

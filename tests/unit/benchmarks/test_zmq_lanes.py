"""The pool is asked as everything beside it is asked."""

from __future__ import annotations

from pathlib import Path

import zmq

from benchmarks.peers.zmq_lanes import ZmqLanes
from supervisor.wire import client as wire
from supervisor.wire.codec import decode_request


def test_a_request_names_no_seed(tmp_path: Path) -> None:
    """A seeded job is spoken by one thread, however many the pool would give it."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.bind(f"ipc://{tmp_path / 'client.sock'}")
        lanes = ZmqLanes(tmp_path)
        try:
            lanes.send(3, "Hello.")
            assert router.poll(5000), "no message within 5 s"
            request = decode_request(router.recv_multipart()[1:])
        finally:
            lanes.close()
    assert isinstance(request.message, wire.Submit)
    assert request.message.seed is None
    assert request.message.id == "3"
    assert bytes(request.body) == b"Hello."

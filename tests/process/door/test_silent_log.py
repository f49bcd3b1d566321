"""What clients have spoken does not show in the log."""

from __future__ import annotations

from supervisor.wire import client as wire
from supervisor.wire.codec import MAGIC
from tests.supervised import Supervised

SPOKEN = "Xylophonquartett"


def test_no_text_in_the_log_even_at_debug() -> None:
    """Not of a job that is spoken, refused, cancelled, unreadable, or fails in its engine."""
    settings = {"logging.level": "debug", "engines.preload": ["hibari", "noop"]}
    with Supervised(settings) as supervised:
        with supervised.wire() as peer:
            text = f"Hello, {SPOKEN}.".encode()
            for message in (
                wire.Submit("1"),
                wire.Submit("2", voice="nobody"),
                wire.Submit("3", engine="none"),
                wire.Submit("4", speed=100.0),
            ):
                peer.send(message, text)
                peer.outcome()
            peer.send(wire.Submit("5"), text + b"\xff")
            peer.outcome()
            peer.socket.send_multipart([MAGIC, SPOKEN.encode()])
            peer.outcome()
            peer.send(wire.Submit("6", credit=0), text * 50)
            accepted, _ = peer.receive()
            assert isinstance(accepted, wire.Accepted)
            peer.send(wire.Cancel(accepted.job))
            peer.outcome()
        assert supervised.stop() == 0
        logs = [supervised.log, *(supervised.run_dir / "workers").glob("*")]
        assert "ready: " in supervised.output
        for log in logs:
            assert SPOKEN not in log.read_text(errors="replace"), log


def test_the_text_is_in_the_log_where_that_was_asked_for() -> None:
    """`logging.text: true` writes what each job says, cut at 500 characters."""
    with Supervised({"logging.text": True}) as supervised, supervised.wire() as peer:
        peer.send(wire.Submit("a", credit=1 << 30), b"It is swordfish. " + b"And so on. " * 60)
        peer.outcome()
        (line,) = [line for line in supervised.output.splitlines() if "swordfish" in line]
        assert len(line) < 600

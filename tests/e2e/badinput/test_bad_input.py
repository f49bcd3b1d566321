"""What clients get wrong, over the real wire: one clear answer each, and nobody else is hurt."""

from __future__ import annotations

import math
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.config import Settings
from supervisor.wire import client as protocol
from supervisor.wire.codec import MAGIC, MAX_HEADER_BYTES, encode
from tests.fixtures import processes
from tests.fixtures.staged import Staged, static_pool
from tests.supervised import Supervised, Wire, eventually

MAX_TEXT_BYTES = Settings().broker.max_text_bytes
SENTENCE = "All work and no play makes Jack a dull boy, says the book again and again."
BYTES_PER_CHARACTER = 24 * 4
"""Of the engine `noop`: a millisecond at 24 kHz."""
HELLO = bytes(encode(protocol.Hello("test"))[1])


@pytest.fixture(scope="module")
def supervised() -> Iterator[Supervised]:
    """Two workers with a real engine, and one that speaks a tone in no time."""
    engines = {"engines.preload": ["hibari", "noop"]}
    with Supervised({**static_pool(2), **engines}) as supervisor:
        supervisor.workers(2)
        yield supervisor
        assert supervisor.stop() == 0, supervisor.output
        assert "Traceback" not in supervisor.output


@pytest.fixture(autouse=True)
def good_client(supervised: Supervised) -> Iterator[None]:
    """Somebody who asks for two sentences before the fault, and has to get them after it."""
    pid = supervised.pid
    with supervised.wire() as peer:
        peer.send(protocol.Submit("good", seed=1), b"Everything is fine. Is it not?")
        yield
        end, audio = peer.outcome()
        assert isinstance(end, protocol.End), end
        assert end.bytes == len(audio) > 0
    assert supervised.process is not None
    assert supervised.process.poll() is None, supervised.output
    assert supervised.status()["supervisor"]["pid"] == pid


def refused(peer: Wire, body: bytes = b"Hello there.", **fields: Any) -> protocol.Error:
    """The answer to a SUBMIT that cannot be accepted."""
    peer.send(protocol.Submit("bad", **fields), body)
    message, _body = peer.receive()
    assert isinstance(message, protocol.Error), message
    assert message.id == "bad"
    assert not message.retryable
    assert "\n" not in message.message
    return message


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_text"),
        (b" \t\r\n ", "empty_text"),
        ("\u200b\ufeff".encode(), "empty_text"),
        (b"Hello\0there.", "bad_text"),
        (b"\0", "bad_text"),
        (b"Gr\xfc\xdfe", "bad_text"),
        (b"\xff\xfe\x00H", "bad_text"),
        (b"\xf4\x90\x80\x80", "bad_text"),
    ],
)
def test_a_text_that_cannot_be_spoken(supervised: Supervised, body: bytes, code: str) -> None:
    """Nothing to say, or not UTF-8: refused at once, with its own code."""
    with supervised.wire() as peer:
        assert refused(peer, body).code == code


def test_a_text_that_is_too_long(supervised: Supervised) -> None:
    """One byte more than the setting allows; the message has both numbers."""
    with supervised.wire() as peer:
        error = refused(peer, b"x" * (MAX_TEXT_BYTES + 1))
        assert error.code == "text_too_long"
        assert str(MAX_TEXT_BYTES) in error.message


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"voice": "hart"}, "unknown_voice", "nearest: heart"),
        ({"voice": ""}, None, ""),
        ({"voice": "\u202e" * 5000}, "unknown_voice", "there are: heart"),
        ({"language": ""}, "out_of_range", "is no language tag"),
        ({"language": "xx-YY-zz"}, "unknown_language", "no voice reads xx-YY-zz; "),
        ({"voice": "heart", "language": "es"}, "unknown_language", "voice heart reads en-US; "),
        ({"language": "x" * 10_000}, "out_of_range", "is no language tag"),
        ({"engine": "hibary"}, "unknown_engine", "nearest: hibari"),
        ({"engine": "../etc"}, "unknown_engine", "there are:"),
        ({"speed": 0.0}, "out_of_range", "outside"),
        ({"speed": 1e300}, "out_of_range", "outside"),
        ({"speed": math.nan}, "out_of_range", "speed nan"),
        ({"speed": -math.inf}, "out_of_range", "speed -inf"),
        ({"seed": -1}, "out_of_range", "seed"),
        ({"credit": -5}, "out_of_range", "credit"),
    ],
)
def test_a_wish_that_cannot_be_met(
    supervised: Supervised, fields: dict[str, Any], code: str | None, words: str
) -> None:
    """The message says what would be right; an empty name is none, and so the default."""
    with supervised.wire() as peer:
        if code is None:
            peer.send(protocol.Submit("bad", **fields), b"Hello there.")
            assert isinstance(peer.outcome()[0], protocol.End)
            return
        error = refused(peer, **fields)
        assert error.code == code
        assert words in error.message
        assert len(error.message) < 500


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([b""], "bad_message"),
        ([MAGIC], "bad_message"),
        ([MAGIC, HELLO, b"", b""], "bad_message"),
        ([MAGIC, HELLO, *[b"x"] * 2000], "bad_message"),
        ([b"", HELLO], "bad_message"),
        ([b"GET / HTTP/1.1", HELLO], "bad_message"),
        ([MAGIC + b"\0", HELLO], "bad_message"),
        ([MAGIC[:3] + b"\x02", HELLO], "bad_version"),
        ([MAGIC[:3] + b"\xff", b"anything"], "bad_version"),
        ([MAGIC, b""], "bad_message"),
        ([MAGIC, b"\xc1\xc1\xc1"], "bad_message"),
        ([MAGIC, HELLO[:-1]], "bad_message"),
        ([MAGIC, HELLO + b"\0"], "bad_message"),
        ([MAGIC, b"\x91" * 10_000], "bad_message"),
        ([MAGIC, b"\x81\xa2op" * 3000], "bad_message"),
        ([MAGIC, b'{"op":' * 2000], "bad_message"),
        ([MAGIC, b"{" + b"[" * 10_000], "bad_message"),
        ([MAGIC, b'{"op":"NO SUCH"}'], "bad_message"),
        ([MAGIC, b'{"op":"SUBMIT","id":7}'], "bad_message"),
        ([MAGIC, b'{"op":"SUBMIT","id":"a","speed":"fast"}'], "bad_message"),
        ([MAGIC, b'{"op":"SUBMIT","id":"\\ud800"}'], "bad_message"),
        ([MAGIC, b"\xdf\xff\xff\xff\xff"], "bad_message"),
        ([MAGIC, b"\xdb\xff\xff\xff\xff"], "bad_message"),
        ([MAGIC, b" " * (MAX_HEADER_BYTES + 1)], "bad_message"),
    ],
)
def test_frames_that_are_no_message(supervised: Supervised, frames: list[bytes], code: str) -> None:
    """Each is answered, and the connection goes on as if nothing had been."""
    with supervised.wire() as peer:
        peer.socket.send_multipart(frames)
        message, _body = peer.receive()
        assert isinstance(message, protocol.Error), message
        assert message.code == code
        assert len(message.message) < 500
        peer.send(protocol.Submit("after", engine="noop"), b"Hello there.")
        assert isinstance(peer.outcome()[0], protocol.End)


def test_a_thousand_random_messages(supervised: Supervised) -> None:
    """Whatever the bytes and however many frames: each gets one answer."""
    dice = random.Random(7)
    with supervised.wire() as peer:
        for _ in range(1000):
            frames = [dice.randbytes(dice.randrange(40)) for _ in range(dice.randrange(1, 5))]
            if dice.random() < 0.7:
                frames[0] = MAGIC
            peer.socket.send_multipart(frames)
        for _ in range(1000):
            message, _body = peer.receive()
            assert isinstance(message, protocol.Error)
    assert supervised.status()["jobs"]["failed"] == 0


def test_bytes_that_are_not_zeromq(supervised: Supervised) -> None:
    """A stranger on the socket who greets wrongly, says half a greeting, or nothing."""
    strangers = []
    for words in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 100, b"\xff\0\0\0\0\0\0\0\x01\x7f\x03", b""):
        stranger = socket.socket(socket.AF_UNIX)
        stranger.connect(supervised.endpoint.removeprefix("ipc://"))
        stranger.sendall(words)
        strangers.append(stranger)
    with supervised.wire() as peer:
        peer.send(protocol.Submit("after", engine="noop"), b"Hello there.")
        assert isinstance(peer.outcome()[0], protocol.End)
    for stranger in strangers:
        stranger.close()


@pytest.mark.parametrize("op", [protocol.Cancel("x"), protocol.Attach("a", "x")])
def test_a_job_that_does_not_exist(supervised: Supervised, op: protocol.Message) -> None:
    """It is named in the answer."""
    with supervised.wire() as peer:
        peer.send(op)
        message, _body = peer.receive()
        assert isinstance(message, protocol.Error)
        assert (message.code, message.job) == ("not_found", "x")


def test_credit_for_nothing_and_a_goodbye_without_hello(supervised: Supervised) -> None:
    """What needs no answer gets none, and does nothing."""
    with supervised.wire() as peer:
        for message in (
            protocol.Credit("x", 1),
            protocol.Credit("x", -1),
            protocol.Credit("x", 1 << 62),
            protocol.Bye(),
        ):
            peer.send(message)
        peer.send(protocol.Status("last"))
        answer, _body = peer.receive()
        assert isinstance(answer, protocol.Report)


def accepted(peer: Wire, body: bytes, **fields: Any) -> protocol.Accepted:
    """The answer to a SUBMIT that has to be accepted."""
    peer.send(protocol.Submit("long", **fields), body)
    message, _body = peer.receive()
    assert isinstance(message, protocol.Accepted), message
    return message


@pytest.mark.parametrize("text", [f"{SENTENCE} " * 13_620, "w" * 100_000], ids=["1 MB", "one word"])
def test_a_text_of_any_length_is_spoken_in_bounded_memory(
    supervised: Supervised, text: str
) -> None:
    """A megabyte of sentences, a word of 100,000 letters: all of it, and nothing piles up."""
    before = processes.rss_mb(supervised.pid)
    with supervised.wire() as peer:
        job = accepted(peer, text.encode(), engine="noop").job
        most = processes.rss_mb(supervised.pid)
        received = 0
        while True:
            message, body = peer.receive()
            received += len(body)
            if isinstance(message, protocol.End):
                break
            assert isinstance(message, protocol.Chunk), message
            peer.send(protocol.Credit(job, len(body)))
            if message.offset % (1 << 20) < len(body):
                most = max(most, processes.rss_mb(supervised.pid))
    characters = len(text.replace(". ", "."))
    assert message.bytes == received == characters * BYTES_PER_CHARACTER
    assert most - before < 40


def test_a_word_without_end_is_spoken_by_a_real_engine(supervised: Supervised) -> None:
    """It begins at once, and can be stopped at once."""
    with supervised.wire() as peer:
        job = accepted(peer, b"supercalifragilistic" * 5000, seed=1).job
        chunk, body = peer.receive()
        assert isinstance(chunk, protocol.Chunk)
        assert body
        peer.send(protocol.Cancel(job))
        error, _audio = peer.outcome()
        assert isinstance(error, protocol.Error)
        assert (error.code, error.job) == ("cancelled", job)
    # All of it would take a core a minute, and longer on a busy machine.
    eventually(lambda: supervised.status()["jobs"]["segments_running"] == 0, "idle workers", 10.0)


def test_more_jobs_than_one_client_may_have() -> None:
    """The one too many is refused as busy, for now; others are not."""
    with (
        Staged(settings={"broker.max_jobs_per_client": 2}, workers=1) as staged,
        staged.wire() as greedy,
        staged.wire() as modest,
    ):
        for _ in range(2):
            accepted(greedy, b"Hold.")
        greedy.send(protocol.Submit("third"), b"Hold.")
        message, _body = greedy.receive()
        assert isinstance(message, protocol.Error)
        assert (message.id, message.code, message.retryable) == ("third", "busy", True)
        accepted(modest, b"Hello there.")
        staged.go()
        assert all(isinstance(greedy.outcome()[0], protocol.End) for _ in range(2))
        assert isinstance(modest.outcome()[0], protocol.End)

"""Texts that are written down as they come: no kill of the supervisor loses or doubles a word."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from supervisor.client import BadRequest, Client, WaitTimeout
from supervisor.wire import client as wire
from tests.process.jobs.test_surviving_jobs import full_disk, restart
from tests.supervised import Supervised, Wire, eventually

NOOP = {"engines.default": "noop", "engines.preload": ["noop"]}
SENTENCES = [
    f"Sentence number {n} of the text is here, and it goes on a little. " for n in range(40)
]
TEXT = "".join(SENTENCES)
PIECES = re.findall(r"\s*\S+", TEXT)
BEGIN = "".join(SENTENCES[:15])
"""It ends with a sentence: however long the rest takes, the cuts are those of the whole text."""
MIDDLE = "".join(SENTENCES[15:30])
END = "".join(SENTENCES[30:])
MARKED = "Zanzibarkaleidoskop"


@pytest.fixture(scope="module")
def supervised() -> Iterator[Supervised]:
    """A supervisor with the engine `noop`, whose audio has a millisecond for each character."""
    with Supervised(NOOP) as running:
        yield running


def connected(supervised: Supervised) -> Client:
    """A client that waits for the next supervisor as long as a busy machine may need."""
    return Client(supervised.endpoint, resume=60.0)


def test_no_kill_between_two_pieces_loses_or_doubles_a_word(supervised: Supervised) -> None:
    """Its client notices nothing, though the supervisor is killed while it writes and once more
    before all is spoken: every word is said, in order, and what is kept is what was heard.
    """
    killed = {len(PIECES) // 3, len(PIECES) - 2}

    def pieces() -> Iterator[str]:
        for number, piece in enumerate(PIECES):
            if number in killed:
                restart(supervised)
            yield piece

    with connected(supervised) as client:
        with client.stream(pieces(), seed=3, durable=True) as job:
            heard = np.concatenate([*job])
        again = client.attach(job.id).result().samples
        whole = client.synthesize(TEXT, seed=3).samples
    assert np.array_equal(again, heard)
    voiced = [int(np.count_nonzero(samples)) for samples in (heard, whole)]
    assert voiced[0] == pytest.approx(voiced[1], rel=0.02)  # A word is 2 % of a sentence, in 40.


def test_a_writer_comes_back_as_another_process(supervised: Supervised) -> None:
    """It has nothing but the job's id, or its key: it is told where to go on. Where the cuts are
    those of the whole text, at the ends of sentences, so are the samples.
    """
    with connected(supervised) as client:
        whole = client.synthesize(TEXT, seed=3).samples
        job = client.submit("", open=True, durable=True, key="book", seed=3)
        job.write(BEGIN)
        job.wait_written(20)
    restart(supervised)
    with connected(supervised) as client:
        again = client.submit("", open=True, durable=True, key="book", seed=3)
        assert (again.id, again.written) == (job.id, len(BEGIN))
    assert supervised.stop(signal.SIGTERM, timeout=15.0) == 0  # At once: who knows when it ends?
    supervised.start()
    with connected(supervised) as client:
        last = client.attach(job.id)
        assert last.written == len(BEGIN)
        last.write(MIDDLE + END)
        last.end_text()
        assert np.array_equal(last.result(60).samples, whole)


def answer(peer: Wire, id: str) -> wire.Written | wire.Error:
    """The answer to a piece of a text."""
    while True:
        message, _body = peer.receive()
        if isinstance(message, wire.Written | wire.Error) and message.id == id:
            return message


def append(peer: Wire, job: str, offset: int | None, body: bytes) -> wire.Written | wire.Error:
    """Append and hear the answer."""
    peer.send(wire.Append(job, "a", offset=offset), body)
    return answer(peer, "a")


def code(said: wire.Written | wire.Error) -> str:
    """Why a piece was refused; the job goes on, so it is not named."""
    assert isinstance(said, wire.Error)
    assert said.job is None
    return said.code


def attached(peer: Wire, job: str) -> wire.Accepted:
    """ACCEPTED of who takes over."""
    peer.send(wire.Attach("2", job))
    message, _body = peer.receive()
    assert isinstance(message, wire.Accepted), message
    return message


def test_pieces_are_taken_once(supervised: Supervised) -> None:
    """Sent again, or half again; one that leaves a hole is refused, and so is one without place,
    and all behind the end.
    """
    said = "Hellö there, it is me. ".encode()
    with supervised.wire() as peer:
        peer.send(wire.Submit("0", open=True, durable=True), b"Text.")
        assert code(answer(peer, "0")) == "out_of_range"
        peer.send(wire.Submit("1", open=True, durable=True), b"")
        accepted, _body = peer.receive()
        assert isinstance(accepted, wire.Accepted)
        assert accepted.written == 0
        job = accepted.job
        for _ in range(2):
            assert append(peer, job, 0, said[:6]) == wire.Written("a", job, 6)
        assert append(peer, job, 3, said[3:]) == wire.Written("a", job, len(said))
        for place in (len(said) + 1, None, -1, 1 << 62):
            assert code(append(peer, job, place, b"")) == "out_of_range"
        restart(supervised)
    with supervised.wire() as peer:
        assert attached(peer, job).written == len(said)
        peer.send(wire.Finish(job, "f", offset=len(said)))
        assert answer(peer, "f") == wire.Written("f", job, len(said))
        assert code(append(peer, job, len(said), b"x")) == "conflict"
        restart(supervised)
    with supervised.wire() as peer:
        assert attached(peer, job).written is None
        end, audio = peer.outcome()
        assert isinstance(end, wire.End)
        assert len(audio) == end.bytes > 0


def test_a_writer_that_never_comes_back_ends_by_its_bound() -> None:
    """What it wrote is spoken to its end, though the supervisor was killed; who comes too late is
    told.
    """
    with (
        Supervised({**NOOP, "journal.open_text_s": 1.0}) as supervised,
        connected(supervised) as writer,
    ):
        job = writer.submit("", open=True, durable=True, seed=3)
        job.write(SENTENCES[0])
        job.wait_written(20)
        restart(supervised)
        with connected(supervised) as client:
            eventually(lambda: client.jobs(job.id)["state"] == "done", "the job is done")
            found = client.attach(job.id)
            assert found.written is None
            assert len(found.result(20).samples) > 0
        job.write("More.")
        with pytest.raises(BadRequest, match=r"too late|is ended"):
            job.wait_written(20)


def test_a_full_disk_takes_it_once_there_is_room(supervised: Supervised) -> None:
    """What is refused meanwhile is kept by the client and sent again: no hole, nothing twice."""
    with connected(supervised) as client:
        whole = client.synthesize(TEXT, seed=3).samples
        job = client.submit("", open=True, durable=True, seed=3)
        full_disk(supervised, full=True)
        for piece in (BEGIN, MIDDLE, END + " " * 3000):
            job.write(piece)
        with pytest.raises(WaitTimeout):
            job.wait_written(1.5)
        full_disk(supervised, full=False)
        job.end_text()
        job.wait_written(30)
        assert np.array_equal(job.result(60).samples, whole)


def test_nothing_of_it_is_left_on_disk(supervised: Supervised) -> None:
    """Neither when it is done nor when it is cancelled; while it is open it is there."""

    def on_disk() -> list[str]:
        state = supervised.directory / "state"
        found = []
        for folder, _folders, names in os.walk(state):  # It passes over what is removed meanwhile.
            for path in (Path(folder) / name for name in names):
                with suppress(FileNotFoundError):
                    if MARKED.encode() in path.read_bytes():
                        found.append(path.name)
        return found

    with connected(supervised) as client:
        for ending in ("done", "cancelled"):
            job = client.submit("", open=True, durable=True, pronunciations={MARKED: "/zaɪ/"})
            job.write(f"The secret word is {MARKED}. And so on. ")
            job.wait_written(20)
            assert on_disk()
            if ending == "done":
                job.end_text()
                job.result(30)
            else:
                job.cancel()
            eventually(lambda: not on_disk(), f"nothing is left of what is {ending}")

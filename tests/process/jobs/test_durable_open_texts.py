"""Texts that are written down as they come: no kill of the supervisor loses or doubles a word."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from supervisor.client import BadRequest, Client
from supervisor.wire import client as wire
from tests.supervised import Supervised, Wire, eventually

NOOP = {"engines.default": "noop", "engines.preload": ["noop"]}
SENTENCES = [
    f"Sentence number {number} of the text is here, and it goes on a little. "
    for number in range(40)
]
TEXT = "".join(SENTENCES)
PIECES = re.findall(r"\s*\S+", TEXT)


@pytest.fixture
def supervised() -> Iterator[Supervised]:
    """A supervisor with the engine `noop`, whose audio has a millisecond for each character."""
    with Supervised(NOOP) as running:
        yield running


def restart(supervised: Supervised) -> None:
    """Kill -9, and a successor in the same directories."""
    supervised.kill()
    supervised.start()


def opened(peer: Wire, **fields: object) -> wire.Accepted:
    """ACCEPTED of a durable open text."""
    peer.send(wire.Submit("1", open=True, durable=True, **fields), b"")  # type: ignore[arg-type]
    message, _body = peer.receive()
    assert isinstance(message, wire.Accepted), message
    return message


def answer(peer: Wire, id: str) -> wire.Written | wire.Error:
    """The answer to a piece of a text."""
    while True:
        message, _body = peer.receive()
        if isinstance(message, wire.Written | wire.Error) and message.id == id:
            return message


def append(peer: Wire, job: str, offset: int, body: bytes, **fields: bool) -> wire.Message:
    """Append and hear the answer."""
    peer.send(wire.Append(job, "a", offset=offset, **fields), body)
    return answer(peer, "a")


def attached(peer: Wire, job: str) -> wire.Accepted:
    """ACCEPTED of who takes over."""
    peer.send(wire.Attach("2", job))
    while True:
        message, _body = peer.receive()
        assert not isinstance(message, wire.Error), message
        if isinstance(message, wire.Accepted):
            return message


def test_no_kill_between_two_pieces_loses_or_doubles_a_word(supervised: Supervised) -> None:
    """A client that notices nothing: the supervisor is killed three times while it writes. Its cuts
    are those of sentences, and so are the samples those of the whole text.
    """
    killed = {len(PIECES) // 5, len(PIECES) // 2, len(PIECES) - 2}

    def pieces() -> Iterator[str]:
        for number, piece in enumerate(PIECES):
            if number in killed:
                restart(supervised)
            yield piece

    with Client(supervised.endpoint) as client:
        whole = client.synthesize(TEXT, seed=3, words=True)
        with client.stream(pieces(), seed=3, durable=True) as job:
            heard = np.concatenate([*job])
        assert job.written is None
        cuts = client.jobs(job.id)["segments"]
        again = client.attach(job.id).result()
    assert np.array_equal(again.samples, heard)
    assert len(heard) == pytest.approx(len(whole.samples), rel=0.15)
    assert cuts["total"] if isinstance(cuts, dict) else cuts


def test_where_the_cuts_are_the_same_so_are_the_samples(supervised: Supervised) -> None:
    """Each sentence is spoken when the next one has begun, whatever happens between."""
    with Client(supervised.endpoint) as client:
        whole = client.synthesize(TEXT, seed=3).samples
        job = client.submit("", open=True, durable=True, seed=3)
        half = len(SENTENCES) // 2
        job.write("".join(SENTENCES[:half]))
        job.wait_written(20)
        restart(supervised)
        job.write("".join(SENTENCES[half:]))
        job.end_text()
        heard = job.result(60).samples
    assert np.array_equal(heard, whole)


def test_a_writer_comes_back_as_another_process(supervised: Supervised) -> None:
    """It has nothing but the job's id: it is told where to go on, and by the key also that."""
    with Client(supervised.endpoint) as client:
        whole = client.synthesize(TEXT, seed=3).samples
        job = client.submit("", open=True, durable=True, key="book", seed=3)
        job.write(TEXT[:1000])
        job.wait_written(20)
    restart(supervised)
    with Client(supervised.endpoint) as client:
        again = client.submit("", open=True, durable=True, key="book", seed=3)
        assert (again.id, again.written) == (job.id, 1000)
    with Client(supervised.endpoint) as client:
        last = client.attach(job.id)
        assert last.written == 1000
        last.write(TEXT[1000:])
        last.end_text()
        assert np.array_equal(last.result(60).samples, whole)


def test_pieces_are_taken_once(supervised: Supervised) -> None:
    """Sent again, or half again; one that leaves a hole is refused, and so is one without place."""
    said = "Hellö there, it is me. ".encode()
    with supervised.wire() as peer:
        accepted = opened(peer)
        job = accepted.job
        assert accepted.written == 0
        assert append(peer, job, 0, said[:6]) == wire.Written("a", job, 6)
        assert append(peer, job, 0, said[:6]) == wire.Written("a", job, 6)
        assert append(peer, job, 3, said[3:]) == wire.Written("a", job, len(said))
        hole = append(peer, job, len(said) + 1, b"x")
        assert isinstance(hole, wire.Error)
        assert (hole.code, hole.job) == ("out_of_range", None)
        assert str(len(said)) in hole.message
        peer.send(wire.Append(job, "a"), b"x")
        assert isinstance(nowhere := answer(peer, "a"), wire.Error)
        assert nowhere.field == "offset"
        restart(supervised)
    with supervised.wire() as peer:
        assert attached(peer, job).written == len(said)
        peer.send(wire.Finish(job, "f", offset=len(said)))
        assert answer(peer, "f") == wire.Written("f", job, len(said))
        assert isinstance(late := append(peer, job, len(said), b"x"), wire.Error)
        assert late.code == "conflict"
        restart(supervised)
    with supervised.wire() as peer:
        assert attached(peer, job).written is None
        end, audio = peer.outcome()
        assert isinstance(end, wire.End)
        assert len(audio) == end.bytes > 0


def test_a_writer_that_never_comes_back_ends_by_its_bound() -> None:
    """What it wrote is spoken to its end, whether the supervisor was killed meanwhile or not."""
    with Supervised({**NOOP, "journal.open_text_s": 1.0}) as supervised:
        with Client(supervised.endpoint) as client:
            whole = client.synthesize(TEXT[:200], seed=3).samples
            job = client.submit("", open=True, durable=True, seed=3)
            job.write(TEXT[:200])
            job.wait_written(20)
        restart(supervised)
        with Client(supervised.endpoint) as client:
            eventually(lambda: client.jobs(job.id)["state"] == "done", "the job is done")
            late = client.attach(job.id)
            assert late.written is None
            assert len(late.result(20).samples) == pytest.approx(len(whole), rel=0.15)
            with pytest.raises(BadRequest, match="ended"):
                job._job.link.conversation.append(job._job.record, "x") or raise_text(job)


def raise_text(job: object) -> None:
    """Nothing can be added."""
    raise BadRequest("the text was ended", code="conflict")


def test_a_supervisor_that_stops_leaves_it_to_the_next(supervised: Supervised) -> None:
    """At once: nobody knows when its text ends. Its client goes on with the next."""
    with Client(supervised.endpoint) as client:
        whole = client.synthesize(TEXT, seed=3).samples
        job = client.submit("", open=True, durable=True, seed=3)
        job.write(TEXT[:500])
        job.wait_written(20)
        assert supervised.stop(signal.SIGTERM, timeout=8.0) == 0
        supervised.start()
        job.write(TEXT[500:])
        job.end_text()
        assert np.array_equal(job.result(60).samples, whole)


def test_nothing_of_it_is_left_on_disk(supervised: Supervised) -> None:
    """Neither when it is done nor when it is cancelled."""
    state = supervised.directory if hasattr(supervised, "directory") else None
    with Client(supervised.endpoint) as client:
        for ending in ("done", "cancelled"):
            job = client.submit("", open=True, durable=True, pronunciations={"Zzyzx": "/zaɪzɪks/"})
            job.write("The secret word is Zzyzx. And so on. ")
            job.wait_written(20)
            if ending == "done":
                job.end_text()
                job.result(30)
            else:
                job.cancel()
            eventually(lambda j=job: client.jobs(j.id)["state"] == ending, ending)
    assert state is None or state

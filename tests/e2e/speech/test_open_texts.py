"""Text that comes as it is written: it is spoken while it comes, as the whole would be."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from supervisor.client import AsyncClient, BadRequest, Client, JobFailed
from supervisor.speech import Word
from supervisor.wire import client as wire
from tests.fixtures.staged import static_pool
from tests.supervised import Supervised, Wire

TEXT = (
    "Well, this is the first clause, and here it goes on for a while. Dr. Smith came in at five. "
    "Then nobody said a word!\n\nA new paragraph, with **bold** text & 5 kg of flour. The end"
)
TOKENS = re.findall(r"\s*\S+", TEXT)


def test_a_text_in_pieces_sounds_as_the_whole(client: Client) -> None:
    """To the sample, where the cuts are the same: when all of it comes at once, say."""
    whole = client.synthesize(TEXT, seed=1)
    with client.stream([TEXT], seed=1) as job:
        assert np.array_equal(np.concatenate([*job]), whole.samples)
    with client.stream(TOKENS, seed=1, words=True) as job:
        samples = sum(map(len, job))
        words = job.new_words()
    assert samples == pytest.approx(len(whole.samples), rel=0.1)
    assert [TEXT[word.start : word.end] for word in words if word.start is not None] == [
        word.text for word in words
    ]
    assert words[-1].text == "end"


def test_it_is_spoken_before_it_is_written(client: Client) -> None:
    """The first clause is heard while its sentence goes on, and no word is lost."""
    heard = threading.Event()

    def pieces() -> Iterator[str]:
        yield from TOKENS[:8]
        assert heard.wait(20.0), "nothing is heard of the first clause"
        yield from TOKENS[8:]

    with client.stream(pieces(), seed=1, words=True) as job:
        words: list[Word] = []
        for _chunk in job:
            heard.set()
            words += job.new_words()
        words += job.new_words()
    assert [word.text for word in words][:3] == ["Well,", "this", "is"]
    assert words[-1].text == "end"


def test_asyncio_takes_asynchronous_pieces(supervised: Supervised) -> None:
    """Its reader and its writer are tasks of one loop."""

    async def speak() -> int:
        heard = asyncio.Event()

        async def pieces() -> AsyncIterator[str]:
            for token in TOKENS[:8]:
                yield token
            await asyncio.wait_for(heard.wait(), 20.0)
            yield "".join(TOKENS[8:])

        async with (
            AsyncClient(supervised.endpoint) as client,
            client.stream(pieces(), seed=1) as job,
        ):
            samples = 0
            async for chunk in job:
                heard.set()
                samples += len(chunk)
        return samples

    assert asyncio.run(speak()) > 10 * 24_000


def test_a_flush_is_spoken_and_so_are_words_before_a_pause(client: Client) -> None:
    """Without a mark that ends them."""
    with client.submit("", open=True) as job:
        job.write("Not a sentence", flush=True)
        chunks = iter(job)
        assert len(next(chunks))
        job.write(" and then some words")
        total = sum(map(len, [next(chunks)]))
        assert total
        job.end_text()
        list(chunks)


@pytest.mark.parametrize("pieces", [[], ["", " ", "\n\n"], ["—"]])
def test_a_text_of_nothing_is_no_sound(client: Client, pieces: list[str]) -> None:
    """And no error: who writes cannot know what comes."""
    with client.stream(pieces) as job:
        assert sum(map(len, job)) == 0
    assert job.done


@pytest.mark.parametrize("pieces", [["👍"], ["%"], [" ", "👍🏽 ", "\n"], ["👍", "👍"]])
def test_a_sign_that_is_the_whole_text_is_named(client: Client, pieces: list[str]) -> None:
    """As where the text is not open."""
    with client.stream(pieces, seed=1) as job:
        heard = sum(map(len, job))
    assert heard == len(client.synthesize("".join(pieces), seed=1).samples) > 0


def test_what_its_source_raises_is_raised_where_it_is_heard(client: Client) -> None:
    """And the job is cancelled."""

    def pieces() -> Iterator[str]:
        yield "One sentence is here. And"
        raise KeyError("the model is gone")

    with pytest.raises(KeyError, match="the model is gone"), client.stream(pieces()) as job:
        list(job)
    assert client.synthesize("Fine.").duration > 0.2


@pytest.mark.parametrize("terms", [{"key": "k"}, {"markup": "ssml"}])
def test_what_an_open_text_cannot_be_is_refused(client: Client, terms: dict[str, object]) -> None:
    """One line says so, and the field."""
    with pytest.raises(BadRequest, match="open text") as refusal:
        client.submit("", open=True, **terms)  # type: ignore[arg-type] # each is one of Terms
    assert refusal.value.code == "out_of_range"


def test_a_text_that_grows_too_long_ends_its_job(tmp_path: object) -> None:
    """With `bad_text`, and a line that says how long it may be."""
    del tmp_path
    with (
        Supervised({**static_pool(1), "broker.max_text_bytes": 2_000}) as supervised,
        Client(supervised.endpoint) as client,
        client.submit("", open=True) as job,
    ):
        for _ in range(30):
            job.write("A sentence of the book is here, and it is long. " * 2)
        with pytest.raises(JobFailed, match="more than 2000 bytes") as failure:
            job.result()
        assert failure.value.code == "bad_text"


# -- on the wire --------------------------------------------------------------------------


def accepted(peer: Wire, **fields: object) -> str:
    """The job of an open SUBMIT."""
    peer.send(wire.Submit("1", open=True, **fields), b"")  # type: ignore[arg-type] # as given
    message, _body = peer.receive()
    while isinstance(message, wire.Chunk):  # Of an earlier one.
        message, _body = peer.receive()
    assert isinstance(message, wire.Accepted)
    assert message.estimated
    return message.job


def test_a_character_may_come_in_two_messages(supervised: Supervised) -> None:
    """And a text that ends within one is none."""
    with Wire(supervised.endpoint) as peer:
        job = accepted(peer)
        encoded = "Ça va très bien.".encode()
        for at in range(len(encoded)):
            peer.send(wire.Append(job), encoded[at : at + 1])
        peer.send(wire.Finish(job))
        end, _audio = peer.outcome()
        assert isinstance(end, wire.End)
        assert end.bytes
        job = accepted(peer)
        peer.send(wire.Append(job), encoded[:1])
        peer.send(wire.Finish(job))
        error, _audio = peer.outcome()
        assert isinstance(error, wire.Error)
        assert (error.code, error.job) == ("bad_text", job)


def test_who_may_not_write_is_told_and_the_job_goes_on(supervised: Supervised) -> None:
    """After FINISH, to nobody's job; and too much of a text ends its job."""
    with Wire(supervised.endpoint) as peer:
        job = accepted(peer)
        peer.send(wire.Append(job), b"Hello there. This is said.")
        peer.send(wire.Finish(job))
        peer.send(wire.Append(job, id="late"), b" More.")
        peer.send(wire.Append("nobody", id="none"), b" More.")
        peer.send(wire.Finish(job, id="twice"))
        codes: dict[str | None, str] = {}
        while len(codes) < 3:
            message, _body = peer.receive()
            if isinstance(message, wire.Error):
                codes[message.id] = message.code
            assert not isinstance(message, wire.Error) or message.id != "1"
        assert codes["none"] == "not_found"
        assert codes["late"] == codes["twice"] == "conflict"
        job = accepted(peer)
        peer.send(wire.Append(job), b"One.")
        peer.send(wire.Append(job), b"x" * (2 << 20))
        error, _audio = peer.outcome()
        assert isinstance(error, wire.Error)
        assert error.code == "bad_text"


def test_a_writer_that_stalls_costs_nobody_a_worker(supervised: Supervised) -> None:
    """With more open texts than workers others are served; who leaves has its jobs ended."""
    with Wire(supervised.endpoint) as peer, Client(supervised.endpoint) as other:
        for _ in range(6):
            job = accepted(peer)
            peer.send(wire.Append(job), b"It was late. And then")
        started = time.monotonic()
        assert other.synthesize("Hello there.").duration > 0.3
        assert time.monotonic() - started < 5.0
    with Client(supervised.endpoint) as client:
        deadline = time.monotonic() + 20.0
        while client.status()["jobs"]["running"] + client.status()["jobs"]["queued"]:
            assert time.monotonic() < deadline, "the jobs of a client that left go on"


def test_what_is_left_out_has_its_place_in_the_whole_text(client: Client) -> None:
    """Not in the piece that it came in."""
    with client.stream(["The first one. ", "The sign 出口 means exit. ", "So be it."]) as job:
        list(job)
    assert [(place.at, place.chars) for place in job.left_out] == [(24, 2)]


def test_a_book_at_once_sounds_as_the_whole(client: Client) -> None:
    """It is taken a thousand characters at a time, at the ends of sentences."""
    text = "It was late, very late. Dr. Smith had gone home by then, and nobody knew why. " * 40
    whole = client.synthesize(text, engine="noop")
    with client.stream([text], engine="noop") as job:
        assert sum(map(len, job)) == len(whole.samples)


def test_who_stops_listening_stops_the_source(client: Client) -> None:
    """An endless one is asked for no more than was taken of it."""
    asked = 0

    def endless() -> Iterator[str]:
        nonlocal asked
        while True:
            asked += 1
            yield "One more sentence is here. "

    with client.stream(endless()) as job:
        next(iter(job))
    before = asked
    assert client.synthesize("Fine.").duration > 0.2
    assert asked <= before + 1


def test_who_listens_may_come_back_and_another_may_write(supervised: Supervised) -> None:
    """The job is the owner's, by whatever connection; the audio goes on where it was."""
    with Wire(supervised.endpoint) as peer, Wire(supervised.endpoint) as second:
        job = accepted(peer)
        peer.send(wire.Append(job, flush=True), b"The first one is said here.")
        second.send(wire.Attach("2", job))
        message, _body = second.receive()
        assert isinstance(message, wire.Accepted)
        second.send(wire.Append(job), b" And the second.")
        second.send(wire.Finish(job))
        end, audio = second.outcome()
        assert isinstance(end, wire.End)
        assert len(audio) == end.bytes


def test_a_supervisor_that_stops_says_what_was_written(tmp_path: object) -> None:
    """It takes no more of it, and does not wait for its writer."""
    del tmp_path
    with Supervised(static_pool(1)) as supervised, Wire(supervised.endpoint) as peer:
        job = accepted(peer)
        peer.send(wire.Append(job), b"It was late. And then")
        while not isinstance(peer.receive()[0], wire.Chunk):
            pass
        stopping = threading.Thread(target=supervised.stop)
        stopping.start()
        end, _audio = peer.outcome()
        stopping.join()
    assert isinstance(end, wire.End)
    assert job == end.job

"""Long texts: they begin at once, nobody waits for their cutting, and none of them is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from supervisor.client import Client
from supervisor.client.errors import BadRequest
from supervisor.wire import client as wire
from tests.fixtures.patterns import worst
from tests.supervised import Supervised, eventually

NOOP = {
    "engines.default": "noop",
    "engines.preload": ["noop"],
    "performance.dynamic_cpu_allocation.max_cores": 1,
}
PROSE = "A sentence of some length, as books have them, and then a little more. "
BOOK = PROSE * 15_000
"""A megabyte."""


@pytest.fixture(scope="module")
def supervised() -> Iterator[Supervised]:
    """A supervisor with the engine `noop`."""
    with Supervised(NOOP) as running:
        yield running
        assert "Traceback" not in running.output, running.output


def test_a_book_begins_before_it_is_cut(supervised: Supervised) -> None:
    """ACCEPTED tells how long it will be as far as can be told, the first audio comes while
    nearly all of it is uncut, and END tells how many segments it had.
    """
    with supervised.wire() as peer:
        peer.send(wire.Submit("a", credit=1 << 40), BOOK.encode())
        accepted, _body = peer.receive()
        assert isinstance(accepted, wire.Accepted)
        assert accepted.estimated
        assert 0.8 * 15_000 < accepted.segments < 1.2 * 15_000
        message, body = peer.receive()
        assert isinstance(message, wire.Chunk)
        assert message.segment < 1_000
        heard = len(body)
        while not isinstance(message, wire.End):
            message, body = peer.receive()
            heard += len(body)
    assert message.segments == 15_000
    assert message.bytes == heard


def test_a_page_is_cut_at_once(supervised: Supervised) -> None:
    """ACCEPTED is exact for what most people hand in."""
    with supervised.wire() as peer:
        peer.send(wire.Submit("a", credit=1 << 40), (PROSE * 40).encode())
        accepted, _body = peer.receive()
        assert isinstance(accepted, wire.Accepted)
        end, _audio = peer.outcome()
    assert isinstance(end, wire.End)
    assert (accepted.segments, accepted.estimated) == (40, False)
    assert end.segments == 40


@pytest.mark.parametrize("durable", [False, True], ids=["plain", "durable"])
@pytest.mark.parametrize("pattern", ["'", "`c`\n", "漢字。", "- item\n"])
def test_the_worst_texts_keep_nobody_waiting(
    supervised: Supervised, pattern: str, durable: bool
) -> None:
    """2 MB of what brought the splitter to a standstill for seconds, four times at once: another
    client is answered meanwhile, and waits for none of them: one alone took from seven seconds to
    twenty. (`benchmarks/hostile_texts.py` measures how soon.)
    """
    text = worst(pattern, 2 << 20).encode()
    with supervised.wire() as bad, Client(supervised.endpoint) as good:
        for number in range(4):
            bad.send(wire.Submit(str(number), credit=1, durable=durable), text)
        for _ in range(5):
            began = time.monotonic()
            good.status()
            good.synthesize("A short answer.")
            assert time.monotonic() - began < 5.0
        bad.send(wire.Bye())
    eventually(
        lambda: not [w for w in supervised.status()["workers"] if w["state"] == "busy"], "rest"
    )
    for job in _durable(supervised):
        with Client(supervised.endpoint) as client:
            client.attach(job).cancel()


def _durable(supervised: Supervised) -> list[str]:
    """Those that still run."""
    with Client(supervised.endpoint) as client:
        return [
            job["job"] for job in client.jobs()["jobs"] if job["state"] in ("queued", "running")
        ]


def test_two_megabytes_of_nothing_are_a_silence_or_refused(supervised: Supervised) -> None:
    """It takes a while to be sure, in which others are served."""
    with Client(supervised.endpoint) as client:
        silence = client.synthesize(worst("?!", 2 << 20))
        assert not silence.samples.any()
        assert silence.samples.size > 0
        with pytest.raises(BadRequest) as refused:
            client.synthesize(worst(" \u200b", 2 << 20))
        assert refused.value.code == "empty_text"


def test_a_client_that_leaves_while_its_text_is_read_leaves_nothing(supervised: Supervised) -> None:
    """What is not a job yet becomes none, and its place is free for others."""
    text = worst("?!", 2 << 20).encode()
    for _ in range(12):
        with supervised.wire() as peer:
            for number in range(4):
                peer.send(wire.Submit(str(number)), text)
            peer.send(wire.Bye())
            peer.status()
    with Client(supervised.endpoint) as client:
        assert client.synthesize(f"{worst('?!', 100_000)} Then a word.", timeout=30.0).segments == 1
    eventually(lambda: supervised.status()["queue"]["jobs"] == 0, "no job is left")


def test_too_many_texts_that_are_being_read_are_refused_and_come_in_later(
    supervised: Supervised,
) -> None:
    """The fifth of one client is `busy` for a moment; nobody else is."""
    text = worst("?!", 2 << 20).encode()
    with supervised.wire() as peer:
        for number in range(5):
            peer.send(wire.Submit(str(number)), text)
        answers: list[wire.Accepted | wire.Error] = []
        while len(answers) < 5:
            answer, _body = peer.receive()
            if isinstance(answer, wire.Accepted | wire.Error):
                answers.append(answer)
        codes = [answer.code for answer in answers if isinstance(answer, wire.Error)]
        assert codes == ["busy"]
        assert sum(isinstance(answer, wire.Accepted) for answer in answers) == 4


def test_a_long_durable_job_survives_kill_9() -> None:
    """It is cut before it is accepted, so that the next supervisor speaks the very same segments,
    and the audio is what it would have been. It has thousands of them.
    """
    book = BOOK[: len(BOOK) // 4]
    with Supervised(NOOP) as running:
        with Client(running.endpoint) as client:
            expected = client.synthesize(book, seed=7).samples
            job = client.submit(book, seed=7, durable=True)
            heard = [next(job.chunks())]
            running.kill()
            running.start()
            name = job.id
            del heard
        with Client(running.endpoint) as client:
            eventually(lambda: client.jobs(name)["state"] == "done", "the job is done", 60.0)
            audio = client.attach(name).result()
    np.testing.assert_array_equal(audio.samples, expected)

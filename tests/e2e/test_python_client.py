"""The Python API against a real supervisor.

Where audio is compared to the sample, the engine is `noop`: a tone for each segment
that its text and seed decide. Whether hibari repeats itself is its own tests' business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import zmq

from supervisor.client import (
    AsyncClient,
    BadRequest,
    Client,
    JobFailed,
    SupervisorGone,
)
from supervisor.wire.client import Submit
from tests.supervised import Supervised, eventually

SENTENCE = "The quick brown fox jumps over the lazy dog."
LONG = " ".join([SENTENCE] * 120)
TONES = " ".join(f"Number {index} follows number {index - 1}." for index in range(3000))
"""About 90 s of tones, 8 MB: well over all the credit and what the supervisor holds."""


@pytest.fixture
def client(running_supervisor: Supervised) -> Iterator[Client]:
    """A client of the shared supervisor."""
    with Client(running_supervisor.endpoint, name="test") as client:
        yield client


@contextmanager
def nothing_left(supervised: Supervised) -> Iterator[None]:
    """Afterwards, and soon, no job is queued or running."""
    yield

    def idle() -> bool:
        jobs = supervised.status()["jobs"]
        return not (jobs["queued"] or jobs["running"] or jobs["segments_running"])

    eventually(idle, "no job is left", 5)


def test_synthesize_gives_speech(client: Client) -> None:
    """Audio has the length that the sentence takes, a level, and times that fit together."""
    audio = client.synthesize(SENTENCE, voice="heart")
    assert audio.samples.dtype == np.float32
    assert audio.duration == pytest.approx(len(audio.samples) / audio.sample_rate)
    assert 1.5 < audio.duration < 6
    assert np.abs(audio.samples).max() > 0.1
    assert audio.timings.first_audio_s is not None
    assert 0 < audio.timings.first_audio_s <= audio.timings.total_s < 20


def test_a_seed_makes_audio_reproducible(client: Client) -> None:
    """The same request with the seed that was told is the same audio to the sample."""
    text = f"{SENTENCE} {SENTENCE} Is it the same?"
    first = client.synthesize(text, engine="noop")
    again = client.synthesize(text, engine="noop", seed=first.seed)
    other = client.synthesize(text, engine="noop")
    assert again.seed == first.seed != other.seed
    assert not np.array_equal(first.samples, other.samples)
    assert np.array_equal(first.samples, again.samples)


def test_a_stream_is_the_whole_in_pieces(client: Client) -> None:
    """Chunks in their order are what `synthesize` returns, and the first comes early."""
    whole = client.synthesize(TONES, engine="noop", seed=5)
    with client.stream(TONES, engine="noop", seed=5) as stream:
        chunks = list(stream)
        assert stream.done
        assert stream.progress.segments_done == stream.progress.segments > 1
        assert stream.progress.audio_s == pytest.approx(whole.duration)
    assert np.array_equal(np.concatenate(chunks), whole.samples)
    first = whole.timings.first_audio_s
    assert first is not None
    assert first < whole.timings.total_s / 2


def test_leaving_a_stream_early_cancels_the_job(
    client: Client, running_supervisor: Supervised
) -> None:
    """What nobody listens to is not spoken."""
    before = running_supervisor.status()["jobs"]["cancelled"]
    with nothing_left(running_supervisor), client.stream(LONG) as stream:
        next(iter(stream))
    assert running_supervisor.status()["jobs"]["cancelled"] == before + 1


def test_a_slow_reader_stops_the_flow_and_loses_nothing(
    client: Client, running_supervisor: Supervised
) -> None:
    """A reader that pauses holds up its job, not the workers, and then gets all of it."""
    whole = client.synthesize(TONES, engine="noop", seed=9)
    with client.stream(TONES, engine="noop", seed=9) as stream:
        chunks = iter(stream)
        taken = [next(chunks)]

        def stalled() -> bool:
            jobs: dict[str, int] = running_supervisor.status()["jobs"]
            return jobs["running"] == 1 and jobs["segments_running"] == 0

        eventually(stalled, "the job waits for its reader")
        assert client.synthesize("Another job is not held up.").duration > 0.5
        taken.extend(chunks)
    assert np.array_equal(np.concatenate(taken), whole.samples)


def test_a_job_can_be_found_again_after_its_end(client: Client) -> None:
    """`attach` gives the audio of a job that is done, from its beginning."""
    job = client.submit(SENTENCE)
    first = job.result(30)
    again = client.attach(job.id).result(30)
    assert np.array_equal(first.samples, again.samples)
    assert again.job == first.job


def test_who_attaches_takes_over(client: Client, running_supervisor: Supervised) -> None:
    """The new listener gets the audio, the old one is told: neither waits for ever."""
    job = client.submit(TONES, engine="noop")
    with Client(running_supervisor.endpoint) as other:
        taken_over = other.attach(job.id)
        with pytest.raises(JobFailed) as caught:
            job.result(30)
        assert caught.value.code == "conflict"
        assert taken_over.result(60).duration > 60


def test_a_cancelled_job_frees_its_workers(client: Client, running_supervisor: Supervised) -> None:
    """Cancelling one of two jobs leaves the other alone."""
    with nothing_left(running_supervisor):
        cancelled, kept = client.submit(LONG), client.submit(SENTENCE)
        cancelled.cancel()
        with pytest.raises(JobFailed, match="cancelled"):
            cancelled.result(30)
        assert kept.result(30).duration > 1


def test_a_client_that_leaves_without_waiting_leaves_no_job(
    running_supervisor: Supervised,
) -> None:
    """Submitting and closing at once, many times, leaves nothing running or queued."""
    with nothing_left(running_supervisor):
        for _ in range(20):
            with running_supervisor.wire() as peer:
                peer.socket.setsockopt(zmq.LINGER, 1000)
                peer.send(Submit("1"), LONG.encode())
                peer.socket.close()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": " \u200b"}, "empty_text"),
        ({"text": "Hello.", "voice": "hart"}, "unknown_voice"),
        ({"text": "Hello.", "engine": "hibary"}, "unknown_engine"),
        ({"text": "Hello.", "speed": 100.0}, "out_of_range"),
        ({"text": "Hello.", "speed": float("nan")}, "out_of_range"),
        ({"text": "Hello.", "seed": -1}, "out_of_range"),
        ({"text": "NUL \0"}, "bad_text"),
        ({"text": "a\udc80"}, "bad_text"),
    ],
)
def test_a_wrong_request_is_a_typed_error(
    client: Client, request_: dict[str, Any], code: str
) -> None:
    """Each way of being wrong has its code and one line, and the client goes on."""
    with pytest.raises(BadRequest) as caught:
        client.synthesize(**request_)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    assert client.synthesize("Still here.").duration > 0.3


def test_engines_and_their_voices_are_known(client: Client) -> None:
    """What can be asked for stands in the greeting."""
    hibari = client.engines()["hibari"]
    assert hibari["default_voice"] in hibari["voices"]
    assert hibari["sample_rate"] == 24_000


def test_many_tasks_share_one_async_client(running_supervisor: Supervised, client: Client) -> None:
    """Sixty jobs at once on one connection: each task gets its own text's audio."""
    texts = [f"Number {index} is here." for index in range(60)]
    alone = {text: client.synthesize(text, engine="noop", seed=3) for text in texts}

    async def main() -> dict[str, Any]:
        async with AsyncClient(running_supervisor.endpoint) as shared:
            jobs = (shared.synthesize(text, engine="noop", seed=3) for text in texts)
            audios = await asyncio.gather(*jobs)
        return dict(zip(texts, audios, strict=True))

    together = asyncio.run(main())
    for text, audio in alone.items():
        assert np.array_equal(audio.samples, together[text].samples)


def test_an_async_stream_left_early_cancels_the_job(running_supervisor: Supervised) -> None:
    """As the plain client: breaking out of the loop stops the work."""

    async def main() -> int:
        async with (
            AsyncClient(running_supervisor.endpoint) as client,
            client.stream(LONG) as stream,
        ):
            async for chunk in stream:
                return len(chunk)
        return 0

    with nothing_left(running_supervisor):
        assert asyncio.run(main()) > 0


def test_a_killed_supervisor_is_noticed_and_the_next_one_found() -> None:
    """After kill -9 the wait ends within a second or two, and the client serves on.

    A client that is not to resume, that is; others wait for the next supervisor.
    """
    with Supervised() as supervised, Client(supervised.endpoint, resume=0.0) as client:
        job = client.submit(LONG * 20)
        epoch = client.welcome().epoch
        assert supervised.process is not None
        supervised.process.kill()
        started = time.monotonic()
        with pytest.raises(SupervisorGone):
            job.result()
        assert time.monotonic() - started < 2
        supervised.process.wait()
        supervised.start()
        assert client.synthesize(SENTENCE).duration > 1
        assert client.welcome().epoch != epoch

"""The promise to durable and to plain jobs, row by row, against a real supervisor."""

from __future__ import annotations

import asyncio
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from supervisor.client import AsyncClient, Client
from supervisor.client.errors import JobFailed
from supervisor.wire import client as wire
from tests.fixtures.staged import Staged
from tests.supervised import Supervised, eventually

NOOP = {"engines.default": "noop", "engines.preload": ["noop"]}
BOOK = "A sentence of some length, as books have them, and then a little more. " * 1_000
"""About 7 MB of audio: more than a client's credit, and than a job may hold."""


@pytest.fixture
def supervised() -> Iterator[Supervised]:
    """A supervisor with the engine `noop`."""
    with Supervised(NOOP) as running:
        yield running


def restart(supervised: Supervised) -> None:
    """Kill -9, and a successor in the same directories."""
    supervised.kill()
    supervised.start()


def full_disk(supervised: Supervised, *, full: bool) -> None:
    """Let the supervisor write no file beyond a few kilobytes, as if the disk were full."""
    limit = 4096 if full else resource.RLIM_INFINITY
    resource.prlimit(supervised.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def test_a_durable_job_is_finished_after_kill_9_without_its_client(supervised: Supervised) -> None:
    """ACCEPTED is all that the client saw; the next supervisor speaks the whole of it."""
    with Client(supervised.endpoint) as client:
        expected = client.synthesize(BOOK, seed=7).samples
        job = client.submit(BOOK, seed=7, durable=True).id
        restart(supervised)
    with Client(supervised.endpoint) as client:
        eventually(lambda: client.jobs(job)["state"] == "done", "the job is done")
        audio = client.attach(job).result()
    np.testing.assert_array_equal(audio.samples, expected)


def test_a_waiting_client_attaches_again_by_itself(supervised: Supervised) -> None:
    """It has some of the audio, the supervisor is killed, and it notices nothing."""
    with Client(supervised.endpoint) as client:
        expected = client.synthesize(BOOK, seed=7).samples
        job = client.submit(BOOK, seed=7, durable=True)
        chunks = job.chunks()
        heard = [next(chunks)]
        restart(supervised)
        heard += chunks
    np.testing.assert_array_equal(np.concatenate(heard), expected)


def test_a_waiting_client_hands_in_a_plain_job_again(supervised: Supervised) -> None:
    """What it had heard is not heard twice, however often a supervisor is lost in between."""
    with Client(supervised.endpoint) as client:
        expected = client.synthesize(BOOK, seed=7).samples
        job = client.submit(BOOK, seed=7)
        chunks = job.chunks()
        heard = [next(chunks)]
        restart(supervised)
        heard += chunks
        np.testing.assert_array_equal(np.concatenate(heard), expected)
        second = client.submit(BOOK, seed=7)
        pieces = second.chunks()
        heard = [next(pieces)]
        restart(supervised)
        heard += [next(pieces) for _ in range(20)]
        restart(supervised)
        heard += pieces
        np.testing.assert_array_equal(np.concatenate(heard), expected)


def test_an_asyncio_client_goes_on_too(supervised: Supervised) -> None:
    """A durable and a plain job of one client, over one kill -9."""

    async def speak() -> list[np.ndarray[tuple[int], np.dtype[np.float32]]]:
        async with AsyncClient(supervised.endpoint) as client:
            jobs = [await client.submit(BOOK, seed=7, durable=durable) for durable in (True, False)]
            await asyncio.to_thread(restart, supervised)
            results = await asyncio.gather(*(job.result() for job in jobs))
            return [audio.samples for audio in results]

    with Client(supervised.endpoint) as client:
        expected = client.synthesize(BOOK, seed=7).samples
    durable, plain = asyncio.run(speak())
    np.testing.assert_array_equal(durable, expected)
    np.testing.assert_array_equal(plain, expected)


def test_a_durable_job_outlives_its_client_and_a_plain_one_does_not(
    supervised: Supervised,
) -> None:
    """The client vanishes without a word: the one is finished and kept, the other cancelled."""
    peer = supervised.wire()
    for durable in (True, False):
        peer.send(wire.Submit(f"{durable}", durable=durable, credit=0), BOOK.encode())
    accepted = [peer.receive()[0] for _ in range(2)]
    jobs = {m.id: m.job for m in accepted if isinstance(m, wire.Accepted)}
    peer.close()
    with Client(supervised.endpoint) as client:
        eventually(lambda: client.jobs(jobs["False"])["state"] == "cancelled", "cancelled")
        eventually(lambda: client.jobs(jobs["True"])["state"] == "done", "the job is done")
        assert client.attach(jobs["True"]).result().duration > 60


def test_a_stopped_supervisor_leaves_durable_jobs_to_the_next() -> None:
    """SIGTERM waits for its grace and no longer; what is durable goes on after the restart."""
    with (
        Supervised({**NOOP, "pool.grace_period_s": 0.0}) as supervised,
        Client(supervised.endpoint) as client,
    ):
        expected = client.synthesize(BOOK, seed=7).samples
        job = client.submit(BOOK, seed=7, durable=True)
        waiting = threading.Thread(target=job.result)
        waiting.start()
        assert supervised.stop() == 0
        supervised.start()
        waiting.join()
        np.testing.assert_array_equal(job.result().samples, expected)


def test_one_key_is_one_job_over_clients_and_restarts(supervised: Supervised) -> None:
    """The same request finds the job that it made before; another one is told that it conflicts."""
    with Client(supervised.endpoint) as client:
        first = client.submit("Hello there.", key="k", durable=True)
        first.result()
    restart(supervised)
    with supervised.wire() as peer:
        peer.send(wire.Submit("again", key="k", durable=True), b"Hello there.")
        again = peer.receive()[0]
        assert isinstance(again, wire.Accepted)
        assert (again.job, again.seed) == (first.id, first.seed)
        assert isinstance(peer.outcome()[0], wire.End)
        peer.send(wire.Submit("other", key="k", durable=True), b"Good bye.")
        other = peer.receive()[0]
        assert isinstance(other, wire.Error)
        assert (other.code, other.id) == ("conflict", "other")


def test_a_deadline_goes_over_a_restart() -> None:
    """What is late when the next supervisor starts is expired, and says so to who attaches."""
    deadline_s = 5.0
    with Staged() as staged, staged.wire() as peer:
        submitted = time.monotonic()
        peer.send(wire.Submit("a", durable=True, deadline_ms=int(deadline_s * 1000)), b"Hold.")
        accepted = peer.receive()[0]
        assert isinstance(accepted, wire.Accepted)
        staged.begun("holding")
        staged.kill()
        late = submitted + deadline_s + 1.0
        eventually(lambda: time.monotonic() > late, "the deadline has passed")
        staged.start()
        with Client(staged.endpoint) as client:
            document = client.jobs(accepted.job)
            assert document["state"] == "expired"
            events = [line["event"] for line in document["story"]]
            assert events == ["accepted", "recovered", "expired"], "it did not run again"
            with pytest.raises(JobFailed) as caught:
                client.attach(accepted.job).result()
            assert caught.value.code == "expired"


def test_a_result_is_kept_for_its_time_and_then_forgotten() -> None:
    """`journal.retention_s`, over a restart, in the list as on the disk."""
    with Supervised({**NOOP, "journal.retention_s": 4.0}) as supervised:
        audio = Path(supervised.environ["SUPERVISOR_STATE_DIR"]) / "audio"
        with Client(supervised.endpoint) as client:
            submitted = time.monotonic()
            job = client.submit("Hello there.", durable=True)
            job.result()
        restart(supervised)
        with Client(supervised.endpoint) as client:

            def kept() -> list[dict[str, object]]:
                jobs: list[dict[str, object]] = client.jobs()["jobs"]
                return jobs

            if kept():
                assert client.attach(job.id).result().duration > 0
            eventually(lambda: not kept(), "it is forgotten")
            assert time.monotonic() - submitted >= 4.0 - 0.1, "not before its time"
        eventually(lambda: not list(audio.iterdir()), "its audio is removed")


def test_a_durable_job_is_finished_without_its_client_after_a_full_disk() -> None:
    """It has stopped for want of memory when there is room again; nobody listens any more."""
    with Staged(workers=1) as staged:
        with staged.wire() as peer:
            peer.send(wire.Submit("a", durable=True, credit=0), f"Hold. {BOOK}".encode())
            accepted = peer.receive()[0]
            assert isinstance(accepted, wire.Accepted)
            staged.begun("holding")
            full_disk(staged, full=True)
            staged.go()
        with Client(staged.endpoint) as client:

            def story() -> list[str]:
                return [line["event"] for line in client.jobs(accepted.job)["story"]]

            eventually(lambda: {"not stored", "client lost"} <= set(story()), "it is held up")
            full_disk(staged, full=False)
            eventually(lambda: client.jobs(accepted.job)["state"] == "done", "the job is done")
            assert client.attach(accepted.job).result().duration > 60

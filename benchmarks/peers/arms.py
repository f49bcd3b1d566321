"""Arms of the comparison, each with the settings that its documentation recommends for N cores."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

ENGINES = ("noop", "hibari", "kokoro")

BARE = "two bare sessions"
"""No service at all: a pinned loop on each core, the yardstick of throughput."""

POOL = "this pool, ZeroMQ"
POOL_DERIVED = "this pool, ZeroMQ, derived model"


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Another way to serve. `directory` below benchmarks/peers has its server and versions.

    `command` follows the interpreter; `{port}` and `{workers}` are filled in. `add` is the
    signal that makes it start one worker more, or, as a string, why it cannot.
    """

    name: str
    directory: str
    command: tuple[str, ...]
    add: signal.Signals | str
    environment: Mapping[str, str] = {}
    engines: tuple[str, ...] = ENGINES
    comparable_memory: bool = True
    """Whether it keeps a worker for each core."""
    packages: tuple[str, ...]
    """What it is made of, as its requirements name them."""

    @property
    def requirements(self) -> Path:
        """The versions it is measured with."""
        return Path(__file__).parent / self.directory / "requirements.txt"


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """This product with its default settings, but both cores from the start.

    `settings` are dotted keys beside that.
    """

    name: str
    protocol: Literal["zmq", "http"]
    settings: Mapping[str, Any] = {}
    engines: tuple[str, ...] = ENGINES


Arm = Peer | Pool

_UVICORN = ("--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning")

PEERS = (
    Peer(
        name="mosec",
        directory="mosec",
        packages=("mosec",),
        command=(
            *("-m", "benchmarks.peers.mosec.server", "--address", "127.0.0.1"),
            *("--port", "{port}", "--timeout", "120000", "--log-level", "warning"),
        ),
        add="its number of processes is fixed at the start",
    ),
    Peer(
        name="FastAPI, uvicorn",
        directory="fastapi",
        packages=("fastapi", "uvicorn"),
        command=(
            *("-m", "uvicorn", "benchmarks.peers.fastapi.server:app", *_UVICORN),
            *("--workers", "{workers}", "--no-access-log"),
        ),
        add=signal.SIGTTIN,
    ),
    Peer(
        name="LitServe",
        directory="litserve",
        packages=("litserve",),
        command=("-m", "benchmarks.peers.litserve.server"),
        add="its number of processes is fixed at the start",
    ),
    Peer(
        name="Ray Serve",
        directory="ray_serve",
        packages=("ray",),
        command=("-m", "benchmarks.peers.ray_serve.server"),
        add=signal.SIGUSR1,
        environment={
            "RAY_SERVE_ENABLE_HA_PROXY": "1",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
        },
    ),
    Peer(
        name="kokoro-onnx, one session",
        directory="kokoro_onnx",
        packages=("kokoro-onnx",),
        command=(
            *("-m", "uvicorn", "benchmarks.peers.kokoro_onnx.server:app", *_UVICORN),
            "--no-access-log",
        ),
        add="it is one session in one process",
        engines=("kokoro",),
        comparable_memory=False,
    ),
)

POOLS = (
    Pool(name=POOL, protocol="zmq"),
    Pool(name="this pool, HTTP", protocol="http"),
    Pool(
        name=POOL_DERIVED,
        protocol="zmq",
        settings={"engines.kokoro.optimization": "auto"},
        engines=("kokoro",),
    ),
)


def taking_part(engine: str) -> list[Arm]:
    """The arms that can serve this engine, the pool's own last."""
    return [arm for arm in (*PEERS, *POOLS) if engine in arm.engines]

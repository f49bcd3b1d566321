"""What is spoken in the chaos run: few requests, asked for again and again.

Each has a seed, so its audio is the same whenever and wherever it is spoken; what an
undisturbed run said is kept as a digest.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from supervisor.wire import client as protocol
from tests.supervised import Wire

_SENTENCES = (
    "The wind has turned.",
    "Rain beats against the window of the lighthouse.",
    "Nobody on the pier had seen the boat come in before the lamps were lit.",
    "She counts the waves, one after the other.",
    "At last the harbour lies quiet again.",
)


class Request(NamedTuple):
    """One text for one engine."""

    name: str
    engine: str
    text: str
    seed: int


def _requests(engine: str, sentences: int, variants: int) -> list[Request]:
    found = []
    for seed in range(1, variants + 1):
        spoken = [_SENTENCES[(seed + number) % len(_SENTENCES)] for number in range(sentences)]
        found.append(Request(f"{engine}-{sentences}-{seed}", engine, " ".join(spoken), seed))
    return found


CATALOGUE: tuple[Request, ...] = (
    *_requests("noop", 1, 3),
    *_requests("noop", 60, 2),
    *_requests("storm", 1, 4),
    *_requests("storm", 8, 4),
    *_requests("storm", 40, 2),
    *_requests("hibari", 1, 3),
    *_requests("hibari", 6, 2),
)
"""Short and long, quick and slow, real speech and tones."""


def digest(audio: bytes) -> str:
    """What two equal recordings have in common, and no others."""
    return hashlib.sha256(audio).hexdigest()


def speak_all(endpoint: str) -> dict[str, str]:
    """Speak the catalogue, one request after the other; the digest of each."""
    with Wire(endpoint) as peer:
        return {request.name: _speak(peer, request) for request in CATALOGUE}


def _speak(peer: Wire, request: Request) -> str:
    message = protocol.Submit(
        request.name, engine=request.engine, seed=request.seed, credit=1 << 40
    )
    peer.send(message, request.text.encode())
    end, audio = peer.outcome()
    assert isinstance(end, protocol.End), end
    return digest(audio)


def save(digests: dict[str, str], path: Path) -> None:
    """Leave the digests for the clients."""
    path.write_text(json.dumps(digests))


def load(path: Path) -> dict[str, str]:
    """What `save` left."""
    digests: dict[str, str] = json.loads(path.read_text())
    return digests

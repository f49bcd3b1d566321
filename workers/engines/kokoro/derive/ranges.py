"""Calibration data: the values of each tensor over all voices, languages and lengths.

They are found once by `supervisor models calibrate`, and ship in `data`, one file for
each source model, named after the SHA-256 of its content.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

_SHIPPED = Path(__file__).parent / "data"


class Range(msgspec.Struct, frozen=True):
    """The input of a convolution, and each channel of its output: lowest and highest value."""

    low: float
    high: float
    channel_low: tuple[float, ...]
    channel_high: tuple[float, ...]


class Ranges(msgspec.Struct, frozen=True, kw_only=True):
    """All sites of a model, by the name of the convolution's output; and how they were found."""

    source: str
    onnxruntime: str
    voices: int
    runs: int
    audio_s: float
    sites: dict[str, Range]


def shipped(source: str) -> Ranges | None:
    """The ranges of the model with this SHA-256 that ship; None if none do."""
    path = _SHIPPED / f"{source}.json"
    return read(path) if path.is_file() else None


def read(path: Path) -> Ranges:
    """Raises OSError, or msgspec.DecodeError for another kind of file."""
    return msgspec.json.decode(path.read_bytes(), type=Ranges)


def content(ranges: Ranges) -> bytes:
    """The file's content: one line for each site."""
    head = msgspec.to_builtins(ranges)
    sites = [
        f"  {msgspec.json.encode(name).decode()}: {msgspec.json.encode(site).decode()}"
        for name, site in sorted(head.pop("sites").items())
    ]
    lines = [
        f" {msgspec.json.encode(k).decode()}: {msgspec.json.encode(v).decode()},"
        for k, v in head.items()
    ]
    return "\n".join(["{", *lines, ' "sites": {', ",\n".join(sites), " }", "}", ""]).encode()

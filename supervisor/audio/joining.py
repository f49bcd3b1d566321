"""Files of chapters joined to one of another format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import av
import numpy as np

from supervisor.audio.encoding import ffmpeg_errors
from supervisor.audio.files import AnyEncoder, open_encoder
from supervisor.audio.formats import AudioFormat, EncodingError
from supervisor.audio.samples import Samples
from supervisor.audio.tags import TaggedEncoder, can_be_tagged
from supervisor.files import replace_file


def join_chapters(
    parts: Sequence[Path], path: Path, form: AudioFormat, tags: Mapping[str, str]
) -> float:
    """Write mono FLAC files one after the other into `path`, whole or not at all; returns seconds.

    Raises OSError, EncodingError.
    """
    taken = 0
    with ffmpeg_errors(), replace_file(path, durable=True) as file:
        rate = _rate(parts[0])
        encoder: AnyEncoder
        if can_be_tagged(form) and form.rate in {None, rate}:
            encoder = TaggedEncoder(form, rate, file, tags)
        else:
            encoder = open_encoder(form, rate, file)
        for part in parts:
            for samples in _samples(part, rate):
                taken += len(samples)
                encoder.encode(samples)
        encoder.finish()
    return taken / rate


def _rate(part: Path) -> int:
    with av.open(str(part)) as source:
        rate = source.streams.audio[0].codec_context.sample_rate
    if not rate:
        raise EncodingError(f"{part.name} holds no audio")
    return rate


def _samples(part: Path, rate: int) -> Iterator[Samples]:
    with av.open(str(part)) as source:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        for frame in source.decode(audio=0):
            for piece in resampler.resample(frame):
                yield piece.to_ndarray().reshape(-1).astype(np.float32, copy=False)
